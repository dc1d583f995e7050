"""One reconcile of an AlluxioCluster, readable from top to bottom; each stage lives in a module of its own name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from alluxio_operator.alluxio.answers import Alluxio
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.status import JournalStatus
from alluxio_operator.cluster import growth
from alluxio_operator.cluster.decide import Plan, decide
from alluxio_operator.cluster.observe import observe
from alluxio_operator.cluster.observed import Observed
from alluxio_operator.cluster.pods import Pod
from alluxio_operator.cluster.rejoin import permission
from alluxio_operator.cluster.report import report, report_problems
from alluxio_operator.cluster.roll import may_delete
from alluxio_operator.cluster.validate import Cluster, validate
from alluxio_operator.cluster.volumes import unsettled
from alluxio_operator.cluster.wanted_volumes import wanted
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Ref
from alluxio_operator.pipeline.applied import WORKLOADS, Applied
from alluxio_operator.pipeline.owned import AGAIN, Look, Owned
from alluxio_operator.pipeline.render import Renderer
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.upgradeable import Note, unnoted
from alluxio_operator.work import Deadline, Outcome, Request

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
    ) -> None:
        self._kube = kube
        self._alluxio = alluxio
        self._metrics = metrics
        self._now = now
        self._owned = Owned(KIND, FOLDER, kube, renderer, metrics, now, note)

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
            return Outcome()
        kept = self._owned.kept(request)
        look = Look(observed.resource, observed.status)
        with self._metrics.stage("validate"):
            cluster = validate(observed.resource)
        if not isinstance(cluster, Cluster):
            told = report_problems(cluster, observed, self._now())
            return self._owned.publish(kube, look, told.status, None, told.requeue_after)
        sizes = wanted(cluster.spec, cluster.names)
        with self._metrics.stage("observe"):
            found = growth.look(kube, cluster.names, observed, sizes) if unsettled(sizes, observed.status) else None
        with self._metrics.stage("decide"):
            plan = decide(cluster, observed, self._now(), found)
        manifests = self._owned.render(plan.context, kept)
        if cluster.spec.paused:
            applied = self._owned.compare(kube, request.key, manifests, plan.until, kept)
        else:
            recorded = self._owned.record(kube, look, manifests, kept, _claims(plan, observed))
            if recorded is None:
                # Changed or deleted since it was read.
                return AGAIN
            look, observed = recorded, observed.with_status(recorded.resource, recorded.status)
            inventory = look.status.inventory
            answers = growth.ask(kube, request.key.namespace, plan.volumes.ask)
            anew = {Ref("StatefulSet", one.name): one.uid for one in plan.volumes.anew}
            applied = self._owned.apply(kube, request.key, inventory, manifests, plan.until, kept, plan.waiting, anew)
            applied.changed += [ref for ref in answers.grown if ref not in applied.changed]
            applied.not_grown = answers.refused
            if plan.rejoin.permit is not None:
                self._permit(kube, request.key.namespace, plan.rejoin.permit, applied)
            _replace(kube, request.key.namespace, plan, applied)
        told = report(plan, observed, applied, [m.ref for m in manifests], self._now())
        return self._owned.publish(kube, look, told.status, applied, told.requeue_after)

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


def _replace(kube: Kube, namespace: str, plan: Plan, applied: Applied) -> None:
    """Delete the pods that are to be replaced; the status names them by now."""
    workloads = {ref.name: obj for ref, obj in applied.live.items() if ref.kind in WORKLOADS}
    for pod in plan.roll.delete:
        if not may_delete(workloads.get(plan.cluster.names.of(pod.role)), plan.hashes.get(pod.role)):
            # Made anew now it would be as it was.
            continue
        try:
            kube.delete(KINDS["Pod"].path(namespace, pod.name), uid=pod.uid)
        except (Conflict, NotFound):
            log.info("pod %s was replaced by somebody else", pod.name)
        except Refused as error:
            applied.refused[Ref("Pod", pod.name)] = f"Pod {pod.name} can't be replaced: {error.message}"
        else:
            applied.replaced.append(Ref("Pod", pod.name))


def _claims(plan: Plan, observed: Observed) -> Mapping[str, Any]:
    """Return what of the status has to be on record before anything is done."""
    journal = plan.journal.status
    return {
        "journal": journal if journal is not None and _is_intent(journal) else observed.status.journal,
        "roll": plan.roll.status or observed.status.roll,
        "anew": plan.volumes.anew or observed.status.anew,
    }


def _is_intent(journal: JournalStatus) -> bool:
    return journal.state == "Initializing" or journal.rejoin is not None
