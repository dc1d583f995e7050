"""Decides how workers leave a StatefulSet: one at a time, emptied of what only they have, proven by the leader; pure.

The dangers, each read in the sources of 2.9.4 or seen in a run (decision 61):

- A worker's pod on memory or emptyDir takes the only copy of MUST_CACHE files along. So the StatefulSet keeps its pods
  until the leader names other locations for each such block.
- A full worker evicts other data for a copy. So only free bytes of workers that stay count as room.
- Clients write to a worker until they renew their list of workers, two minutes. So the leader decommissions the worker,
  which serves on, and what comes late is copied, too.
- A decommissioned worker's blocks have no location. So the worker itself is asked for those that are in no UFS.
- A new leader doesn't know of a decommission, and a leader forgets it after 35 minutes. So each look asks for it.

Each state is recorded in one reconcile, and a number of pods follows from a record of an earlier one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from alluxio_operator.alluxio.removal import HeldBlock, VictimHolds, WorkerUse
from alluxio_operator.api.removal import RemovalStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster.removal import leaving, victims
from alluxio_operator.kinds.cluster.removal.reading import Listed
from alluxio_operator.kinds.cluster.removal.report import (
    CAME_BACK,
    FIELD,
    SETTINGS,
    Cause,
    idle,
    in_words,
    left,
    progress,
    remedy,
    warning,
)
from alluxio_operator.kinds.cluster.removal.room import bytes_needed
from alluxio_operator.kinds.cluster.removal.situation import RemovalStep, Situation
from alluxio_operator.workloads.pods import Pod

WITHOUT_DECOMMISSION: Final = ("2.9.3",)
"""Versions of Alluxio whose leader can't decommission a worker."""
PAUSE: Final = timedelta(hours=1)
"""Time from a removal whose worker came back at its deadline to the next attempt, unless the spec changes."""
APART: Final = timedelta(seconds=30)
"""Time between two listings that prove a removal without a barrier."""
MORE: Final = 2
"""Further listings if the leader counts bytes on the worker that none of them explains."""


def is_wanted(look: Situation) -> bool:
    """Return True if a worker is being removed, or is to be removed."""
    return victims.migrates(look.cluster.spec.workers) and (
        look.observed.status.removal is not None or look.applied > look.count
    )


def next_removal_step(look: Situation) -> RemovalStep:
    """Return the next step of the removal of workers."""
    if not victims.migrates(look.cluster.spec.workers):
        return RemovalStep(None)
    if not is_wanted(look):
        return RemovalStep(None, gate=idle(look.observed.status.history))
    record = look.observed.status.removal
    if record is None:
        return _begin(look)
    ordinal = victims.ordinal_of(look.observed, record.worker)
    if record.state == "Copying":
        return _copying(look, record, ordinal)
    return leaving.next_step(look, record, ordinal)


def _begin(look: Situation) -> RemovalStep:
    """Begin with the worker of the highest ordinal, once what it has is known and fits elsewhere."""
    ordinal, kept = look.applied - 1, look.kept()
    name, pod = look.name(ordinal), victims.pod_of(look.observed, ordinal)
    if gate := _pause(look, name):
        return RemovalStep(None, kept, gate)
    what = f"{FIELD} is {look.count}, and {name} is to be removed"

    def waits(message: str) -> RemovalStep:
        return RemovalStep(None, kept, progress("Waiting", f"{what}: {message}"))

    if look.busy:
        return waits(f"the operator waits until {look.busy}")
    if pod is not None and pod.deleted:
        return waits("its pod is being deleted, and the next one starts first")
    if look.report is None:
        return waits(f"the operator waits for the leading master: {look.silence}")
    uses = look.uses(ordinal)
    lasts = victims.outlives_pods(look.cluster.spec.workers)
    if not uses and not lasts and (pod is None or not pod.served):
        # It never registered, and what an earlier pod had went with that pod.
        return _claimed(look, ordinal, pod, "Removing")
    listed = look.listed
    if listed is None:
        reason = f": {look.listing_failed}" if look.listing_failed else ""
        return waits(f"the leading master lists its files{reason}")
    if not uses and (pod is None or not pod.served) and not listed.held.unlocated.blocks:
        # Nothing in no UFS lacks a location, so none of it can be on the volumes of this worker.
        return _claimed(look, ordinal, pod, "Removing")
    if pod is None:
        return waits("its pod doesn't exist, and files that are in no UFS and on no worker may be on its volumes")
    blocks = listed.held.candidates
    need = max(bytes_needed(blocks, look.hosts), 0 if listed.held.complete else listed.held.unsafe.bytes)
    room = look.room(blocks)
    if need > room.total or any(one.length > room.largest for one in look.lacking(blocks)):
        message = (
            f"{what}, but {in_words(need)} that only workers from {look.name(look.count)} on have don't fit: the "
            f"{len(look.staying)} workers that stay have {in_words(room.total)} free after reserves. Nothing was "
            f"begun. Persist or free files, give the workers larger tiers, set {FIELD} back, or set "
            f"{SETTINGS}.policy to None to lose the data"
        )
        return RemovalStep(None, kept, warning("NoRoom" if look.staying else "NoWorkerStays", message))
    if too_many := _too_many(listed):
        return RemovalStep(None, kept, warning("TooManyBlocks", f"{what}, but {too_many}. Nothing was begun"))
    return _claimed(look, ordinal, pod, "Copying", _holds(listed, uses))


