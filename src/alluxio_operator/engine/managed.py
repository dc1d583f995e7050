"""The steps that every kind's reconcile shares: remember, render, record, apply, publish.

Each kind's reconciler observes, validates and decides in its own way.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from alluxio_operator.api.status import Condition, InventoryItem
from alluxio_operator.engine import events
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.apply import NOTHING, apply, compare
from alluxio_operator.engine.cache import ObjectCache, invalidate, is_news
from alluxio_operator.engine.children import OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.engine.drift import sweep
from alluxio_operator.engine.prune import prune
from alluxio_operator.engine.publish import Written, publish
from alluxio_operator.engine.render import Body, LazyManifest, Outlines, Renderer, Rendering
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.rules import DEFAULT, ApplyRules
from alluxio_operator.engine.scope import Scope
from alluxio_operator.engine.upgradeable import Note, unnoted
from alluxio_operator.engine.work import Outcome, OwnerKey, Request
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound
from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.telemetry.metrics import Metrics

REQUEUE_NOW = Outcome(requeue_after=0.0)

log = logging.getLogger(__name__)


class Status(Written, Protocol):
    """The fields that the status of every kind has."""

    @property
    def phase(self) -> str:
        """The state in one word."""
        ...

    @property
    def summary(self) -> str:
        """The state in one line."""
        ...

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions."""
        ...

    @property
    def inventory(self) -> tuple[InventoryItem, ...]:
        """The objects that the operator makes."""
        ...

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Any:
        """Return a copy with other values."""
        ...


S = TypeVar("S", bound=Status)


@dataclass(slots=True)
class OwnerCache:
    """What is kept of one owner between two reconciles. Losing it costs calls and CPU time, nothing else."""

    objects: ObjectCache = field(default_factory=dict)
    absent: set[Ref] = field(default_factory=set)
    """Objects on record that weren't created yet."""
    outlines: Outlines | None = None
    bodies: Mapping[Ref, Body] = field(default_factory=dict)
    """Those of absent objects: rendering them again in their turn took a sixth of an installation's CPU time."""


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[S]):
    """The owner as it was read or last written, with its parsed status."""

    resource: Object
    status: S


