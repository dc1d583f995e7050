"""Progress of a workload, from the status fields of StatefulSets, DaemonSets and Deployments.

For a workload with update strategy OnDelete, only the number of pods and their readiness count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.kube.kinds import Object
from alluxio_operator.transport.printable import printable
from alluxio_operator.workloads.pods import Pod, first_trouble
from alluxio_operator.workloads.remedies import pod_remedy

MAX_MESSAGE: Final = 600


@dataclass(frozen=True, slots=True)
class WorkloadProgress:
    """Desired, existing and ready pods; `settled`: the workload's controller has nothing left to do."""

    wanted: int
    existing: int
    ready: int
    settled: bool
    counted: bool = True
    """False for a DaemonSet whose nodes its controller hasn't counted yet: the zeros above mean nothing."""
    failure: str = ""
    """The API server's message rejecting a pod of a Deployment, for example an additional one during a rollout."""

    def in_words(self, name: str, path: str, pods: Iterable[Pod] = ()) -> str:
        """Return the name of the workload, with what holds it up; `path` is its role's in the spec, `pods` its pods."""
        if self.failure:
            return f"{name} ({self.failure}. {pod_remedy(self.failure, path)})"
        trouble = first_trouble(pod for pod in pods if not pod.ready)
        return f"{name} ({trouble.message})" if trouble else name


def progress_of(workload: Object) -> WorkloadProgress:
    """Return the progress of a workload."""
    spec, status = workload["spec"], workload.get("status", {})
    observed = status.get("observedGeneration", 0)
    seen = observed >= workload["metadata"]["generation"]
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        existing = status.get("currentNumberScheduled", 0)
        updated, ready = status.get("updatedNumberScheduled", 0), status.get("numberReady", 0)
    else:
        wanted = spec.get("replicas", 1)
        existing = status.get("replicas", 0)
        updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    if spec.get("updateStrategy", {}).get("type") == "OnDelete":
        # The operator replaces these pods: its rollout knows which ones run an older revision.
        updated = existing
    settled = seen and updated >= wanted and ready >= wanted and existing <= wanted
    counted = workload["kind"] != "DaemonSet" or observed > 0
    return WorkloadProgress(wanted, existing, ready, settled, counted, _failure(status))


def _failure(status: Object) -> str:
    # Of the workloads' controllers, only that of Deployments reports it in a status.
    conditions: Iterable[Mapping[str, str]] = status.get("conditions", ())
    found = (one for one in conditions if one["type"] == "ReplicaFailure" and one["status"] == "True")
    return next((printable(one.get("message", ""))[:MAX_MESSAGE].rstrip(". ") for one in found), "")
