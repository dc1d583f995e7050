"""Status of an AlluxioCluster: the observed state, as users see it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.at_risk import AtRiskStatus
from alluxio_operator.api.backups import BackupsStatus, DrillsStatus
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.api.lenient import KEPT, KEPT_NUMBER, SIZE, StatusModel
from alluxio_operator.api.removal import RemovalStatus
from alluxio_operator.api.roles import list_map
from alluxio_operator.api.status import Change, Inventory, OperationStatus, OwnerStatus, RoleMemory, Short, Time


class RejoinStatus(StatusModel):
    """A master that lost its journal and may rejoin. The operator records it before it annotates the pod."""

    pod: Short = Field(description="Pod of the master.")
    uid: Annotated[str, Field(max_length=64)] = Field(
        description="The pod's uid: the permission holds for this pod only."
    )
    index: int = Field(
        description="The leader's journal index at that time. A majority of the other masters must reach it first."
    )


class LostVolume(StatusModel):
    """The volume of a master that is lost for good. The operator records it before it deletes the PVC."""

    pod: Short = Field(description="Pod of the master.")
    claim_uid: Annotated[str, Field(max_length=64)] = Field(description="The PVC's uid: no other PVC is deleted.")
    since: Time = Field(description="Time at which the operator first saw the loss (RFC 3339).")
    index: int | None = Field(
        None, description="The leader's journal index then. A majority, among the other masters, must have reached it."
    )
    deleting: bool = Field(False, description="True once the operator deletes the PVC.")


class MembersChange(StatusModel):
    """A change of the number of masters, recorded before each of its steps. One master joins or leaves at a time."""

    to: Annotated[Literal[1, 3, 5], KEPT_NUMBER] = Field(description="Number of masters in the spec.")
    members: Annotated[int, Field(ge=1, le=5)] = Field(
        description="Number of masters that the leader has confirmed as members of the quorum: those with the lowest "
        "ordinals."
    )
    state: Annotated[Literal["Preparing", "Joining", "Leading", "Leaving", "Stopping"], KEPT] = Field(
        description="Preparing: a Job gives the next master an empty journal. Joining: the master starts and catches "
        "up. Leading: all have joined; once they run the current spec, the lead goes back to the first one, which "
        "every client knows. Leaving: the leader removes the last master from the quorum. Stopping: the removed "
        "master's pod ends."
    )
    operation: Annotated[str, Field(max_length=32)] = Field(description="Identifier, part of the names of the Jobs.")
    since: Time = Field(description="Start of the step (RFC 3339).")
    index: int | None = Field(
        None, description="Joining: the leader's journal index when it first had the master. The master must reach it."
    )
    version: Short = Field(
        "", description="Version of Alluxio that all masters run: they keep it until the change is complete."
    )
    image: Short = Field("", description="Image of that version.")
    retried: Time | None = Field(
        None, description="Time of the last repetition: a restart of a master that the leader doesn't have (RFC 3339)."
    )


class JournalStatus(StatusModel):
    """Record of the journal's one initialisation."""

    state: Annotated[Literal["Initializing", "Initialized"], KEPT] = Field(
        description="Initializing: one Job may create the journal. Initialized: the operator never creates it again."
    )
    operation: Annotated[str, Field(max_length=32)] = Field(description="Identifier of the one initialisation.")
    members: Annotated[Literal[1, 3, 5], KEPT_NUMBER] = Field(
        1, description="Number of masters in the journal's quorum. During a change, the number before it."
    )
    hosts: Annotated[Literal["Pod", "Service"], KEPT] | None = Field(
        None,
        description="Names by which the quorum knows its members: of their pods, or of a Service for each. Empty in a "
        "record of an earlier version: a single master by its pod, several by their Services.",
    )
    change: MembersChange | None = Field(None, description="A change of the number of masters.")
    lost: LostVolume | None = Field(None, description="The volume of a master that is lost for good.")
    rejoin: RejoinStatus | None = Field(None, description="A master that rejoins without its journal.")


