"""The states of a removal after the leader was asked to decommission the worker; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from alluxio_operator.alluxio.removal import HeldBlock, WorkerUse
from alluxio_operator.api.removal import RemovalStatus
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster.removal import victims
from alluxio_operator.kinds.cluster.removal.reading import Listed, hidden_blocks
from alluxio_operator.kinds.cluster.removal.report import (
    FIELD,
    GATE,
    Cause,
    cancelled,
    finished,
    interrupted,
    left,
    lost_in_words,
    progress,
    warning,
)
from alluxio_operator.kinds.cluster.removal.situation import RemovalStep, Situation
from alluxio_operator.workloads.pods import Pod

STALE: Final = timedelta(seconds=60)
"""Age of a proof without a barrier after which it has to be made again."""


def next_step(look: Situation, record: RemovalStatus, ordinal: int) -> RemovalStep:
    """Return the next step of a removal in one of these states."""
    pod = victims.pod_of(look.observed, ordinal)
    if record.state == "Removing":
        return _removing(look, record, ordinal, pod)
    if record.state == "Returning":
        return _returning(look, record, ordinal, pod)
    if pod is None or pod.deleted or pod.uid != record.uid:
        return interrupted_step(look, record)
    if look.count > ordinal:
        after = look.in_state(record, "Returning")
        return RemovalStep(after, look.kept(), look.gate(after, f"it is to stay: {FIELD} is {look.count}"), acts=True)
    if record.state == "Proven":
        return _proven(look, record, ordinal, pod)
    return _leaving(look, record, ordinal, pod)


def interrupted_step(look: Situation, record: RemovalStatus) -> RemovalStep:
    """End a removal whose pod is gone before its data was safe; the next one begins with the pod that replaces it."""
    change = interrupted(record, look.applied, look.observed.generation, look.now)
    gate = warning("Interrupted", f"{change.message}. The removal begins again with the next pod")
    return RemovalStep(None, look.kept(), gate, acts=True, finished=change)


def _leaving(look: Situation, record: RemovalStatus, ordinal: int, pod: Pod) -> RemovalStep:
    """Keep the worker decommissioned, and copy what comes late, until two listings find nothing left."""
    step, listed = _swept(look, record, ordinal, pod)
    if listed is None:
        return _at_deadline(look, step)
    after, settings = step.status or record, look.settings
    if after.clean_at is None:
        after = after.model_copy(update={"clean_at": stamp(look.now)})
        return replace(step, status=after, gate=look.gate(after, "nothing is left; a second listing is to confirm it"))
    if not look.began_after(listed, after.clean_at) or not _is_quiet(look, after, listed):
        message = f"nothing is left; clients renew their list of workers for {settings.leave_seconds} s"
        return replace(step, gate=look.gate(after, message))
    proven = look.in_state(after, "Proven", proof=look.proven())
    return RemovalStep(proven, look.kept(), look.gate(proven, "nothing is left that only it has"), acts=True)


def _is_quiet(look: Situation, record: RemovalStatus, listed: Listed) -> bool:
    """Return True if a listing began after clients had time to learn that the worker takes no more data."""
    if record.left_at is None:
        return False
    return listed.held.started_ms >= (moment(record.left_at).timestamp() + look.settings.leave_seconds) * 1000


def _at_deadline(look: Situation, step: RemovalStep) -> RemovalStep:
    """Let a worker that can't be emptied come back at the deadline, or remove it with what is lost."""
    record = step.status
    if record is None or not look.is_overdue(record):
        return step
    if look.settings.on_deadline == "Keep":
        if not look.is_stalled(record):
            # It may be about to end: to hide its blocks once more would cost clients more.
            return step
        after = look.in_state(record, "Returning")
        return RemovalStep(after, look.kept(), look.gate(after, "it comes back: its data isn't safe"), acts=True)
    listed = look.listed
    if listed is None or look.now_ms - listed.held.finished_ms > STALE.total_seconds() * 1000:
        return step
    found = _late(look, listed)
    proof = look.losses(found, sum(one.length for one in found), len({one.path for one in found}))
    after = look.in_state(record, "Removing", proof=proof)
    return RemovalStep(after, look.kept(), removing_gate(after), acts=True)


