"""What the worlds of kinds that run once share: their resources, and Jobs whose containers leave results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support import builders
from tests.support.fake_kube import FakeKube
from tests.support.owner_world import OwnerWorld

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]


def task(kind: str, name: str, uid: str, **over: Any) -> Json:
    """Return a resource of a kind that names the cluster, with `over` merged into its spec."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": builders.NAMESPACE, "uid": uid, "generation": 1},
        "spec": builders.merged({"clusterRef": {"name": builders.NAME}}, over),
    }


class TaskWorld(OwnerWorld):
    """The world of one such resource."""

    def put_created(self, one: Json, created: str) -> None:
        """Put another resource with the time of its creation."""
        self.kube.put(one)
        name = one["metadata"]["name"]
        self.kube.edit(
            one["kind"], builders.NAMESPACE, name, lambda one: one["metadata"].update(creationTimestamp=created)
        )

    def gone(self) -> bool:
        """Whether the resource was deleted."""
        return KINDS[self.key.kind].path(self.key.namespace, self.key.name) not in self.kube.objects


def end_job(kube: FakeKube, job: Json, results: Mapping[str, str] | None, failure: str = "") -> None:
    """End a Job, with a pod whose containers leave results; without a pod for None. `failure` is a reason."""
    ended = (
        {"type": "Failed", "status": "True", "reason": failure} if failure else {"type": "Complete", "status": "True"}
    )
    namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
    kube.edit("Job", namespace, name, lambda one: one.update(status={"conditions": [ended]}))
    if results is not None:
        kube.put(_pod(job, results, failed=bool(failure)))


def _pod(job: Json, results: Mapping[str, str], *, failed: bool) -> Json:
    statuses = [
        {"name": name, "state": {"terminated": {"exitCode": 3 if failed else 0, "message": said}}}
        for name, said in results.items()
    ]
    meta = job["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{meta['name']}-x1",
            "namespace": meta["namespace"],
            "labels": job["spec"]["template"]["metadata"]["labels"],
            "ownerReferences": [{"kind": "Job", "uid": meta["uid"], "controller": True, "name": meta["name"]}],
            "creationTimestamp": "2030-01-02T03:05:00Z",
        },
        "spec": {"restartPolicy": "Never"},
        "status": {"phase": "Failed" if failed else "Succeeded", "containerStatuses": statuses},
    }
