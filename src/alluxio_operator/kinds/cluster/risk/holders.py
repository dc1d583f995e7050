"""Which workers count as holders of a block, and which tiers outlive their pods; pure."""

from __future__ import annotations

from alluxio_operator.alluxio.at_risk import Holders
from alluxio_operator.api.alluxiocluster import Workers
from alluxio_operator.api.tiers import Tier
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed


def holders_of(observed: Observed, workers: Workers) -> Holders:
    """Return the workers by the hosts under which the leader knows them: addresses of pods, or their host names.

    The leader keeps a worker that has ended for some minutes. A location at a host without a worker counts as no copy.
    A worker of a StatefulSet counts also while its pod is being replaced: its host stays.
    """
    own, known = observed.names, {}
    if workers.workload == "StatefulSet":
        known = {own.host(names.WORKER, number): f"{own.of(names.WORKER)}-{number}" for number in range(workers.count)}
    for pod in observed.role(names.WORKER):
        known |= {host: pod.name for host in (pod.ip, own.pod_host(names.WORKER, pod.name)) if host}
    return Holders(known, frozenset(tier.name for tier in workers.tiers if _outlives_pod(tier, workers)))


def _outlives_pod(tier: Tier, workers: Workers) -> bool:
    # A folder of the node lasts for a pod that comes back there; a DaemonSet's PVC is deleted with its pod.
    return tier.storage.host_path is not None or (tier.storage.claim is not None and workers.workload == "StatefulSet")
