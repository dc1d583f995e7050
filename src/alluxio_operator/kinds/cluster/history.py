"""Records the last changes of a cluster for its status; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, RollbackStatus
from alluxio_operator.api.status import Change
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.conditions import holds
from alluxio_operator.engine.history import OWN_MANAGER, begun, ended, kept
from alluxio_operator.kinds.cluster.restore.record import Restored, with_restores
from alluxio_operator.kube.kinds import Object, Ref


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one reconcile that the history records."""

    restarts: Mapping[str, str]
    """Requested restarts: the value of the restart annotation, by role."""
    version: str
    workers: int | None
    """None for a DaemonSet, whose number of workers follows from the nodes."""
    outdated: tuple[str, ...] = ()
    """Roles with pods to replace."""
    applied_dynamically: tuple[str, ...] = ()
    """Properties that the leader applied without a restart, as key=value."""
    rollback: RollbackStatus | None = None
    """A rollback that starts now."""
    removal: Change | None = None
    """The removal of a worker that ends now."""
    ready: bool = False
    failed: bool = False
    restores: tuple[Restored, ...] = ()
    """Restores that have begun."""


def history_after(
    before: ClusterStatus, resource: Object, facts: Facts, applied: Applied, now: datetime
) -> tuple[Change, ...]:
    """Return the history with the changes that start or end now.

    A change starts in the first reconcile of a new generation. An edit during a change ends that change as Superseded.
    Repairs without an edit aren't changes: Events report them.
    """
    generation = int(resource["metadata"]["generation"])
    changes = list(before.history)
    if not before.history and not holds(before.conditions, "Installed"):
        changes.append(begun("Installed", resource, "", now))
    elif before.observed_generation == generation and before.restarts != facts.restarts:
        restarted = begun("Restarted", resource, _what(applied), now).model_copy(update={"restarts": facts.outdated})
        changes = [*ended(changes, now, "Superseded"), restarted]
    elif before.observed_generation != generation:
        update = {**_from_to(before, facts), "restarts": facts.outdated}
        changed = begun("Changed", resource, _what(applied, facts.applied_dynamically), now).model_copy(update=update)
        changes = [*ended(changes, now, "Superseded"), changed]
    edits = [number for number, one in enumerate(changes) if one.what != "Restored"]
    if edits and not (last := changes[edits[-1]]).ended:
        changes[edits[-1]] = last.model_copy(update={"replaced": last.replaced + len(applied.replaced)})
    if facts.ready or facts.failed:
        changes = ended(changes, now, "Succeeded" if facts.ready else "Failed")
    if facts.removal is not None:
        # Before the change that asked for it, if that goes on: the last one may be in progress.
        number = len(changes) - 1 if changes and not changes[-1].ended else len(changes)
        changes.insert(number, facts.removal)
    if (back := facts.rollback) is not None:
        update = {
            "from_": f"generation {back.generation}",
            "to": f"generation {back.to.generation}",
            "by": OWN_MANAGER,
        }
        changes.append(begun("RolledBack", resource, back.message, now).model_copy(update=update))
    return kept(with_restores(changes, facts.restores, resource, now))


def _from_to(before: ClusterStatus, facts: Facts) -> dict[str, str]:
    version, workers = before.masters.version, before.workers.wanted
    if version and version != facts.version:
        return {"what": "Upgraded", "from_": version, "to": facts.version}
    if facts.workers is not None and holds(before.conditions, "Installed") and workers != facts.workers:
        return {"what": "Scaled", "from_": f"{workers} workers", "to": f"{facts.workers} workers"}
    return {}


def _what(applied: Applied, properties: Iterable[str] = ()) -> str:
    workloads = [ref for ref in applied.changed if ref.kind in WORKLOADS]
    rest = len(applied.changed) - len(workloads)
    parts = (
        _named("changed", workloads),
        f"{rest} other objects changed" if rest else "",
        _named("created", applied.created),
        _named("removed", applied.pruned),
        f"set without a restart: {', '.join(properties)}" if properties else "",
    )
    return "; ".join(part for part in parts if part) or "no object changed"


def _named(what: str, refs: Iterable[Ref]) -> str:
    names = ", ".join(f"{ref.kind}/{ref.name}" for ref in refs)
    return f"{what}: {names}" if names else ""
