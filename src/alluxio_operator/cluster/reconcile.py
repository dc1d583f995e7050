"""One reconcile of an AlluxioCluster, readable from top to bottom; each stage lives in a module of its own name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alluxio_operator.alluxio.answers import Alluxio
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.status import ClusterStatus, JournalStatus
from alluxio_operator.cluster.decide import Plan, decide
from alluxio_operator.cluster.observe import observe
from alluxio_operator.cluster.observed import Observed
from alluxio_operator.cluster.pods import Pod
from alluxio_operator.cluster.rejoin import permission
from alluxio_operator.cluster.report import Report, report, report_problems
from alluxio_operator.cluster.validate import Cluster, validate
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Ref
from alluxio_operator.pipeline import events
from alluxio_operator.pipeline.applied import Applied
from alluxio_operator.pipeline.apply import Memory, apply, doubt, is_news, prune
from alluxio_operator.pipeline.children import OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.pipeline.publish import publish
from alluxio_operator.pipeline.render import LazyManifest, Outlines, Renderer, Rendering
from alluxio_operator.pipeline.sweep import sweep
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.upgradeable import Note
from alluxio_operator.work import Deadline, Outcome, OwnerKey, Request

FOLDER = "alluxio"
AGAIN = Outcome(requeue_after=0.0)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """What is kept of one cluster between two reconciles; may be lost at any time."""

    objects: Memory = field(default_factory=dict)
    absent: set[Ref] = field(default_factory=set)
    """Put on record as new, and not made yet."""
    outlines: Outlines | None = None


class ClusterReconciler:
    """Brings one AlluxioCluster closer to its spec; keeps between calls only what may be lost."""

    def __init__(
        self,
        kube: Kube,
        alluxio: Alluxio,
        renderer: Renderer,
        metrics: Metrics,
        now: Callable[[], datetime],
        note: Note = lambda key, conditions: None,  # noqa: ARG005
    ) -> None:
        self._kube = kube
        self._alluxio = alluxio
        self._renderer = renderer
        self._metrics = metrics
        self._now = now
        self._note = note
        self._kept: dict[OwnerKey, _Kept] = {}

    def is_news(self, request: Request) -> bool:
        """Tell whether there may be something to do; not for an event of one of the operator's own writes."""
        kept = self._kept.get(request.key)
        return kept is None or is_news(kept.objects, request)

    def drifted(self, namespaces: Iterable[str]) -> Iterable[Request]:
        """Return requests for the clusters of which an object is no longer as it was left."""
        memories = {key: kept.objects for key, kept in self._kept.copy().items()}
        return sweep(self._kube, namespaces, f"{OWNER_KIND_LABEL}={KIND}", memories, _owner_of)

    def __call__(self, request: Request, deadline: Deadline) -> Outcome:
        """Reconcile once."""
        kube = self._kube.within(deadline)
        with self._metrics.stage("observe"):
            observed = observe(kube, self._alluxio, request.key, deadline)
        if observed is None or "deletionTimestamp" in observed.resource["metadata"]:
            # Owner references delete the rest; there is nothing to finish that the API server doesn't finish itself.
            self._kept.pop(request.key, None)
            self._note(request.key, ())
            return Outcome()
        kept = self._kept.setdefault(request.key, _Kept())
        doubt(kept.objects, request)
        with self._metrics.stage("validate"):
            cluster = validate(observed.resource)
        if not isinstance(cluster, Cluster):
            return self._publish(kube, observed, report_problems(cluster, observed, self._now()), None)
        with self._metrics.stage("decide"):
            plan = decide(cluster, observed)
        with self._metrics.stage("render"):
            rendering = Rendering(self._renderer, FOLDER, plan.context, kept.outlines)
            kept.outlines = rendering.outlines
        manifests = rendering.manifests
        recorded = self._record_intent(kube, plan, observed, manifests, kept)
        if recorded is None:
            # Changed or deleted since it was read.
            return AGAIN
        with self._metrics.stage("apply"):
            applied = self._apply(kube, plan, recorded, manifests, request.key, kept)
        return self._publish(
            kube, recorded, report(plan, recorded, applied, [m.ref for m in manifests], self._now()), applied
        )

    def _record_intent(
        self, kube: Kube, plan: Plan, observed: Observed, manifests: Sequence[LazyManifest], kept: _Kept
    ) -> Observed | None:
        """Write down what is about to be made, before it is made; None when the resource changed meanwhile.

        The write is guarded by resourceVersion: a replica that no longer leads and doesn't know it yet fails here.
        """
        before = observed.status
        known = {Ref(item.kind, item.name) for item in before.inventory}
        # All of it at once, due or not yet: a write for each layer would be a third of an installation's status writes.
        new = [m.ref for m in manifests if m.ref not in known]
        journal = plan.journal.status
        claimed = journal is not None and journal != before.journal and _is_intent(journal)
        if not new and not claimed:
            return observed
        intent = before.model_copy(
            update={
                "inventory": (*before.inventory, *(ref.item for ref in new)),
                "journal": journal if claimed else before.journal,
            }
        )
        try:
            resource = publish(kube, observed.resource, intent)
        except (Conflict, NotFound):
            return None
        kept.absent.update(new)
        return observed.with_status(resource, intent)

    def _apply(
        self,
        kube: Kube,
        plan: Plan,
        observed: Observed,
        manifests: Sequence[LazyManifest],
        key: OwnerKey,
        kept: _Kept,
    ) -> Applied:
        labels = {OWNER_KIND_LABEL: key.kind, OWNER_LABEL: key.name}
        due = [m for m in manifests if m.order < plan.until]
        applied = apply(kube, key.namespace, due, kept.objects, labels, kept.absent)
        if plan.rejoin.permit is not None:
            self._permit(kube, key.namespace, plan.rejoin.permit, applied)
        if not applied.refused:
            rendered = {m.ref for m in manifests}
            applied.pruned = prune(kube, key.namespace, observed.status.inventory, rendered, kept.objects, labels)
        return applied

    def _permit(self, kube: Kube, namespace: str, pod: Pod, applied: Applied) -> None:
        """Permit a master to join again without its journal; the status says so by now."""
        try:
            kube.merge(KINDS["Pod"].path(namespace, pod.name), permission(pod))
        except (Conflict, NotFound):
            # Another pod by now, or another state of it: the next look decides anew.
            log.info("pod %s changed before it was permitted to join again", pod.name)
        except Refused as error:
            applied.refused[Ref("Pod", pod.name)] = f"Pod {pod.name} can't be permitted to join again: {error.message}"
        else:
            log.info("pod %s is permitted to join again without its journal", pod.name)

    def _publish(self, kube: Kube, observed: Observed, result: Report, applied: Applied | None) -> Outcome:
        before, after, now = observed.status, result.status, self._now()
        self._note(OwnerKey(KIND, observed.names.namespace, observed.names.cluster), after.conditions)
        written = events.notes((), (), applied)
        with self._metrics.stage("report"):
            if after == before and observed.resource.get("status"):
                events.post(kube, observed.resource, written, now)
                return Outcome(result.requeue_after, changed=bool(written))
            try:
                publish(kube, observed.resource, after)
            except NotFound:
                # Deleted meanwhile: the API server removes what was made for it.
                return AGAIN
            except Conflict:
                # What was written is told now; of the conditions tells the reconcile that gets its status written.
                events.post(kube, observed.resource, written, now)
                return Outcome(AGAIN.requeue_after, changed=bool(written))
            _log_changes(after, applied)
            events.post(kube, observed.resource, events.notes(before.conditions, after.conditions, applied), now)
        return Outcome(result.requeue_after, changed=True)


def _is_intent(journal: JournalStatus) -> bool:
    return journal.state == "Initializing" or journal.rejoin is not None


def _owner_of(metadata: Mapping[str, Any]) -> OwnerKey | None:
    owner = metadata.get("labels", {}).get(OWNER_LABEL)
    return OwnerKey(KIND, metadata["namespace"], owner) if owner else None


def _log_changes(status: ClusterStatus, applied: Applied | None) -> None:
    fields: Mapping[str, object] = {
        "step": status.phase,
        "summary": status.summary,
        "objects_created": [f"{r.kind}/{r.name}" for r in applied.created] if applied else [],
        "objects_changed": [f"{r.kind}/{r.name}" for r in applied.changed] if applied else [],
        "objects_pruned": [f"{r.kind}/{r.name}" for r in applied.pruned] if applied else [],
        "refused": list(applied.refused.values()) if applied else [],
    }
    log.info("status changed", extra={key: value for key, value in fields.items() if value})
