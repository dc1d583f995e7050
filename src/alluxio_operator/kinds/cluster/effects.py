"""What is done to the world beside applying manifests: each deed is on record in the status by the time it is done."""

from __future__ import annotations

import logging
from dataclasses import replace

from alluxio_operator.alluxio.answers import Alluxio
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.work import Deadline
from alluxio_operator.kinds.cluster.decide import Plan
from alluxio_operator.kinds.cluster.masters.rejoin import permission
from alluxio_operator.kinds.cluster.objects.dynamic import DynamicUpdate, after_update
from alluxio_operator.kinds.cluster.observe import rpc_port
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.report import Report
from alluxio_operator.kinds.cluster.rollout import revisions
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import begun, directory
from alluxio_operator.kinds.cluster.rollout.rollout import may_delete
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Ref
from alluxio_operator.workloads.pods import Pod

log = logging.getLogger(__name__)


def permit(kube: Kube, namespace: str, pod: Pod, applied: Applied) -> None:
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


def replace_pods(kube: Kube, namespace: str, plan: Plan, applied: Applied) -> None:
    """Delete the pods that are to be replaced; the status names them by now."""
    workloads = {ref.name: obj for ref, obj in applied.live.items() if ref.kind in WORKLOADS}
    for pod in plan.rollout.delete:
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


def tell(alluxio: Alluxio, dynamic_update: DynamicUpdate, observed: Observed, deadline: Deadline) -> DynamicUpdate:
    """Tell the leading master what it takes while it runs; once more is as good as once."""
    leader = dynamic_update.leader
    if leader is None:
        return dynamic_update
    port = rpc_port(leader, observed.resource)
    return after_update(
        dynamic_update, alluxio.update_configuration(leader.ip, port, dynamic_update.properties, deadline)
    )


def back_up(alluxio: Alluxio, plan: Plan, observed: Observed, told: Report, deadline: Deadline) -> Report:
    """Have the leader begin the backup that the status says is requested."""
    leader = observed.master_named(plan.quorum.leader)
    known = told.status.upgrade_backup
    if leader is None or known is None:
        return told
    port = rpc_port(leader, observed.resource)
    place = directory(plan.cluster.spec)
    answer = alluxio.backup(leader.ip, port, place, deadline)
    log.info("backup of the journal into %s: %s", place, answer)
    return replace(told, status=told.status.model_copy(update={"upgrade_backup": begun(known, answer)}))


def keep_what_is_good(kube: Kube, observed: Observed, told: Report) -> Report:
    """Keep a spec before the status names it as one to go back to."""
    good, before = told.status.last_good_spec, observed.status.last_good_spec
    if good is None or good == before:
        return told
    refusal = revisions.keep(kube, observed.resource, good)
    if refusal is None:
        return told
    log.warning("the spec can't be kept, so there is no going back to it: %s", refusal)
    return replace(told, status=told.status.model_copy(update={"last_good_spec": before}))