class ManagedObjects:
    """The objects of all owners of a kind."""

    def __init__(
        self,
        kind: str,
        folder: str,
        kube: Kube,
        renderer: Renderer,
        metrics: Metrics,
        note: Note = unnoted,
    ) -> None:
        self._kind = kind
        self._folder = folder
        self._kube = kube
        self._renderer = renderer
        self._metrics = metrics
        self._note = note
        self._kept: dict[OwnerKey, OwnerCache] = {}
        self._events = events.Recorder()

    def is_news(self, request: Request) -> bool:
        """Return False for an event of one of the operator's own writes."""
        kept = self._kept.get(request.key)
        return kept is None or is_news(kept.objects, request)

    def drifted(self, namespaces: Iterable[str]) -> Iterable[Request]:
        """Return requests for the owners with an object that differs from the cache."""
        caches = {key: kept.objects for key, kept in self._kept.copy().items()}
        return sweep(self._kube, namespaces, f"{OWNER_KIND_LABEL}={self._kind}", caches, self._owner_of)

    def forget(self, key: OwnerKey) -> None:
        """Drop the cache of an owner that is gone."""
        self._kept.pop(key, None)
        self._note(key, ())

    def cache_of(self, request: Request) -> OwnerCache:
        """Return the cache of an owner, with the objects that the request names invalidated."""
        kept = self._kept.setdefault(request.key, OwnerCache())
        invalidate(kept.objects, request)
        return kept

    def render(self, context: Mapping[str, Any], kept: OwnerCache) -> Sequence[LazyManifest]:
        """Return the manifests of an owner."""
        with self._metrics.stage("render"):
            rendering = Rendering(self._renderer, self._folder, context, kept.outlines, kept.bodies)
            kept.outlines = rendering.outlines
        return rendering.manifests

    def record(
        self,
        kube: Kube,
        look: Snapshot[S],
        manifests: Sequence[LazyManifest],
        kept: OwnerCache,
        intent: Mapping[str, Any],
    ) -> Snapshot[S] | None:
        """Record what is about to be created or done; return None when the resource changed in between.

        `intent` holds further fields of the status that have to be on record first. resourceVersion guards the write:
        a replica that has lost the lease without noticing fails here.
        """
        known = {Ref(item.kind, item.name) for item in look.status.inventory}
        # All objects at once, due or not yet: a write for each layer would be a third of an installation's.
        new = [m.ref for m in manifests if m.ref not in known]
        if not new and all(getattr(look.status, name) == value for name, value in intent.items()):
            return look
        inventory = (*look.status.inventory, *(ref.item for ref in new))
        status: S = look.status.model_copy(update={"inventory": inventory, **intent})
        try:
            resource = publish(kube, look.resource, status)
        except (Conflict, NotFound):
            return None
        kept.absent.update(new)
        return Snapshot(resource, status)

    def apply(
        self, kube: Kube, owner: Object, inventory: Iterable[InventoryItem], manifests: Sequence[LazyManifest],
        until: int, kept: OwnerCache, waiting: Collection[int] = (), recreate: Mapping[Ref, str] = NOTHING,
        rules: ApplyRules = DEFAULT,
        held_pods: Collection[int] = (),
    ) -> Applied:  # fmt: skip
        """Apply the manifests below the order `until`, and prune what is on record and no longer rendered.

        Objects of an order in `waiting` stay as they are. Those in `recreate`, by uid, are recreated where they can't
        be changed. `rules` say what may happen to single objects. Deployments of an order in `held_pods` keep their pod
        template.
        """
        scope = _scope(kube, owner, rules.known_uids)
        with self._metrics.stage("apply"):
            due = [m for m in manifests if m.order < until and m.order not in waiting]
            held = {m.ref for m in due if m.order in held_pods and m.ref.kind == "Deployment"}
            applied = apply(scope, due, kept.objects, kept.absent, recreate, rules, held)
            kept.bodies = {m.ref: m.body for m in manifests if m.ref in kept.absent}
            if not applied.stopped:
                # In a part with a refused object, what replaces an old one may be missing.
                troubled = rules.parts_of(applied.refused)
                due_items = [one for one in inventory if rules.optional.get(Ref(one.kind, one.name)) not in troubled]
                applied.pruned = prune(scope, due_items, {m.ref for m in manifests}, kept.objects)
        return applied

    def compare(
        self, kube: Kube, owner: Object, manifests: Sequence[LazyManifest], until: int, kept: OwnerCache,
        rules: ApplyRules = DEFAULT,
    ) -> Applied:  # fmt: skip
        """Return what an apply would change, and change nothing."""
        with self._metrics.stage("apply"):
            scope = _scope(kube, owner, rules.known_uids)
            return compare(scope, [m for m in manifests if m.order < until], kept.objects, rules.never_created)

    def publish(self, kube: Kube, look: Snapshot[S], report: Report, applied: Applied | None, now: datetime) -> Outcome:
        """Write the status if it changed, and post events."""
        after, meta = report.status, look.resource["metadata"]
        self._note(OwnerKey(self._kind, meta["namespace"], meta["name"]), after.conditions)
        differs = after != look.status or not look.resource.get("status")
        said = events.notes((), (), applied)
        outcome = Outcome(report.requeue_after, changed=differs or bool(said))
        with self._metrics.stage("report"):
            try:
                if differs:
                    publish(kube, look.resource, after)
                    _log_changes(after, applied)
                    said = events.notes(look.status.conditions, after.conditions, applied, report.severities)
            except NotFound:
                # Deleted in between: the API server removes its objects.
                return REQUEUE_NOW
            except Conflict:
                # What was applied is an event now; conditions become events with the status that gets written.
                outcome = replace(REQUEUE_NOW, changed=bool(said))
            self._events.post(kube, look.resource, said, now)
        return outcome

    def _owner_of(self, metadata: Mapping[str, Any]) -> OwnerKey | None:
        owner = metadata.get("labels", {}).get(OWNER_LABEL)
        return OwnerKey(self._kind, metadata["namespace"], owner) if owner else None


def _scope(kube: Kube, owner: Object, known_uids: Collection[str]) -> Scope:
    meta = owner["metadata"]
    labels = {OWNER_KIND_LABEL: owner["kind"], OWNER_LABEL: meta["name"]}
    return Scope(kube, meta["namespace"], labels, meta["uid"], known_uids)


def _log_changes(status: Status, applied: Applied | None) -> None:
    fields: Mapping[str, object] = {
        "step": status.phase,
        "summary": status.summary,
        "objects_created": [f"{r.kind}/{r.name}" for r in applied.created] if applied else [],
        "objects_changed": [f"{r.kind}/{r.name}" for r in applied.changed] if applied else [],
        "objects_pruned": [f"{r.kind}/{r.name}" for r in applied.pruned] if applied else [],
        "pods_replaced": [r.name for r in applied.replaced] if applied else [],
        "refused": list(applied.refused.values()) if applied else [],
    }
    log.info("status changed", extra={key: value for key, value in fields.items() if value})
