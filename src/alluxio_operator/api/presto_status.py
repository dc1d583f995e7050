"""Status of a Presto: the observed state, as users see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from alluxio_operator.api.base import Model
from alluxio_operator.api.roles import list_map
from alluxio_operator.api.status import Change, Inventory, OwnerStatus, RoleMemory, Short


class CoordinatorStatus(Model):
    """Observed state of the coordinator."""

    ready: bool = Field(False, description="True if the coordinator serves queries.")
    version: Short | None = Field(None, description="Version that the coordinator reports.")
    address: Short | None = Field(None, description="Address for clients within the Kubernetes cluster.")


class PrestoWorkersStatus(Model):
    """Observed state of the workers."""

    ready: int = Field(0, description="Workers whose pods are ready.")
    wanted: int = Field(0, description="Workers that should run.")
    active: int = Field(0, description="Workers that the coordinator assigns tasks to.")


class QueriesStatus(Model):
    """Query load in steps of 0, 1, 2, 5, 10, 20, 50 and so on, so that the status changes seldom."""

    running: int = Field(0, description="Running queries, rounded down to a step.")
    queued: int = Field(0, description="Queued queries, rounded down to a step.")


class ScalingStatus(Model):
    """The autoscaling target, and the progress towards the next one."""

    target: int = Field(description="Number of workers that autoscaling set.")
    reason: Annotated[str, Field(max_length=256)] = Field(description="Why autoscaling chose the target.")
    by_load: int = Field(0, description="Number of workers for the load alone.")
    more_since: Short | None = Field(
        None, description="Time since which the load needs more workers than byLoad (RFC 3339)."
    )
    fewer_since: Short | None = Field(
        None, description="Time since which the load needs fewer workers than byLoad (RFC 3339)."
    )
    nearest_since: int = Field(0, description="Of the numbers needed since then, the one closest to byLoad.")
    next_change: Short | None = Field(
        None, description="Time at which a schedule's window opens or closes next (RFC 3339)."
    )


class ShutdownStatus(Model):
    """Times of the graceful shutdown, derived from gracefulShutdown."""

    announce_seconds: int = Field(
        description="Seconds that a stopping server waits before and after its last task, so that all other servers "
        "notice."
    )
    termination_grace_period_seconds: int = Field(description="The pods' termination grace period.")


class AlluxioStatus(Model):
    """Access to the Alluxio cluster, recorded so that Presto keeps running without the AlluxioCluster resource."""

    cluster: Short = Field(description="Name of the AlluxioCluster.")
    uid: Annotated[str, Field(max_length=64)] = Field("", description="Uid of the AlluxioCluster.")
    properties: Mapping[str, Annotated[str, Field(max_length=4096)]] = Field(
        {}, description="Properties of Alluxio's client.", max_length=256
    )
    sockets: Annotated[str, Field(max_length=512)] | None = Field(
        None, description="Folder on the nodes with the domain sockets of the Alluxio workers."
    )


class PrestoStatus(OwnerStatus):
    """Observed state of a Presto cluster."""

    coordinator: CoordinatorStatus = Field(CoordinatorStatus(), description="The coordinator.")
    workers: PrestoWorkersStatus = Field(PrestoWorkersStatus(), description="The workers.")
    queries: QueriesStatus = Field(QueriesStatus(), description="Query load.")
    autoscaling: ScalingStatus | None = Field(None, description="The autoscaling target.")
    graceful_shutdown: ShutdownStatus | None = Field(None, description="Times of the graceful shutdown.")
    alluxio: AlluxioStatus | None = Field(None, description="Access to the Alluxio cluster.")
    memory: Annotated[tuple[RoleMemory, ...], Field(max_length=16, json_schema_extra=list_map("role"))] = Field(
        (), description="Memory layout of each server."
    )
    history: Annotated[tuple[Change, ...], Field(max_length=10)] = Field((), description="The latest changes.")
    layer: Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        description="Highest layer that the installation ever reached: 1 configuration, 2 coordinator, 3 workers, "
        "4 Services.",
    )
    inventory: Inventory = ()
