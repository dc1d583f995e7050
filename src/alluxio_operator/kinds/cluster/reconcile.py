"""One reconcile of an AlluxioCluster, readable from top to bottom; each stage lives in a module of its own name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from alluxio_operator.alluxio.answers import Alluxio
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.alluxiocluster_status import JournalStatus
from alluxio_operator.engine.managed import REQUEUE_NOW, ManagedObjects, Snapshot
from alluxio_operator.engine.meter import Meter
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.upgradeable import Note, unnoted
from alluxio_operator.engine.work import Deadline, Outcome, OwnerKey, Request
from alluxio_operator.kinds.cluster.decide import Plan, decide
from alluxio_operator.kinds.cluster.effects import back_up, keep_what_is_good, permit, replace_pods, tell
from alluxio_operator.kinds.cluster.observe import observe
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.report import report, report_problems
from alluxio_operator.kinds.cluster.roles import roles_by_container
from alluxio_operator.kinds.cluster.rollout.rollback import followed
from alluxio_operator.kinds.cluster.storage import execute as growth
from alluxio_operator.kinds.cluster.storage.desired import wanted
from alluxio_operator.kinds.cluster.storage.expansion import unsettled
from alluxio_operator.kinds.cluster.ufs.probe import AskUfs, UfsProbe
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.telemetry.metrics import Metrics

FOLDER = "alluxio"

log = logging.getLogger(__name__)


class ClusterReconciler:
    """Brings one AlluxioCluster closer to its spec; keeps between calls only what may be lost."""

    def __init__(
        self,
        kube: Kube,
        alluxio: Alluxio,
        renderer: Renderer,
        metrics: Metrics,
        now: Callable[[], datetime],
        note: Note = unnoted,
        ask_ufs: AskUfs | None = None,
    ) -> None:
        self._kube = kube
        self._alluxio = alluxio
        self._ask_ufs = ask_ufs or UfsProbe()
        self._metrics = metrics
        self._now = now
        self._owned = ManagedObjects(KIND, FOLDER, kube, renderer, metrics, now, note)
        self._meter = Meter(now)

    def is_news(self, request: Request) -> bool:
        """Tell whether there may be something to do; not for an event of one of the operator's own writes."""
        return self._owned.is_news(request)

    def drifted(self, namespaces: Iterable[str]) -> Iterable[Request]:
        """Return requests for the clusters of which an object is no longer as it was left."""
        return self._owned.drifted(namespaces)

    def __call__(self, request: Request, deadline: Deadline) -> Outcome:
        """Reconcile once."""
        kube = self._kube.within(deadline)
        with self._metrics.stage("observe"):
            observed = observe(kube, self._alluxio, request.key, deadline)
        if observed is None or "deletionTimestamp" in observed.resource["metadata"]:
            # Owner references delete the rest; there is nothing to finish that the API server doesn't finish itself.
            self._owned.forget(request.key)
            self._meter.forget(request.key)
            return Outcome()
        kept = self._owned.kept(request)
        look = Snapshot(observed.resource, observed.status)
        with self._metrics.stage("validate"):
            cluster = validate(followed(observed))
        if not isinstance(cluster, Cluster):
            told = report_problems(cluster, observed, self._now())
            return self._owned.publish(kube, look, told.status, None, told.requeue_after)
        sizes = wanted(cluster.spec, cluster.names)
        with self._metrics.stage("observe"):
            # Before anything is done: what is measured by then is what the pods used before.
            observed = self._measured(kube, request.key, cluster, observed, deadline)
            found = growth.look(kube, cluster.names, observed, sizes) if unsettled(sizes, observed.status) else None
        with self._metrics.stage("decide"):
            plan = decide(cluster, observed, self._now(), found)
        if plan.rollout.asks_ufs and not cluster.spec.paused:
            with self._metrics.stage("observe"):
                health = self._ask_ufs(kube, cluster.spec.root_mount, request.key.namespace, deadline)
                observed = replace(observed, ufs=health)
            with self._metrics.stage("decide"):
                plan = decide(cluster, observed, self._now(), found)
        manifests = self._owned.render(plan.context, kept)
        if cluster.spec.paused:
            applied = self._owned.compare(kube, request.key, manifests, plan.until, kept)
        else:
            recorded = self._owned.record(kube, look, manifests, kept, _claims(plan, observed))
            if recorded is None:
                # Changed or deleted since it was read.
                return REQUEUE_NOW
            look, observed = recorded, observed.with_status(recorded.resource, recorded.status)
            inventory = look.status.inventory
            answers = growth.ask(kube, request.key.namespace, plan.volumes.ask)
            anew = {Ref("StatefulSet", one.name): one.uid for one in plan.volumes.recreating}
            applied = self._owned.apply(kube, request.key, inventory, manifests, plan.until, kept, plan.waiting, anew)
            applied.changed += [ref for ref in answers.grown if ref not in applied.changed]
            applied.not_grown = answers.refused
            if plan.rejoin.permit is not None:
                permit(kube, request.key.namespace, plan.rejoin.permit, applied)
            replace_pods(kube, request.key.namespace, plan, applied)
            if not applied.refused:
                # What the next start reads has to be written first.
                plan = replace(plan, dynamic_update=tell(self._alluxio, plan.dynamic_update, observed, deadline))
        told = report(plan, observed, applied, [m.ref for m in manifests], self._now())
        if plan.rollout.backup and plan.rollout.backup.begin and not cluster.spec.paused:
            told = back_up(self._alluxio, plan, observed, told, deadline)
        told = keep_what_is_good(kube, observed, told)
        return self._owned.publish(kube, look, told.status, applied, told.requeue_after)

    def _measured(
        self, kube: Kube, key: OwnerKey, cluster: Cluster, observed: Observed, deadline: Deadline
    ) -> Observed:
        """Return the look with what the pods use, where it is the cost of a change."""
        if cluster.spec.paused or not any(pod.running for pod in observed.pods):
            return observed
        before, selector, role_of = observed.status, observed.names.owned_by_selector, roles_by_container(observed.pods)
        begins = before.observed_generation != cluster.generation or before.restarts != cluster.restarts
        told = self._meter.look(kube, key, selector, role_of, before.history, deadline, begins=begins)
        return replace(observed, used=told)


def _claims(plan: Plan, observed: Observed) -> Mapping[str, Any]:
    """Return what of the status has to be on record before anything is done."""
    journal = plan.journal.status
    return {
        "journal": journal if journal is not None and _is_intent(journal) else observed.status.journal,
        "rollout": plan.rollout.status or observed.status.rollout,
        "upgrade_backup": plan.rollout.backup.status if plan.rollout.backup else observed.status.upgrade_backup,
        "recreating": plan.volumes.recreating or observed.status.recreating,
    }


def _is_intent(journal: JournalStatus) -> bool:
    return journal.state == "Initializing" or journal.rejoin is not None
