"""Says when a cluster is looked at again though nothing told of it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alluxio_operator.api.status import Condition
from alluxio_operator.engine import readiness as standing
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import members
from alluxio_operator.kinds.cluster.decide import Plan
from alluxio_operator.kinds.cluster.readiness import Verdict
from alluxio_operator.kinds.cluster.storage import gates as volume_gates

AT_WORK = 1.0
"""Seconds, while something is under way that goes on by looks alone."""

LONGEST_WAIT = 3600.0
"""Seconds."""

TELL_AGAIN = 15.0
"""Seconds until a leader that didn't answer is told once more."""

ASK_AGAIN = 60.0
"""Seconds after which a claim that was refused to grow is asked again."""


def next_look(plan: Plan, verdict: Verdict, conditions: Sequence[Condition], now: datetime) -> float | None:
    """Return the seconds until then; None to wait for an event."""
    paused = plan.cluster.spec.paused
    if (plan.rejoin.status or plan.rollout.under_way) and not paused:
        return AT_WORK
    wait = members.look_again(plan) if verdict.at_rest else standing.wait_for(conditions, verdict.closed, now)
    if verdict.dynamic_update and not verdict.dynamic_update.passed:
        wait = not_later(wait, TELL_AGAIN)
    wait = _sooner(wait, plan.rollout.next_look, now)
    if not verdict.grown.passed and not paused:
        wait = not_later(wait, _look_at_volumes(conditions, verdict.grown, now))
    return wait


def not_later(wait: float | None, seconds: float | None) -> float | None:
    """Return the shorter of two times to wait."""
    if seconds is None:
        return wait
    return seconds if wait is None else min(wait, seconds)


def _sooner(wait: float | None, moment: datetime | None, now: datetime) -> float | None:
    if moment is None:
        return wait
    # A moment that is far away is looked for again: a clock may be set meanwhile.
    seconds = min(max(1.0, (moment - now).total_seconds()), LONGEST_WAIT)
    return seconds if wait is None else min(wait, seconds)


def _look_at_volumes(conditions: Sequence[Condition], grown: Gate, now: datetime) -> float:
    # Nobody is told when a class or a quota is changed.
    return standing.wait_for(conditions, [grown], now) if grown.reason == volume_gates.GROWING else ASK_AGAIN
