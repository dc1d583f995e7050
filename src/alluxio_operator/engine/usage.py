"""Records the CPU and memory that a change uses in its history entry; pure.

Peaks change in steps, so that a change causes few status writes and a resource at rest none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.api.base import in_bytes, quantity
from alluxio_operator.api.status import Change, RoleUsage, Usage
from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.gate import After
from alluxio_operator.kube.used import NoMetrics, PodUsed, Used

PERIOD: Final = timedelta(seconds=15)
"""Interval between two reads for one resource: that of metrics-server, as its own manifests set it."""
AFTERWARDS: Final = 5 * PERIOD
"""How long to wait after a change for its last measurement: a metrics-server without flags measures every 60 s."""
STEP: Final = 10
"""Percent by which a peak has to rise before the status is written again."""
LEAST_CPU: Final = 10
"""Thousandths of a core by which a CPU peak has to rise as well: an idle process varies between 2 and 4."""
GI: Final = 1024**3

RoleOf = Callable[[str, str], str | None]
"""Returns the role from the names of a pod and a container; None if they aren't part of the resource."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The usage of each role from `since` to `measured`, summed over its pods."""

    measured: datetime
    since: datetime
    roles: Mapping[str, Used]


UsageReading = Reading | NoMetrics | None
"""The answer of the metrics API; None if the operator didn't ask, or the API has measured no pod yet."""


def reading(pods: Iterable[PodUsed], role_of: RoleOf) -> Reading | None:
    """Return the sums by role, with the earliest start and the latest end of the measurements."""
    roles: dict[str, Used] = {}
    times: list[tuple[datetime, datetime]] = []
    for pod in pods:
        for container, used in pod.containers.items():
            if (role := role_of(pod.name, container)) is not None:
                roles[role] = roles.get(role, Used(0, 0)) + used
                times.append((pod.measured, pod.since))
    if not times:
        return None
    return Reading(max(measured for measured, _ in times), min(since for _, since in times), roles)


def worth_asking(history: Sequence[Change], begins: bool, last: Reading | None, now: datetime) -> bool:
    """Return True if an answer would concern a change that starts, is in progress, or has just ended.

    The metrics API measures the last moments of a change after its end.
    """
    if begins or (history and not history[-1].ended):
        return True
    return bool(history) and _awaits_its_end(history[-1], last, now)


def requeue(history: Sequence[Change], answer: UsageReading, now: datetime) -> After | None:
    """Return when to read the last measurement of a change that has ended; None if none is missing."""
    if not history or not isinstance(answer, Reading) or not _awaits_its_end(history[-1], answer, now):
        return None
    return After(PERIOD.total_seconds())


def with_usage(before: Sequence[Change], changes: tuple[Change, ...], answer: UsageReading) -> tuple[Change, ...]:
    """Return the changes, with the reading in the last one; `before` are the recorded changes."""
    if answer is None or not changes:
        return changes
    last = changes[-1]
    begins = not before or _identity(before[-1]) != _identity(last)
    if last.ended and last.usage is None:
        # It ended as soon as it started: the measurement isn't its usage.
        return changes
    usage = _after(last, answer, begins=begins)
    return changes if usage == last.usage else (*changes[:-1], last.model_copy(update={"usage": usage}))


def _after(change: Change, answer: Reading | NoMetrics, *, begins: bool) -> Usage | None:
    known = change.usage or Usage()
    if isinstance(answer, NoMetrics):
        return known if known.roles else Usage(unavailable=answer.reason)
    roles = {one.role: one for one in known.roles}
    if begins or answer.measured <= moment(change.started):
        # The latest measurement at the start of a change predates it, even if the clocks of the nodes differ.
        found = {role: _with_before(roles.get(role), role, used) for role, used in answer.roles.items()}
    elif change.ended is None or answer.since < moment(change.ended):
        found = {role: _with_peak(roles.get(role), role, used) for role, used in answer.roles.items()}
    else:
        return change.usage
    return Usage(roles=tuple(one for _, one in sorted({**roles, **found}.items())))


def _with_before(known: RoleUsage | None, role: str, used: Used) -> RoleUsage:
    if known is not None:
        return known
    return RoleUsage(role=role, cpu_before=in_cores(used.cpu), memory_before=in_memory(used.memory))


def _with_peak(known: RoleUsage | None, role: str, used: Used) -> RoleUsage:
    one = known or RoleUsage(role=role)
    more = {}
    if one.cpu_peak is None or _grown(_cpu(one.cpu_peak), used.cpu, LEAST_CPU):
        more["cpu_peak"] = in_cores(used.cpu)
    if one.memory_peak is None or _grown(in_bytes(one.memory_peak), used.memory):
        more["memory_peak"] = in_memory(used.memory)
    return one.model_copy(update=more) if more else one


def _grown(before: int, now: int, least: int = 0) -> bool:
    return now * 100 >= before * (100 + STEP) and now - before > least


def _awaits_its_end(change: Change, last: Reading | None, now: datetime) -> bool:
    if not change.ended or change.usage is None or not change.usage.roles:
        return False
    end = moment(change.ended)
    return now < end + AFTERWARDS and (last is None or last.measured < end)


def _identity(change: Change) -> tuple[str, str, int]:
    return change.started, change.what, change.generation


def in_cores(thousandths: int) -> str:
    """Return CPU as a quantity, as kubectl top writes it: 250m."""
    return f"{thousandths}m"


def in_memory(count: int) -> str:
    """Return bytes as a quantity of two to three digits: 84Mi, 1.5Gi."""
    return f"{count / GI:.1f}Gi" if count >= GI else f"{round(count / 1024**2)}Mi"


def _cpu(text: str) -> int:
    return int(quantity(text) * 1000)
