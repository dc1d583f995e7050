"""The way back of a restore in place to the journals of before, and how a restore has ended; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import leaders_of, majority
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import offer
from alluxio_operator.kinds.cluster.restore.in_place_step import InPlaceStep, in_state
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE
from alluxio_operator.kinds.cluster.restore.stopping import stuck_masters
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import first_trouble

GIVES_UP_AFTER: Final = timedelta(minutes=10)
"""Time for which a step may be in trouble before the operator goes back, or back with a majority of the journals."""

REMOVED: Final = f"{IN_PLACE.field} was removed before the names were proven"


def is_removed(observed: Observed) -> bool:
    """Return True if the user has removed the field; a rollback to an earlier spec doesn't count."""
    return not (observed.resource.get("spec") or {}).get("restoreInPlace")


def back(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    """Give the journals of before their names back; after a while a majority suffices."""
    if not observed.masters_stopped:
        stuck = stuck_masters(observed, now)
        if stuck is not None:
            return InPlaceStep(known, going_back(known, stuck.message, stuck.reason))
        return InPlaceStep(known, going_back(known, "the masters stop"))
    patient = now < moment(known.since) + GIVES_UP_AFTER
    busy = _setting_aside(known, observed, cluster)
    if busy and patient:
        return InPlaceStep(known, going_back(known, "the Jobs that set it aside end"))
    known = known.model_copy(update={"done": done_of(known, observed.in_place_jobs, cluster)})
    enough = cluster.members if patient else majority(cluster.members)
    if len(known.done) >= enough:
        return abandon(known, known.message, now)
    step = InPlaceStep(
        known, going_back(known, "it gets its name back"), job="back", skips=frozenset(known.done) | busy
    )
    step = with_failed(step, observed)
    trouble = first_trouble(observed.role(names.JOURNAL))
    if trouble is None:
        return step
    return replace(step, gate=going_back(known, trouble.message, trouble.reason))


def returning(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    """Wait until a master leads that has at least the entries of before."""
    if not offer.has_journal(observed, cluster):
        return lost_again(known, now)
    leader = next(iter(leaders_of(observed.answers)), "")
    reached = observed.indexes.get(leader)
    serves = isinstance(observed.master, MasterInfo)
    if serves and (known.index is None or (reached is not None and reached >= known.index)):
        went = in_state(known, "WentBack", now)
        return InPlaceStep(went, ended(went))
    trouble = stuck_masters(observed, now) or first_trouble(observed.role(names.MASTER))
    said = trouble.message if trouble is not None else _behind(known, leader if serves else "", reached)
    return InPlaceStep(known, going_back(known, said, trouble.reason if trouble else "GoingBack"))


def _behind(known: RestoreInPlaceStatus, leader: str, reached: int | None) -> str:
    """Return why a leader doesn't end the way back, or that there is none."""
    if not leader:
        return "no master serves it yet"
    if reached is None:
        return f"{leader} serves, and hasn't told the index of its journal yet"
    return (
        f"{leader} serves a journal up to entry {reached}, and before the restore it was {known.index}: a master with "
        "the newest entries is missing. Remedy: see condition MastersServing for the masters that don't run"
    )


def go_back(known: RestoreInPlaceStatus, cause: str, now: datetime) -> InPlaceStep:
    """Give up a restore for which journals may have been set aside."""
    after = in_state(known, "GoingBack", now).model_copy(update={"message": cause[:1024]})
    return InPlaceStep(after, going_back(after, "the masters stop"), record=True)


def abandon(known: RestoreInPlaceStatus, cause: str, now: datetime) -> InPlaceStep:
    """Give up a restore whose journals of before are where they were."""
    state = "Returning" if known.had_journal else "Failed"
    after = in_state(known, state, now).model_copy(update={"message": cause[:1024]})
    gate = going_back(after, "the masters start with it") if known.had_journal else ended(after)
    return InPlaceStep(after, gate, record=True)


def lost_again(known: RestoreInPlaceStatus, now: datetime) -> InPlaceStep:
    """End a restore after which the journals were lost: another one may begin."""
    message = f"{known.message}. The masters have lost their journals since".removeprefix(". ")
    failed = in_state(known, "Failed", now).model_copy(update={"message": message[:1024]})
    return InPlaceStep(failed, ended(failed), record=True)


def done_of(known: RestoreInPlaceStatus, jobs: Mapping[int, Object], cluster: Cluster) -> tuple[int, ...]:
    """Return the ordinals of the masters whose Job of this step is or was complete."""
    complete = {one for one, job in jobs.items() if state_of(job).phase is JobPhase.COMPLETE}
    return tuple(sorted({*known.done, *(one for one in complete if one < cluster.members)}))


def with_failed(step: InPlaceStep, observed: Observed) -> InPlaceStep:
    """Return the step with the Jobs that failed permanently."""
    failed = tuple(job for job in observed.in_place_jobs.values() if state_of(job).phase is JobPhase.FAILED)
    return replace(step, failed=failed)


def _setting_aside(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster) -> frozenset[int]:
    """Return the ordinals of the masters whose journal a pod may still set aside."""
    own = [cluster.names.journal_job(f"{known.operation}a", ordinal) for ordinal in range(cluster.members)]
    found = set()
    for pod in observed.role(names.JOURNAL):
        if pod.name.startswith(f"{own[0]}-") and not pod.ended:
            others = range(1, cluster.members)
            found.add(next((one for one in others if pod.name.startswith(f"{own[one]}-")), 0))
    return frozenset(found)


def location(known: RestoreInPlaceStatus) -> str:
    """Return what is restored."""
    return known.restore.location if known.restore is not None else known.backup or known.uri or known.volume


def progress(reason: str, message: str) -> Gate:
    """Return the closed gate of a step that goes on by itself."""
    return waiting(IN_PLACE.gate, message, reason)


def going_back(known: RestoreInPlaceStatus, step: str, reason: str = "GoingBack") -> Gate:
    """Return the closed gate of the way back."""
    message = f"{known.message}. The operator goes back to the journal of before ({known.aside}): {step}"
    return Gate(IN_PLACE.gate, False, reason, message)


def ended(known: RestoreInPlaceStatus) -> Gate:
    """Return the gate of a restore that has ended."""
    if known.state == "Restored":
        entries = known.restore.entries if known.restore is not None else None
        which = "the journal of before stays" if known.had_journal else "a journal that wasn't lost before stays"
        kept = f"; {which} in the masters' volumes as {known.aside}"
        said = f". {known.message}" if known.message else ""
        message = f"the masters restored {entries} entries from {location(known)}{kept}{said}"
        return Gate(IN_PLACE.gate, True, "Restored", message)
    if known.state == "WentBack":
        message = f"{known.message}. The cluster serves what it served before. Remedy: {IN_PLACE.remedy}"
        return Gate(IN_PLACE.gate, False, "WentBack", message)
    had = "" if known.had_journal else " Nothing was restored, and the cluster had lost its journal before."
    return blocked(IN_PLACE.gate, "RestoreFailed", f"{known.message}.{had} Remedy: {IN_PLACE.remedy}")
