"""Status of an AlluxioCluster: what the operator found out, in the form in which it is shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model
from alluxio_operator.api.roles import list_map
from alluxio_operator.api.status import Change, Inventory, OperationStatus, OwnerStatus, RoleMemory, Short


class RejoinStatus(Model):
    """One master that lost its journal and is permitted to join again; recorded before its pod is told."""

    pod: Short = Field(description="Its pod.")
    uid: Annotated[str, Field(max_length=64)] = Field(
        description="The pod's uid: the permission is for this very pod and ends with it."
    )
    index: int = Field(
        description="Index in the journal that a majority of the other masters must have reached: where the leader was."
    )


class JournalStatus(Model):
    """Whether the masters' journal was ever initialised, and by which operation."""

    state: Literal["Initializing", "Initialized"] = Field(
        description="Initializing: one Job may create the journal. Initialized: never again."
    )
    operation: Annotated[str, Field(max_length=32)] = Field(description="Identifies the one initialisation.")
    members: Literal[1, 3, 5] = Field(1, description="Number of masters that the journal was made for.")
    rejoin: RejoinStatus | None = Field(None, description="A master that is about to join again without its journal.")


class ReplacedPod(Model):
    """One pod that is replaced."""

    name: Short = Field(description="Its name.")
    uid: Annotated[str, Field(max_length=64)] = Field(description="Its uid: another pod of this name is a new one.")


class RolloutStatus(Model):
    """The pods that are being replaced; recorded before the first of them is deleted."""

    role: Annotated[str, Field(max_length=32)] = Field(description="Their role.")
    pods: Annotated[tuple[ReplacedPod, ...], Field(max_length=100, json_schema_extra=list_map("name"))] = Field(
        description="The pods."
    )
    since: Short = Field(description="Since when (RFC 3339).")
    canary: bool = Field(False, description="Whether it is the first worker of all, after which the others wait.")


class UpgradeBackup(Model):
    """The backup of the journal that is taken before masters change their version."""

    from_: Short = Field(alias="from", description="Version of the masters.")
    to: Short = Field(description="Version that they are to have.")
    state: Literal["Requested", "Running", "Completed", "Failed"] = Field(description="How it stands.")
    since: Short = Field(description="Since when it is Requested, Completed or Failed (RFC 3339).")
    id: Annotated[str, Field(max_length=64)] = Field("", description="By which Alluxio knows it.")
    uri: Annotated[str, Field(max_length=1024)] = Field("", description="Where it is, once it is Completed.")
    entries: int = Field(0, description="Entries of the journal that it holds.")
    message: Annotated[str, Field(max_length=512)] = Field("", description="What keeps it from being made.")


class GoodSpec(Model):
    """The last spec by which the cluster was Ready; it is kept in a ControllerRevision."""

    revision: Short = Field(description="The ControllerRevision.")
    generation: int = Field(description="Generation of the resource that had it.")


class RollbackStatus(Model):
    """The spec didn't work, and the last good one is followed in its place."""

    generation: int = Field(description="Generation of the spec that is not followed.")
    to: GoodSpec = Field(description="What is followed instead.")
    since: Short = Field(description="Since when (RFC 3339).")
    message: Annotated[str, Field(max_length=1024)] = Field("", description="What failed.")


class DynamicProperties(Model):
    """Properties that are set while a master runs, and the process that has them."""

    pod: Short = Field(description="The leading master's pod.")
    uid: Annotated[str, Field(max_length=64)] = Field(description="The pod's uid.")
    restarts: int = Field(0, description="How often its container had been restarted: another process is told anew.")
    properties: Annotated[dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=64)] = Field(
        {}, description="What it has; those that are no longer in the spec are as Alluxio has them by itself."
    )


class VolumeStatus(Model):
    """The volumes that are made by one size in the spec."""

    name: Annotated[str, Field(max_length=32)] = Field(
        description="One of journal, logs, root-mount, or tier- with the name of a tier behind it."
    )
    wanted: Annotated[str, Field(max_length=32)] = Field(description="The size in the spec that was followed last.")
    size: Annotated[str, Field(max_length=32)] = Field(description="What each of the volumes has, or more.")
    quota: Annotated[str, Field(max_length=32)] | None = Field(
        None, description="Of a tier: the quota that workers are told. It follows the spec's once the volumes have it."
    )