def _swept(look: Situation, record: RemovalStatus, ordinal: int, pod: Pod) -> tuple[RemovalStep, Listed | None]:
    """Return the step while something is left, or the listing that found nothing with the step so far."""
    kept, report, use = look.kept(), look.report, _use(look, ordinal)

    def waits(after: RemovalStatus, message: str, cause: Cause | None = None) -> RemovalStep:
        return RemovalStep(look.copied(after), kept, look.gate(after, message, cause), acts=True)

    if report is None:
        return waits(record, "the operator waits for the leading master", look.cause(record)), None
    returned = record.state == "Returning"
    if use is None:
        cause = Cause("NotRegistered", "the leading master doesn't have it; it registers again while it runs")
        return waits(_anew(record), "the operator waits for the worker", cause), None
    restarted = record.restarts != pod.restarts
    if not returned and (use.state != "DECOMMISSIONED" or report.leader != record.leader or restarted):
        # A new leader doesn't know of it, nor does one with which the worker registered again.
        again = _anew(record).model_copy(update={"leader": report.leader[:256], "restarts": pod.restarts})
        return replace(waits(again, "the leading master decommissions it"), decommission=use), None
    if record.left_at is None:
        record = record.model_copy(update={"left_at": stamp(look.now), "clean_at": None})
    listed = look.listed
    if listed is None or not look.began_after(listed, record.left_at or record.state_since):
        return waits(record, "the leading master lists its files", look.cause(record)), None
    if not listed.held.unlocated_complete or not listed.held.kept_complete:
        cause = Cause("TooMany", "the listing names more blocks than the operator can check")
        return waits(record, "what it has isn't known", cause), None
    late, unknown = _late(look, listed), _unknown(look, listed)
    known = look.with_left(record, len({one.path for one in late}), len(late), sum(one.length for one in late))
    if unknown or late:
        known = known.model_copy(update={"clean_at": None})
        # Only by the leader's length: a shorter copy would count as one (run on 2.9.4).
        copies = look.next_copies(use, [one for one in late if one.is_known], listed)
        message = left(known) if late else f"the worker is asked for {len(unknown)} blocks without a location"
        return replace(waits(known, message, look.cause(known, late)), copies=copies), None
    return waits(known, "nothing is left"), listed


def _unknown(look: Situation, listed: Listed) -> list[int]:
    """Return the blocks without a location for which the worker hasn't been asked, or hasn't answered."""
    if look.reading is None:
        return []
    return [block for block in hidden_blocks(listed, look.reading.lost_before) if block not in look.reading.has]


def _late(look: Situation, listed: Listed) -> tuple[HeldBlock, ...]:
    """Return the blocks that the decommissioned worker has and that no worker that stays has."""
    if look.reading is None:
        return ()
    named = {**listed.unplaced, **{one.block_id: one for one in listed.held.unlocated_blocks}}
    hidden = hidden_blocks(listed, look.reading.lost_before)
    found = (named.get(block) or HeldBlock(block, size, "") for block, size in hidden.items())
    return tuple(replace(one, hosts=()) for one in found if look.reading.has.get(one.block_id))


def _anew(record: RemovalStatus) -> RemovalStatus:
    return record.model_copy(update={"left_at": None, "clean_at": None})


def _use(look: Situation, ordinal: int) -> WorkerUse | None:
    """Return the worker's registration; None unless it has exactly one."""
    known = look.uses(ordinal)
    return known[0] if len(known) == 1 else None


def _proven(look: Situation, record: RemovalStatus, ordinal: int, pod: Pod) -> RemovalStep:
    """Remove the worker if the proof still holds."""
    holds = _proof_holds(look, record, ordinal, pod)
    if holds is None:
        return RemovalStep(record, look.kept(), look.gate(record, "the operator looks at the proof again"), acts=True)
    if not holds:
        return _leave_again(look, record)
    after = look.in_state(record, "Removing")
    return RemovalStep(after, look.kept(), removing_gate(after), acts=True)


def _leave_again(look: Situation, record: RemovalStatus) -> RemovalStep:
    after = look.in_state(_anew(record), "Leaving", proof=None)
    message = "the leading master has changed, or the worker has registered again: the proof is made again"
    return RemovalStep(after, look.kept(), look.gate(after, message), acts=True)


def _proof_holds(look: Situation, record: RemovalStatus, ordinal: int, pod: Pod) -> bool | None:
    """Return whether nothing is left that only the worker has, at this moment; None if that isn't known.

    The leader that proved it still has the worker as decommissioned, the same process runs, and so do those that have
    the copies.
    """
    if look.report is None or look.reading is None:
        return None
    use = _use(look, ordinal)
    if use is None or use.state != "DECOMMISSIONED" or look.report.leader != record.leader:
        return False
    if record.restarts != pod.restarts:
        return False
    listed = look.listed
    if listed is None:
        # After a restart of the operator the first listing is still to come.
        return None if look.reading.listing.value is None else False
    return not _late(look, listed) and not _unknown(look, listed)