class HungMaster(StatusModel):
    """A master that doesn't finish its startup. The operator records it before it restarts the master."""

    pod: Short = Field(description="Pod of the master.")
    uid: Annotated[str, Field(max_length=64)] = Field(description="The pod's uid.")
    restarts: int = Field(0, description="Restart count of its container.")
    index: int | None = Field(None, description="Its journal index, if it reports one: it rises during a catch-up.")
    since: Time = Field(description="Time since which it has made no progress (RFC 3339).")
    restarting: bool = Field(False, description="True once the operator deletes the pod.")


class ReplacedPod(StatusModel):
    """One pod that a rollout replaces."""

    name: Short = Field(description="Name of the pod.")
    uid: Annotated[str, Field(max_length=64)] = Field(
        description="The pod's uid: a pod with the same name and another uid is the replacement."
    )
    node: Short = Field("", description="Its node: a DaemonSet creates the replacement there, with another name.")


class RolloutStatus(StatusModel):
    """The rollout's current step. The operator records it before it deletes the first pod."""

    role: Annotated[str, Field(max_length=32)] = Field(description="Role of the pods.")
    pods: Annotated[tuple[ReplacedPod, ...], Field(max_length=100, json_schema_extra=list_map("name"))] = Field(
        description="The pods that the step replaces."
    )
    since: Time = Field(description="Start of the step (RFC 3339).")
    canary: bool = Field(False, description="True for the first worker, after which the others wait canarySeconds.")
    hash: Annotated[str, Field(max_length=64)] = Field(
        "", description="Config hash that the replacements are to run; empty in a record of an earlier version."
    )
    failed_before: bool = Field(
        False, description="True if the pods failed with the last good spec, too: then nothing rolls back."
    )


class UpgradeBackup(StatusModel):
    """The AlluxioBackup that masters wait for before they change their version."""

    from_: Short = Field(alias="from", description="Version that the masters run.")
    to: Short = Field(description="Version that the masters will run.")
    name: Short = Field(
        "", description="Name of the AlluxioBackup; empty in a record of an earlier version of the operator."
    )
    state: Annotated[Literal["Requested", "Running", "Completed", "Failed"], KEPT] = Field(
        description="State of the backup; Requested until the AlluxioBackup exists."
    )
    since: Time = Field(description="Time since which the backup is in this state (RFC 3339).")
    requested: Time | None = Field(None, description="Time of the request (RFC 3339), which is a part of the name.")
    attempts: int = Field(1, description="Number of AlluxioBackups that the operator has requested, one after another.")
    message: Annotated[str, Field(max_length=512)] = Field("", description="Why the AlluxioBackup can't be created.")
    retry_at: Time | None = Field(None, description="Time of the next attempt (RFC 3339).")


class GoodSpec(StatusModel):
    """The last spec with which the cluster was Ready; a ControllerRevision holds it."""

    revision: Short = Field(description="Name of the ControllerRevision.")
    generation: int = Field(description="Generation of the resource that had this spec.")


class RollbackStatus(StatusModel):
    """An automatic rollback: the spec failed, and the operator applies the last good one."""

    generation: int = Field(description="Generation of the spec that failed.")
    to: GoodSpec = Field(description="The spec that the operator applies instead.")
    since: Time = Field(description="Start of the rollback (RFC 3339).")
    message: Annotated[str, Field(max_length=1024)] = Field("", description="The failure.")


class DynamicProperties(StatusModel):
    """Properties applied dynamically to the leading master, and the process that has them."""

    pod: Short = Field(description="Pod of the leading master.")
    uid: Annotated[str, Field(max_length=64)] = Field(description="The pod's uid.")
    restarts: int = Field(
        0,
        description="Restart count of the container at that time: the operator applies the properties again after a "
        "restart.",
    )
    properties: Annotated[dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=64)] = Field(
        {},
        description="Properties of the process. A property that the spec no longer has is reset to Alluxio's default.",
    )


