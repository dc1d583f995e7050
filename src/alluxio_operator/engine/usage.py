"""What a change costs in CPU and memory, as its entry in the history keeps it; pure.

What is written is written by steps, so that a change costs few writes of the status and a resource at rest none.
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
"""Between two questions about one resource: how often metrics-server measures, as its own manifests set it."""
AFTERWARDS: Final = 5 * PERIOD
"""How long after its end a change's last moments are waited for: a metrics-server without flags measures every 60 s."""
STEP: Final = 10
"""Percent by which a peak has to have grown to be written anew."""
LEAST_CPU: Final = 10
"""Thousandths of a core by which it has to have grown as well: a process at rest goes from 2 to 4 and back."""
GI: Final = 1024**3

RoleOf = Callable[[str, str], str | None]
"""The role of a pod's container, by their names; None for what is no part of the resource."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What each role used from `since` to `measured`, all of its pods together."""

    measured: datetime
    since: datetime
    roles: Mapping[str, Used]


UsageReading = Reading | NoMetrics | None
"""What was found out; None when nobody asked, or no pod was measured yet."""


def reading(pods: Iterable[PodUsed], role_of: RoleOf) -> Reading | None:
    """Return the sums by role, of the time from the first beginning of a measurement to the last end."""
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
    """Tell whether an answer would say anything of a change: one that begins, is under way, or has just ended.

    The last moments of a change are measured after its end.
    """
    if begins or (history and not history[-1].ended):
        return True
    return bool(history) and _awaits_its_end(history[-1], last, now)


def requeue(history: Sequence[Change], told: UsageReading, now: datetime) -> After | None:
    """Return when the last moments of a change that has ended may have been measured; None when they don't matter."""
    if not history or not isinstance(told, Reading) or not _awaits_its_end(history[-1], told, now):
        return None
    return After(PERIOD.total_seconds())


def with_usage(before: Sequence[Change], changes: tuple[Change, ...], told: UsageReading) -> tuple[Change, ...]:
    """Return the changes, the last of them with what was found out; `before` are those on record."""
    if told is None or not changes:
        return changes
    last = changes[-1]
    begins = not before or _identity(before[-1]) != _identity(last)
    if last.ended and last.usage is None:
        # Done as soon as it was begun: what is measured is no cost of it.
        return changes
    usage = _after(last, told, begins=begins)
    return changes if usage == last.usage else (*changes[:-1], last.model_copy(update={"usage": usage}))


def _after(change: Change, told: Reading | NoMetrics, *, begins: bool) -> Usage | None:
    known = change.usage or Usage()
    if isinstance(told, NoMetrics):
        return known if known.roles else Usage(unavailable=told.reason)
    roles = {one.role: one for one in known.roles}
    if begins or told.measured <= moment(change.started):
        # What was measured last when it began is of before, whatever the clocks of the nodes say.
        found = {role: _with_before(roles.get(role), role, used) for role, used in told.roles.items()}
    elif change.ended is None or told.since < moment(change.ended):
        found = {role: _with_peak(roles.get(role), role, used) for role, used in told.roles.items()}
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