def _pause(look: Situation, name: str) -> Gate | None:
    """Return the gate of a worker that came back at its deadline: clients can't read some of its blocks meanwhile."""
    known = [one for one in look.observed.status.history if one.what == "Decommissioned"]
    last = known[-1] if known else None
    if last is None or last.outcome != "Failed" or last.ended is None or not last.message.startswith(f"{name}: "):
        return None
    if last.generation != look.observed.generation or look.since(last.ended) >= PAUSE or CAME_BACK not in last.message:
        return None
    return warning("DeadlineExceeded", f"{last.message}. The operator tries again an hour later. {remedy(name)}")


def _claimed(
    look: Situation, ordinal: int, pod: Pod | None, state: str, holds: VictimHolds | None = None
) -> RemovalStep:
    """Return the record of a removal that begins; it takes effect in the next reconcile."""
    known, now = holds or VictimHolds(), stamp(look.now)
    size = _left(known)[2]
    uses = look.uses(ordinal)
    record = RemovalStatus.model_validate(
        {
            "worker": look.name(ordinal),
            "uid": pod.uid if pod is not None else "",
            "host": uses[0].host if uses else "",
            "node": pod.node if pod is not None else "",
            "restarts": pod.restarts if pod is not None else 0,
            "operation": f"d{int(look.now.timestamp()):x}",
            "state": state,
            "barrier": "None" if _version(look) in WITHOUT_DECOMMISSION else "Decommission",
            "since": now,
            "state_since": now,
            "deadline": stamp(look.now + timedelta(seconds=look.settings.deadline_seconds)),
            "progress_at": now,
            "left_files": _left(known)[0],
            "left_blocks": _left(known)[1],
            "left_bytes": size,
            "lowest": size,
            "proof": look.proven() if state == "Removing" else None,
        }
    )
    text = f"{look.name(ordinal)}: {left(record)}" if state == "Copying" else f"{look.name(ordinal)} has no data"
    return RemovalStep(record, look.kept(), progress(state, text), acts=True)


def _version(look: Situation) -> str:
    """Return the version of the masters: the leader's, and during an upgrade the older one of both."""
    versions = {look.cluster.spec.version, look.observed.status.masters.version or look.cluster.spec.version}
    return min(versions)


def _holds(listed: Listed, uses: tuple[WorkerUse, ...]) -> VictimHolds:
    hosts = {one.host for one in uses}
    found = [holds for host, holds in listed.held.victims.items() if host in hosts]
    return found[0] if found else VictimHolds()


def _left(holds: VictimHolds) -> tuple[int, int, int]:
    """Return files, blocks and bytes that are still to be copied."""
    parts = (holds.unpersisted, holds.replicated, holds.pinned)
    return sum(one.files for one in parts), sum(one.blocks for one in parts), sum(one.bytes for one in parts)


def _too_many(listed: Listed) -> str:
    """Return why nothing could be proven by such listings; an empty text if something can."""
    if not listed.held.unlocated_complete:
        count = listed.held.unlocated.blocks
        return (
            f"{count} blocks of files that are in no UFS have no location, too many to ask for each: delete the files "
            "that Alluxio lists as LOST, see docs/data-at-risk.md"
        )
    return "" if listed.held.kept_complete else "the workers that go have more blocks than the operator can check"


def _copying(look: Situation, record: RemovalStatus, ordinal: int) -> RemovalStep:
    """Copy what only the worker has; end when a listing finds nothing of it left."""
    kept, pod = look.kept(), victims.pod_of(look.observed, ordinal)
    if look.count > ordinal:
        # Scaled back: copies stay as further replicas.
        return RemovalStep(None, kept, progress("Cancelled", f"{record.worker} stays: {FIELD} is {look.count}"))
    if pod is None or pod.deleted or pod.uid != record.uid:
        return leaving.interrupted_step(look, record)
    if ordinal != look.applied - 1:
        message = f"{record.worker} isn't the last worker any more: the removal begins again"
        return RemovalStep(None, kept, progress("Waiting", message))
    record = record.model_copy(update={"restarts": pod.restarts})

    def waits(message: str, cause: Cause | None = None) -> RemovalStep:
        return RemovalStep(look.copied(record), kept, look.gate(record, message, cause))

    if look.busy:
        return waits(f"the operator waits until {look.busy}")
    listed, uses = look.listed, look.uses(ordinal)
    if look.report is not None and (len(uses) != 1 or not victims.is_live(uses[0])):
        found = "it sends no heartbeat" if len(uses) < 2 else "it has restarted, and the leader still counts it twice"
        if look.is_overdue(record) and look.settings.on_deadline == "Remove" and listed and _is_fresh(look, listed):
            lost = listed.held.unlocated
            return _forced(look, record, listed.held.unlocated_blocks, (lost.files, lost.bytes))
        return waits("its data can't be copied", Cause("WorkerSilent", found))
    if listed is None or not look.began_after(listed, record.state_since) or not _names_all(listed, pod, uses[0]):
        return replace(waits("the leading master lists its files", look.cause(record)), acts=look.gets_on(record))
    return _counted(look, record, uses[0], listed)


