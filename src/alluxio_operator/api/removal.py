"""Removal of workers: settings in the spec, and the record in the status."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model
from alluxio_operator.api.lenient import KEPT, StatusModel
from alluxio_operator.api.status import Short, Time

Count = Annotated[int, Field(ge=0)]


class WorkerRemoval(Model):
    """What happens to the data of a StatefulSet's worker before the worker is removed."""

    policy: Literal["Migrate", "None"] = Field(
        "None",
        description="Migrate, a preview (docs/removing-workers.md): when replicas is lowered, the operator copies data "
        "that only the removed worker has, and that no UFS has, to workers that stay; it removes the worker once the "
        "leading master shows the copies. None: the worker is removed at once, and such data is lost.",
    )
    deadline_seconds: Annotated[int, Field(ge=60, le=86400)] = Field(
        1800, description="Seconds for the removal of one worker, after which onDeadline applies."
    )
    on_deadline: Literal["Keep", "Remove"] = Field(
        "Keep",
        description="Keep: the worker stays until its data is safe, and condition WorkersRemoved reports it. Remove: "
        "the operator removes the worker all the same and reports what was lost.",
    )
    stall_seconds: Annotated[int, Field(ge=30, le=86400)] = Field(
        300, description="Seconds without progress after which condition WorkersRemoved reports Stalled."
    )
    leave_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        120,
        description="Seconds for which a decommissioned worker serves on before the last check for new data on it. "
        "Alluxio's clients renew their list of workers every 2 minutes (alluxio.user.worker.list.refresh.interval).",
    )


class RemovalProof(StatusModel):
    """Why the worker could be removed, or what its removal lost."""

    at: Time = Field(description="Time of the proof (RFC 3339).")
    complete: bool = Field(True, description="False if the deadline came first: the data below is lost.")
    leader: Annotated[str, Field(max_length=256)] = Field("", description="The leading master that proved it.")
    lost_files: Count = Field(0, description="Files that lost data with the worker.")
    lost_bytes: Count = Field(0, description="Bytes of these files that only the worker had.")
    lost_paths: Annotated[tuple[Annotated[str, Field(max_length=512)], ...], Field(max_length=10)] = Field(
        (), description="The first of these files."
    )


class RemovalStatus(StatusModel):
    """The worker that is being removed. The operator records each state before its side effects."""

    worker: Short = Field(description="Pod of the worker.")
    uid: Annotated[str, Field(max_length=64)] = Field(description="The pod's uid: the record holds for this pod only.")
    host: Short = Field("", description="Host under which the leading master knows the worker.")
    node: Short = Field("", description="Node of the pod.")
    restarts: int = Field(0, description="Restart count of the pod's containers: a restarted worker registers again.")
    operation: Annotated[str, Field(max_length=32)] = Field(description="Identifier of this removal.")
    state: Annotated[Literal["Copying", "Leaving", "Proven", "Removing", "Returning"], KEPT] = Field(
        description="Copying: data that only this worker has goes to workers that stay. Leaving: the leading master "
        "has decommissioned the worker, and what was written to it last is copied. Proven: nothing is left that only "
        "this worker has. Removing: the StatefulSet is scaled in. Returning: the removal was cancelled after the "
        "worker was decommissioned, and its pod restarts once nothing can be lost by that."
    )
    barrier: Annotated[Literal["Decommission", "None"], KEPT] = Field(
        "Decommission",
        description="Decommission: clients place no new data on the worker while it leaves. None: Alluxio 2.9.3 can't "
        "do that, and data that is written to the worker in its last seconds can be lost.",
    )
    since: Time = Field(description="Start of the removal (RFC 3339).")
    state_since: Time = Field(description="Start of the state (RFC 3339).")
    deadline: Time = Field(description="Time at which spec.workers.removal.onDeadline applies (RFC 3339).")
    leader: Annotated[str, Field(max_length=256)] = Field(
        "", description="The leading master that was asked to decommission the worker."
    )
    left_at: Time | None = Field(
        None, description="Time at which that master first reported the worker as decommissioned (RFC 3339)."
    )
    clean_at: Time | None = Field(
        None, description="Time at which the last listing that counts found nothing left (RFC 3339)."
    )
    clean_listings: Count = Field(
        0, description="Copying: listings without interruption that found nothing left, as far as they count."
    )
    accounted: bool = Field(
        False, description="True once a listing found all bytes that the leading master counts on the worker."
    )
    left_files: Count = Field(0, description="Files with data that is still to be copied.")
    left_blocks: Count = Field(0, description="Blocks that are still to be copied.")
    left_bytes: Count = Field(0, description="Bytes that are still to be copied.")
    lowest: Count = Field(0, description="Fewest bytes so far that were still to be copied.")
    progress_at: Time = Field(description="Time of the last progress (RFC 3339).")
    moved_blocks: Count = Field(0, description="Blocks that were copied.")
    moved_bytes: Count = Field(0, description="Bytes that were copied.")
    refusal: Annotated[str, Field(max_length=256)] = Field("", description="Why the last copy failed.")
    proof: RemovalProof | None = Field(None, description="Why the worker may go, or what its removal loses.")