class VolumeStatus(StatusModel):
    """The volumes that share one size field of the spec."""

    name: Annotated[str, Field(max_length=32)] = Field(
        description="One of journal, logs, root-mount, and tier-NAME for each tier, such as tier-ssd."
    )
    wanted: Annotated[str, Field(max_length=32), SIZE] = Field(description="Size in the spec that was applied last.")
    size: Annotated[str, Field(max_length=32), SIZE] = Field(description="Size that each volume has at least.")
    quota: Annotated[str, Field(max_length=32), SIZE] | None = Field(
        None,
        description="For a tier: the quota that workers are configured with. It follows the spec once the volumes are "
        "large enough.",
    )


class ClaimStatus(StatusModel):
    """A PVC that was bound to a volume. The operator recognises the loss of the volume by this record."""

    name: Short = Field(description="Name of the PVC.")
    volume: Annotated[str, Field(max_length=32)] = Field(
        description="One of journal, logs, root-mount, and tier-NAME for each tier, such as tier-ssd."
    )
    uid: Annotated[str, Field(max_length=64)] = Field(
        "", description="The PVC's uid; empty if the PVC was lost before the operator recorded PVCs."
    )
    persistent_volume: Short = Field("", description="Name of the PersistentVolume.")
    replaced: Time | None = Field(
        None,
        description="Time at which the operator found this volume in place of a lost one (RFC 3339). It drops the time "
        "an hour later.",
    )


class RecreatingStatus(StatusModel):
    """A StatefulSet that is being recreated for another volume size; its pods keep running."""

    name: Short = Field(description="Name of the StatefulSet.")
    uid: Annotated[str, Field(max_length=64)] = Field(
        description="Its uid, recorded before the deletion: a StatefulSet with another uid is the new one."
    )


class MemberStatus(StatusModel):
    """One master, as it reports itself."""

    name: Short = Field(description="Pod of the master.")
    role: Annotated[Literal["Leader", "Standby", "Down"], KEPT] = Field(
        description="Leader; Standby: follows the leader and can take over; Down: doesn't answer, or isn't in the "
        "quorum."
    )
    message: Annotated[str, Field(max_length=512)] = Field(
        "", description="Why the master is Down, or doesn't serve yet."
    )
    journal_free_percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None,
        description="Free space on the master's journal volume in percent, only while it is low. A master that doesn't "
        "answer keeps its last value.",
    )


class MastersStatus(StatusModel):
    """Observed state of the masters."""

    ready: int = Field(0, description="Masters whose pods are ready.")
    wanted: int = Field(0, description="Masters that should run.")
    leader: Short | None = Field(None, description="Pod of the leading master.")
    quorum: Annotated[str, Field(max_length=16)] | None = Field(
        None, description="Masters in the quorum, of all that the journal was created for, such as 3/3."
    )
    members: Annotated[tuple[MemberStatus, ...], Field(max_length=5, json_schema_extra=list_map("name"))] = Field(
        (), description="State of each master."
    )
    version: Short | None = Field(None, description="Version of Alluxio that the leader reports, or reported last.")


class WorkersStatus(StatusModel):
    """Observed state of the workers."""

    ready: int = Field(0, description="Workers whose pods are ready.")
    wanted: int = Field(0, description="Workers that should run.")
    live: int = Field(0, description="Workers with a pod that send heartbeats to the leading master.")
    lost: int = Field(0, description="Workers with a pod that were registered and send no heartbeat.")
    leaving: int = Field(
        0, description="Workers that stopped or are stopping, and that the leading master still counts."
    )
    capacity: Annotated[str, Field(max_length=32)] | None = Field(
        None, description="Capacity of the live workers' cache."
    )
    used_percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="Used share of the cache, in steps of 5 percent; the exact value is a metric."
    )


class FuseStatus(StatusModel):
    """Observed state of the FUSE mounts."""

    ready: int = Field(0, description="Nodes on which the mount answers.")
    wanted: int = Field(0, description="Nodes that should have the mount.")


