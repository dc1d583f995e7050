"""What a schedule of backups or drills asks for: objects to create and remove, a gate, and a requeue; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from alluxio_operator.backups.due import Due
from alluxio_operator.engine.gate import At, BackOff, Gate, Requeue

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Expired:
    """A backup or drill to remove."""

    name: str
    uid: str
    why: str = ""
    """Why, in a sentence for an Event; empty if none is posted."""


@dataclass(frozen=True, slots=True)
class ScheduleStep(Generic[S]):
    """The status, manifests to create, objects to remove, and the gate; all empty without a schedule."""

    status: S | None = None
    create: tuple[Mapping[str, Any], ...] = ()
    remove: tuple[Expired, ...] = ()
    gate: Gate | None = None
    requeue: tuple[Requeue, ...] = ()


def requeue_of(dues: Iterable[Due], gate: Gate | None, kind: str, *, unfinished: bool) -> tuple[Requeue, ...]:
    """Return when to reconcile again: at the next moments, and often while something is to end.

    `kind` is the gate's; `unfinished`: the end of a backup or drill is awaited, which no event tells the cluster.
    """
    moments: list[Requeue] = [At(one.following) for one in dues if one.following is not None]
    if unfinished or (gate is not None and not gate.passed):
        moments.append(BackOff(least=15.0, most=60.0, since=kind))
    return tuple(moments)
