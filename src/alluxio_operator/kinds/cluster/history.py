"""The last changes of a cluster, as its status keeps them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, RollbackStatus
from alluxio_operator.api.status import Change
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.conditions import holds
from alluxio_operator.engine.history import KEPT, OWN_MANAGER, begun, ended
from alluxio_operator.kube.kinds import Object, Ref


@dataclass(frozen=True, slots=True)
class Wished:
    """What of a spec is told with its old value and its new one."""

    version: str
    workers: int | None
    """None where their number follows from the nodes."""


def history_after(
    before: ClusterStatus,
    resource: Object,
    restarts: Mapping[str, str],
    wished: Wished,
    applied: Applied,
    *,
    outdated: tuple[str, ...] = (),
    ready: bool,
    failed: bool,
    back: RollbackStatus | None = None,
    told: Iterable[str] = (),
    now: datetime,
) -> tuple[Change, ...]:
    """Return the history with what begins now and what is done now; `restarts` are those asked for, by role, `told` the
    properties that the leader was told without a restart.

    `outdated` are the roles with pods to replace, `back` is the rollback that begins now.

    A change is what another generation of the spec led to in the reconcile that followed it; an edit while another
    change is under way ends that one. What is put right without an edit is no change: Events tell of it.
    """
    generation = int(resource["metadata"]["generation"])
    changes = list(before.history)
    if not before.history and not holds(before.conditions, "Installed"):
        changes.append(begun("Installed", resource, "", now))
    elif before.observed_generation == generation and before.restarts != restarts:
        restarted = begun("Restarted", resource, _what(applied), now).model_copy(update={"restarts": outdated})
        changes = [*ended(changes, now, "Superseded"), restarted]
    elif before.observed_generation != generation:
        update = {**_from_to(before, wished), "restarts": outdated}
        changed = begun("Changed", resource, _what(applied, told), now).model_copy(update=update)
        changes = [*ended(changes, now, "Superseded"), changed]
    if changes and not changes[-1].ended:
        changes[-1] = changes[-1].model_copy(update={"replaced": changes[-1].replaced + len(applied.replaced)})
    if ready or failed:
        changes = ended(changes, now, "Succeeded" if ready else "Failed")
    if back is not None:
        update = {
            "from_": f"generation {back.generation}",
            "to": f"generation {back.to.generation}",
            "by": OWN_MANAGER,
        }
        changes.append(begun("RolledBack", resource, back.message, now).model_copy(update=update))
    return tuple(changes[-KEPT:])


def _from_to(before: ClusterStatus, wished: Wished) -> dict[str, str]:
    version, workers = before.masters.version, before.workers.wanted
    if version and version != wished.version:
        return {"what": "Upgraded", "from_": version, "to": wished.version}
    if wished.workers is not None and holds(before.conditions, "Installed") and workers != wished.workers:
        return {"what": "Scaled", "from_": f"{workers} workers", "to": f"{wished.workers} workers"}
    return {}


def _what(applied: Applied, told: Iterable[str] = ()) -> str:
    workloads = [ref for ref in applied.changed if ref.kind in WORKLOADS]
    rest = len(applied.changed) - len(workloads)
    parts = (
        _named("changed", workloads),
        f"{rest} other objects changed" if rest else "",
        _named("made", applied.created),
        _named("removed", applied.pruned),
        f"set without a restart: {', '.join(told)}" if told else "",
    )
    return "; ".join(part for part in parts if part) or "no object is concerned"


def _named(what: str, refs: Iterable[Ref]) -> str:
    names = ", ".join(f"{ref.kind}/{ref.name}" for ref in refs)
    return f"{what}: {names}" if names else ""