def _names_all(listed: Listed, pod: Pod, use: WorkerUse) -> bool:
    """Return True if the process of now was registered when the listing began, so that its blocks had locations."""
    return (use.host, pod.uid, pod.restarts) in listed.going


def _counted(look: Situation, record: RemovalStatus, use: WorkerUse, listed: Listed) -> RemovalStep:
    """Return the step after a listing: copy the blocks that it found, or count it as clean."""
    holds, kept = _holds(listed, (use,)), look.kept()
    named = {one.block_id: one for one in listed.held.candidates if use.host in one.hosts}
    # A listing misses a file that is renamed meanwhile.
    missed = [one for block, one in listed.unplaced.items() if use.host in one.hosts and block not in named]
    blocks = (*named.values(), *missed)
    files, number, size = _left(holds)
    known = look.with_left(record, files, number + len(missed), size + sum(one.length for one in missed))
    if look.is_overdue(known) and look.settings.on_deadline == "Remove" and _is_fresh(look, listed):
        return _forced(look, known, blocks, (holds.unpersisted.files, holds.unpersisted.bytes))
    if blocks or number or not listed.held.complete:
        known = known.model_copy(update={"clean_at": None, "clean_listings": 0})
        copies = look.next_copies(use, blocks, listed)
        # One that stands still retries without the turn: copies change no worker but by their bytes.
        acts = look.gets_on(known)
        return RemovalStep(known, kept, look.gate(known, left(known), look.cause(known, blocks)), copies, acts=acts)
    if too_many := _too_many(listed):
        return RemovalStep(known, kept, look.gate(known, too_many, Cause("TooManyBlocks", too_many)))
    seen = listed.held.listed.get(use.host, 0)
    if not known.accounted and seen < use.used and not listed.held.superuser:
        message = (
            f"the leading master counts {in_words(use.used)} on it, and all files that the operator can list have "
            f"{in_words(seen)}. The difference is being written or deleted, or is in folders that user alluxio may not "
            "enter"
        )
        gate = look.gate(known, "not all of its data is known", Cause("NotAccounted", message))
        return RemovalStep(known, kept, gate, acts=look.gets_on(known))
    known = known.model_copy(update={"accounted": known.accounted or seen >= use.used})
    return _clean(look, known, use, listed)


def _clean(look: Situation, record: RemovalStatus, use: WorkerUse, listed: Listed) -> RemovalStep:
    """Return the step after a listing that found nothing left; how many are needed depends on what they can miss."""
    kept, barrier = look.kept(), record.barrier == "Decommission"
    last = record.clean_at
    if last is None or (look.began_after(listed, last) and (barrier or look.since(last) >= APART)):
        found = {"clean_at": stamp(look.now), "clean_listings": record.clean_listings + 1}
        record = record.model_copy(update=found)
    # Bytes that no listing explains are being written, or belong to a file that was renamed during the listing.
    needed = (1 if barrier else 2) + (0 if record.accounted else MORE)
    if record.clean_listings < needed:
        message = "nothing is left that only it has; another listing is to confirm it"
        return RemovalStep(record, kept, look.gate(record, message), acts=look.gets_on(record))
    if barrier:
        leader = look.report.leader[:256] if look.report else ""
        after = look.in_state(record, "Leaving", leader=leader, left_at=None)
        gate = look.gate(after, "the leading master decommissions it")
        return RemovalStep(after, kept, gate, decommission=use, acts=True)
    after = look.in_state(record, "Removing", proof=look.proven())
    return RemovalStep(after, kept, look.gate(after, "nothing is left that only it has"), acts=True)


def _is_fresh(look: Situation, listed: Listed) -> bool:
    """Return True if a listing is young enough to name what a removal loses."""
    return look.now_ms - listed.held.started_ms <= 60_000 + 2 * (listed.held.finished_ms - listed.held.started_ms)


def _forced(
    look: Situation, record: RemovalStatus, blocks: tuple[HeldBlock, ...], amount: tuple[int, int]
) -> RemovalStep:
    """Return the step of a removal at its deadline: it names what is lost; `amount`: files and bytes."""
    files, size = amount
    proof = look.losses(blocks, size, files)
    after = look.in_state(record, "Removing", proof=proof)
    return RemovalStep(after, look.kept(), leaving.removing_gate(after), acts=True)
