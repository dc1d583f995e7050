"""Status of a Presto: what the operator found out, in the form in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from alluxio_operator.api.base import Model
from alluxio_operator.api.roles import list_map
from alluxio_operator.api.status import Change, Inventory, OwnerStatus, RoleMemory, Short


class CoordinatorStatus(Model):
    """What is known of the coordinator."""

    ready: bool = Field(False, description="Whether it serves queries.")
    version: Short | None = Field(None, description="Version of Presto that it reports.")
    address: Short | None = Field(None, description="Where clients reach it within the Kubernetes cluster.")


class PrestoWorkersStatus(Model):
    """What is known of the workers."""

    ready: int = Field(0, description="Workers whose pods are ready.")
    wanted: int = Field(0, description="Workers that should run.")
    active: int = Field(0, description="Workers to which the coordinator hands work.")


class QueriesStatus(Model):
    """How much there is to do, by steps: 0, 1, 2, 5, 10, 20, 50 and so on, so that the status isn't written all the
    time.
    """

    running: int = Field(0, description="Queries that run, rounded down to a step.")
    queued: int = Field(0, description="Queries that wait, rounded down to a step.")


class ScalingStatus(Model):
    """The number of workers that autoscaling wants, and what it takes to get at the next one."""

    target: int = Field(description="Workers that autoscaling wants.")
    reason: Annotated[str, Field(max_length=256)] = Field(description="What asks for so many.")
    by_load: int = Field(0, description="Workers for the load alone.")
    more_since: Short | None = Field(None, description="Since when the load asks for more workers than byLoad.")
    fewer_since: Short | None = Field(None, description="Since when fewer workers than byLoad suffice for the load.")
    nearest_since: int = Field(0, description="Of the numbers asked for since then, the one that changes least.")
    next_change: Short | None = Field(None, description="When a schedule's window opens or closes next.")


class ShutdownStatus(Model):
    """How servers leave, as it follows from gracefulShutdown."""

    announce_seconds: int = Field(
        description="How long a server that leaves goes on before and after its last task, so that all others know."
    )
    termination_grace_period_seconds: int = Field(description="The pods' termination grace period.")


class AlluxioStatus(Model):
    """How the cache is reached; kept, so that Presto goes on when the cluster's resource is gone."""

    cluster: Short = Field(description="The AlluxioCluster.")
    uid: Annotated[str, Field(max_length=64)] = Field("", description="Its uid.")
    properties: Mapping[str, Annotated[str, Field(max_length=4096)]] = Field(
        {}, description="Properties of Alluxio's client.", max_length=256
    )
    sockets: Annotated[str, Field(max_length=512)] | None = Field(
        None, description="Folder of the nodes with the domain sockets of its workers."
    )


class PrestoStatus(OwnerStatus):
    """State of a Presto cluster."""

    coordinator: CoordinatorStatus = Field(CoordinatorStatus(), description="The coordinator.")
    workers: PrestoWorkersStatus = Field(PrestoWorkersStatus(), description="The workers.")
    queries: QueriesStatus = Field(QueriesStatus(), description="How much there is to do.")
    autoscaling: ScalingStatus | None = Field(None, description="What autoscaling wants.")
    graceful_shutdown: ShutdownStatus | None = Field(None, description="How servers leave.")
    alluxio: AlluxioStatus | None = Field(None, description="How the cache is reached.")
    memory: Annotated[tuple[RoleMemory, ...], Field(max_length=16, json_schema_extra=list_map("role"))] = Field(
        (), description="How the memory of each server is divided."
    )
    history: Annotated[tuple[Change, ...], Field(max_length=10)] = Field((), description="The last changes.")
    layer: Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        description="How far the installation ever got: 1 configuration, 2 coordinator, 3 workers, 4 Services.",
    )
    inventory: Inventory = ()