class RecreatingStatus(Model):
    """One StatefulSet that is made anew, for volumes of another size; its pods live on."""

    name: Short = Field(description="Its name.")
    uid: Annotated[str, Field(max_length=64)] = Field(
        description="Its uid, on record before it is deleted: another one of this name is the new one."
    )


class MemberStatus(Model):
    """What one master says of itself."""

    name: Short = Field(description="Its pod.")
    role: Literal["Leader", "Standby", "Down"] = Field(
        description="Leader; Standby: it follows and takes over; Down: it doesn't answer, or has no part in the quorum."
    )
    message: Annotated[str, Field(max_length=512)] = Field("", description="Why it is Down, or doesn't serve yet.")


class MastersStatus(Model):
    """What is known of the masters."""

    ready: int = Field(0, description="Masters whose pods are ready.")
    wanted: int = Field(0, description="Masters that should run.")
    leader: Short | None = Field(None, description="Pod of the leading master.")
    quorum: Annotated[str, Field(max_length=16)] | None = Field(
        None, description="Masters that lead or follow, of all that the journal was made for, such as 3/3."
    )
    members: Annotated[tuple[MemberStatus, ...], Field(max_length=5, json_schema_extra=list_map("name"))] = Field(
        (), description="Each master."
    )
    version: Short | None = Field(None, description="Version of Alluxio that the leader reports.")


class WorkersStatus(Model):
    """What is known of the workers."""

    ready: int = Field(0, description="Workers whose pods are ready.")
    wanted: int = Field(0, description="Workers that should run.")
    live: int = Field(0, description="Workers that the leading master counts as live.")
    lost: int = Field(0, description="Workers that the leading master has lost.")
    capacity: Annotated[str, Field(max_length=32)] | None = Field(None, description="What the cache can hold.")
    used_percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="How full the cache is, in steps of 5 percent; the exact value is a metric."
    )


class FuseStatus(Model):
    """What is known of the FUSE mounts."""

    ready: int = Field(0, description="Nodes on which the mount answers.")
    wanted: int = Field(0, description="Nodes that should have the mount.")


class ClusterStatus(OwnerStatus):
    """State of the whole cluster."""

    masters: MastersStatus = Field(MastersStatus(), description="The masters.")
    workers: WorkersStatus = Field(WorkersStatus(), description="The workers.")
    fuse: FuseStatus | None = Field(None, description="The FUSE mounts, where there are to be any.")
    journal: JournalStatus | None = Field(None, description="The journal.")
    memory: Annotated[tuple[RoleMemory, ...], Field(max_length=16, json_schema_extra=list_map("role"))] = Field(
        (), description="How the memory of each process is divided."
    )
    restarts: Annotated[dict[str, Short], Field(max_length=16)] = Field(
        {}, description="By role, the restart that was asked for last; it stays when the annotation goes."
    )
    rollout: RolloutStatus | None = Field(
        None, description="The pods that are being replaced, to run what the spec says."
    )
    last_good_spec: GoodSpec | None = Field(None, description="The last spec by which the cluster was Ready.")
    rollback: RollbackStatus | None = Field(
        None, description="The spec of which the operator went back to the last good one; another edit ends it."
    )
    upgrade_backup: UpgradeBackup | None = Field(
        None, description="The last backup that was taken before masters changed their version."
    )

    dynamic_properties: DynamicProperties | None = Field(
        None, description="Properties that the leading master was told while it ran."
    )
    volumes: Annotated[tuple[VolumeStatus, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = Field(
        (), description="The sizes of the volumes."
    )
    recreating: Annotated[tuple[RecreatingStatus, ...], Field(max_length=4, json_schema_extra=list_map("name"))] = (
        Field((), description="StatefulSets that are being recreated while their pods live on.")
    )
    operations: Annotated[tuple[OperationStatus, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = Field(
        (), description="Operations that disrupt the cluster: one acts, the others wait for it. Empty at rest."
    )
    history: Annotated[tuple[Change, ...], Field(max_length=16)] = Field((), description="The last changes.")
    layer: Annotated[int, Field(ge=0, le=3)] = Field(
        0,
        description="How far the installation ever got: 1 configuration and storage, 2 workloads, 3 Services.",
    )
    inventory: Inventory = ()