class WriteProof(StatusModel):
    """The last test write of a leading master to the root mount."""

    result: Annotated[Literal["Writable", "NotWritable", "NoAnswer", "Forbidden", "LoginRefused"], KEPT] = Field(
        description="Result of the test write. Forbidden: Alluxio didn't try, because its own permissions refuse the "
        "operator's user. LoginRefused: the leading master refuses the operator's login or connection."
    )
    leader: Annotated[str, Field(max_length=128)] = Field(description="The master's process: pod uid and restarts.")
    checked: Time = Field(description="Time of the test write (RFC 3339).")
    failures: Annotated[int, Field(ge=0)] = Field(0, description="Test writes that failed since the last success.")
    proven: bool = Field(False, description="True once a test write has succeeded.")
    leftover: Annotated[str, Field(max_length=64)] = Field(
        "", description="Folder of a test write that Alluxio created and couldn't delete; the next one deletes it."
    )
    message: Annotated[str, Field(max_length=512)] = Field("", description="Alluxio's error.")


class ClusterStatus(OwnerStatus):
    """Observed state of the cluster."""

    masters: MastersStatus = Field(MastersStatus(), description="The masters.")
    workers: WorkersStatus = Field(WorkersStatus(), description="The workers.")
    at_risk: AtRiskStatus | None = Field(
        None, description="Data that single workers hold, unless spec.workers.atRiskIntervalMinutes is 0."
    )
    removal: RemovalStatus | None = Field(None, description="The worker that is being removed.")
    fuse: FuseStatus | None = Field(None, description="The FUSE mounts, if the spec enables them.")
    journal: JournalStatus | None = Field(None, description="The journal.")
    restore: RestoreStatus | None = Field(None, description="The restore with which the cluster began, if it did.")
    restore_in_place: RestoreInPlaceStatus | None = Field(None, description="The last restore in place.")
    hung_master: HungMaster | None = Field(None, description="A master that doesn't finish its startup.")
    write_proof: WriteProof | None = Field(None, description="The last test write to the root mount.")
    memory: Annotated[tuple[RoleMemory, ...], Field(max_length=16, json_schema_extra=list_map("role"))] = Field(
        (), description="Memory layout of each process."
    )
    restarts: Annotated[dict[str, Short], Field(max_length=16)] = Field(
        {}, description="By role, the last restart requested by annotation; removing the annotation keeps it here."
    )
    rollout: RolloutStatus | None = Field(None, description="The rollout's current step.")
    last_good_spec: GoodSpec | None = Field(None, description="The last spec with which the cluster was Ready.")
    rollback: RollbackStatus | None = Field(
        None, description="The automatic rollback in effect. The next edit of the spec ends it."
    )
    upgrade_backup: UpgradeBackup | None = Field(None, description="The last pre-upgrade backup.")

    backups: BackupsStatus | None = Field(None, description="The cluster's backups, if the spec has schedules.")
    drills: DrillsStatus | None = Field(None, description="The cluster's drills, if the spec has a schedule of them.")
    dynamic_properties: DynamicProperties | None = Field(
        None, description="Properties applied dynamically to the leading master."
    )
    volumes: Annotated[tuple[VolumeStatus, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = Field(
        (), description="Sizes of the volumes."
    )
    claims: Annotated[tuple[ClaimStatus, ...], Field(max_length=256, json_schema_extra=list_map("name"))] = Field(
        (),
        description="PVCs that hold data, with the volume that each was bound to. The operator never creates another "
        "volume for the root mount in place of one in this list.",
    )
    recreating: Annotated[tuple[RecreatingStatus, ...], Field(max_length=4, json_schema_extra=list_map("name"))] = (
        Field((), description="StatefulSets that are being recreated while their pods keep running.")
    )
    operations: Annotated[tuple[OperationStatus, ...], Field(max_length=8, json_schema_extra=list_map("name"))] = Field(
        (), description="Disruptive operations: one acts, the others wait for it. Empty if there is none."
    )
    history: Annotated[tuple[Change, ...], Field(max_length=16)] = Field((), description="The latest changes.")
    layer: Annotated[int, Field(ge=0, le=3)] = Field(
        0,
        description="Highest layer that the installation ever reached: 1 configuration and storage, 2 workloads, "
        "3 Services.",
    )
    inventory: Inventory = ()
