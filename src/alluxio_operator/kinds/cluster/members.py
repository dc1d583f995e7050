"""Status of the masters: each member, the leader, and how many are available."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster_status import MastersStatus, MemberStatus
from alluxio_operator.engine.gate import After, Requeue
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.decide import Plan
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.workloads.progress import WorkloadProgress

LEADER_POLL: Final = After(60.0)
"""The leader may change without an event of Kubernetes, for example when it hangs for a moment."""
SPACE_POLL: Final = After(300.0)
"""The journal's volume fills up without an event, also that of a lone master."""


def masters_status(plan: Plan, observed: Observed) -> MastersStatus:
    """Return the status of the masters."""
    cluster, quorum = plan.cluster, plan.view.quorum
    serving = isinstance(observed.master, MasterInfo)
    runs = cluster.spec.masters.replicas > 0
    known = observed.status.masters.version
    low = {one.master: one.free_percent for one in plan.view.low_space}
    return MastersStatus(
        ready=sum(pod.ready for pod in observed.role(names.MASTER)),
        wanted=cluster.spec.masters.replicas,
        leader=quorum.leader if serving else None,
        # Without an answer, the leader may still run that version: a change of it waits for a backup.
        version=observed.master.version if isinstance(observed.master, MasterInfo) else known if runs else None,
        quorum=f"{quorum.available}/{len(quorum.members)}" if runs else None,
        members=tuple(
            MemberStatus(
                name=one.name, role=one.role, message=one.problem[:512], journal_free_percent=low.get(one.name)
            )
            for one in quorum.members
            if runs
        ),
    )


def stopped(cluster: Cluster, rollouts: Mapping[Ref, WorkloadProgress]) -> bool:
    """Return True if the masters are scaled to zero and their pods are gone."""
    state = rollouts.get(Ref("StatefulSet", cluster.names.of(names.MASTER)))
    return cluster.spec.masters.replicas == 0 and (state is None or (state.settled and not state.existing))


def requeue_at_rest(plan: Plan) -> Requeue | None:
    """Return when to reconcile a cluster at rest; None to wait for an event."""
    if not plan.cluster.spec.masters.replicas:
        return None
    return LEADER_POLL if plan.cluster.members > 1 or plan.view.low_space else SPACE_POLL
