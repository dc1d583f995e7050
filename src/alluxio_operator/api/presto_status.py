"""Status of a Presto, as the operator reports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.lenient import KEPT, StatusModel
from alluxio_operator.api.roles import list_map
from alluxio_operator.api.status import Change, Inventory, OwnerStatus, RoleMemory, Short, Time


class CoordinatorStatus(StatusModel):
    """State of the coordinator."""

    ready: bool = Field(False, description="Whether it serves queries.")
    version: Short | None = Field(None, description="Version that it reports.")
    address: Short | None = Field(None, description="Address for clients within the Kubernetes cluster.")


class PrestoWorkersStatus(StatusModel):
    """State of the workers."""

    ready: int = Field(0, description="Workers whose pods are ready.")
    wanted: int = Field(0, description="Workers that should run.")
    active: int = Field(0, description="Workers that the coordinator assigns tasks to.")


class QueriesStatus(StatusModel):
    """The load, rounded down to steps of 0, 1, 2, 5, 10, 20, 50 and so on, so that few changes write the status."""

    running: int = Field(0, description="Running queries, rounded down to a step.")
    queued: int = Field(0, description="Waiting queries, rounded down to a step.")


class ScalingStatus(StatusModel):
    """The number of workers that autoscaling wants, and what it remembers for the next decision."""

    target: int = Field(description="Workers that autoscaling wants.")
    reason: Annotated[str, Field(max_length=256)] = Field(description="Why: the spec field, the schedule, or the load.")
    by_load: int = Field(0, description="Workers that the load alone needs.")
    more_since: Time | None = Field(None, description="Time since which the load needs more workers than byLoad.")
    fewer_since: Time | None = Field(None, description="Time since which fewer workers than byLoad suffice.")
    nearest_since: int = Field(0, description="Of the numbers needed since then, the one closest to byLoad.")
    next_change: Time | None = Field(None, description="When the window of a schedule opens or closes next.")


class ShutdownStatus(StatusModel):
    """Times of a graceful shutdown, derived from spec.gracefulShutdown."""

    announce_seconds: int = Field(
        description="How long a draining server waits before and after its last task, in seconds."
    )
    termination_grace_period_seconds: int = Field(description="Termination grace period of the pods, in seconds.")


class ClientImage(StatusModel):
    """The image of the AlluxioCluster, from which Presto takes its Alluxio client."""

    name: Annotated[str, Field(max_length=400)] = Field(description="Repository and tag.")
    version: Short = Field("", description="Version of the AlluxioCluster.")
    pull_policy: Annotated[Literal["Always", "IfNotPresent", "Never"], KEPT] = Field(
        "IfNotPresent", description="When the kubelet pulls the image."
    )
    pull_secrets: Annotated[tuple[Short, ...], Field(max_length=8)] = Field(
        (), description="Secrets that hold the credentials of the registry."
    )


class AlluxioStatus(StatusModel):
    """The last known connection to the cache; with it Presto keeps running when the AlluxioCluster is gone."""

    cluster: Short = Field(description="Name of the AlluxioCluster.")
    uid: Annotated[str, Field(max_length=64)] = Field("", description="Its uid.")
    properties: Mapping[str, Annotated[str, Field(max_length=4096)]] = Field(
        {}, description="Properties of Alluxio's client.", max_length=256
    )
    sockets: Annotated[str, Field(max_length=512)] | None = Field(
        None, description="Folder of the nodes with the domain sockets of Alluxio's workers."
    )
    client_image: ClientImage | None = Field(
        None, description="The image of the AlluxioCluster, from which Presto takes its Alluxio client."
    )


class PrestoStatus(OwnerStatus):
    """Observed state of a Presto cluster."""

    coordinator: CoordinatorStatus = Field(CoordinatorStatus(), description="The coordinator.")
    workers: PrestoWorkersStatus = Field(PrestoWorkersStatus(), description="The workers.")
    queries: QueriesStatus = Field(QueriesStatus(), description="The load.")
    autoscaling: ScalingStatus | None = Field(None, description="The number of workers that autoscaling wants.")
    graceful_shutdown: ShutdownStatus | None = Field(None, description="Times of a graceful shutdown.")
    alluxio: AlluxioStatus | None = Field(None, description="Connection to the cache.")
    memory: Annotated[tuple[RoleMemory, ...], Field(max_length=16, json_schema_extra=list_map("role"))] = Field(
        (), description="Memory layout of each server."
    )
    hash_baseline: Annotated[Mapping[Short, Short], Field(max_length=4)] | None = Field(
        None,
        description="By role, a digest of values that the hash of its pods leaves out until one of them changes, since "
        "an older operator made the pods without hashing them. Empty: the hash covers all values.",
    )
    history: Annotated[tuple[Change, ...], Field(max_length=10)] = Field((), description="The latest changes.")
    layer: Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        description="Furthest layer that was ever reached: 1 configuration, 2 coordinator, 3 workers, 4 Services.",
    )
    inventory: Inventory = ()
