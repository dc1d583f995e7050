"""The last changes of a cluster, as its status keeps them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from alluxio_operator.api.status import Change, ClusterStatus
from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.pipeline.applied import WORKLOADS, Applied
from alluxio_operator.pipeline.conditions import holds
from alluxio_operator.pipeline.history import KEPT, begun, ended


def history_after(
    before: ClusterStatus,
    resource: Object,
    restarts: Mapping[str, str],
    applied: Applied,
    *,
    ready: bool,
    now: datetime,
) -> tuple[Change, ...]:
    """Return the history with what begins now and what is done now; `restarts` are those asked for, by role.

    A change is what another generation of the spec led to in the reconcile that followed it; an edit while another
    change is under way ends that one. What is put right without an edit is no change: Events tell of it.
    """
    generation = int(resource["metadata"]["generation"])
    changes = list(before.history)
    if not before.history and not holds(before.conditions, "Installed"):
        changes.append(begun("Installed", resource, "", now))
    elif before.observed_generation == generation and before.restarts != restarts:
        changes = [*ended(changes, now), begun("Restarted", resource, _what(applied), now)]
    elif before.observed_generation != generation:
        changes = [*ended(changes, now), begun("Changed", resource, _what(applied), now)]
    return tuple((ended(changes, now) if ready else changes)[-KEPT:])


def _what(applied: Applied) -> str:
    workloads = [ref for ref in applied.changed if ref.kind in WORKLOADS]
    rest = len(applied.changed) - len(workloads)
    parts = (
        _named("changed", workloads),
        f"{rest} other objects changed" if rest else "",
        _named("made", applied.created),
        _named("removed", applied.pruned),
    )
    return "; ".join(part for part in parts if part) or "no object is concerned"


def _named(what: str, refs: Iterable[Ref]) -> str:
    names = ", ".join(f"{ref.kind}/{ref.name}" for ref in refs)
    return f"{what}: {names}" if names else ""
