"""Progress of a workload, from the status fields of StatefulSets, DaemonSets and Deployments.

For a workload with update strategy OnDelete, only the number of pods and their readiness count.
"""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.kube.kinds import Object


@dataclass(frozen=True, slots=True)
class WorkloadProgress:
    """Desired, existing and ready pods; `settled`: the workload's controller has nothing left to do."""

    wanted: int
    existing: int
    ready: int
    settled: bool
    counted: bool = True
    """False for a DaemonSet whose nodes its controller hasn't counted yet: the zeros above mean nothing."""


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
    return WorkloadProgress(wanted, existing, ready, settled, counted)