def removing_gate(record: RemovalStatus) -> Gate:
    """Return the gate while the pod ends."""
    proof = record.proof
    if proof is not None and not proof.complete:
        message = f"{record.worker} is removed at its deadline ({record.deadline}): {lost_in_words(proof)}"
        return warning("DataLost", message)
    return progress("Removing", f"{record.worker}: nothing is left that only it has, and its pod ends")


def _removing(look: Situation, record: RemovalStatus, ordinal: int, pod: Pod | None) -> RemovalStep:
    """Scale the StatefulSet in, if the proof holds at this moment, until the pod is gone."""
    barrier, lowered = record.barrier == "Decommission", look.observed.status.workers.wanted <= ordinal
    gone = pod is None or (bool(record.uid) and pod.uid != record.uid)
    if look.count > ordinal and (gone or (pod is not None and pod.deleted) or not record.uid):
        # Too late: nothing is lost by it, and the next pod starts empty.
        return RemovalStep(None, look.kept(), progress("Cancelled", f"{record.worker} starts again"), acts=True)
    if look.count > ordinal:
        after = look.in_state(record, "Returning", proof=None) if barrier else None
        gate = progress("Cancelled", f"{record.worker} stays: {FIELD} is {look.count}")
        return RemovalStep(after, look.kept(), gate, acts=True)
    going = RemovalStep(record, look.kept(ordinal), removing_gate(record), acts=True, lowers=True)
    if pod is None and lowered:
        change = finished(record, ordinal + 1, look.observed.generation, look.now)
        return replace(going, status=None, gate=Gate(GATE, True, "Removed", change.message), finished=change)
    if lowered or (pod is not None and pod.deleted and pod.uid == record.uid):
        return going
    if gone and record.uid:
        return interrupted_step(look, record) if pod is not None else going
    held = replace(going, kept=look.kept(), lowers=False)
    if look.busy:
        return held
    if record.proof is not None and not record.proof.complete:
        return going
    if pod is None or not record.uid:
        # Nothing ever ran here, or its pod was never ready.
        return going if pod is None or not pod.served else RemovalStep(None, look.kept(), going.gate, acts=True)
    if look.report is None:
        return held
    if barrier and not record.leader:
        # Claimed as one that never registered.
        return going if not look.uses(ordinal) and not pod.served else _dropped(look, record)
    if barrier:
        holds = _proof_holds(look, record, ordinal, pod)
        return going if holds else held if holds is None else _leave_again(look, record)
    if look.since(record.state_since) > STALE:
        return RemovalStep(
            look.in_state(record, "Copying", proof=None),
            look.kept(),
            look.gate(record, "it is proven again"),
            acts=True,
        )
    return going


def _dropped(look: Situation, record: RemovalStatus) -> RemovalStep:
    gate = progress("Waiting", f"{record.worker} has registered: the removal begins again")
    return RemovalStep(None, look.kept(), gate, acts=True)


def _returning(look: Situation, record: RemovalStatus, ordinal: int, pod: Pod | None) -> RemovalStep:
    """Bring a decommissioned worker back: a restart of its pod, once nothing can be lost by it, or a new leader."""
    use = _use(look, ordinal)
    if pod is None or pod.deleted:
        message = f"{record.worker} comes back with a new pod"
        return RemovalStep(record, look.kept(), progress("Returning", message), acts=True)
    if use is not None and victims.is_live(use) and look.report is not None:
        change = cancelled(record, look.applied, look.observed.generation, look.now, failed=look.count <= ordinal)
        return RemovalStep(None, look.kept(), progress("Cancelled", change.message), acts=True, finished=change)
    if pod.uid != record.uid:
        return RemovalStep(record, look.kept(), progress("Returning", f"{record.worker} registers"), acts=True)
    if record.left_at is None or record.restarts != pod.restarts:
        record = record.model_copy(update={"left_at": stamp(look.now), "restarts": pod.restarts})
    step, listed = _swept(look, record, ordinal, pod)
    if listed is None or not look.began_after(listed, record.state_since):
        return step
    if not _is_quiet(look, step.status or record, listed):
        message = f"nothing is left; clients renew their list of workers for {look.settings.leave_seconds} s"
        return replace(step, gate=look.gate(record, message))
    gate = look.gate(record, "nothing is left that only it has: its pod restarts, and registers")
    return RemovalStep(step.status, look.kept(), gate, restart=pod, acts=True)
