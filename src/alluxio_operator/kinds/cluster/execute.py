"""Performs the effects of the capabilities' operations. The driver has recorded the operations in the status first."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.alluxio.answers import Alluxio
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.effects import Create, Delete, Patch
from alluxio_operator.engine.execute import create, delete, patch
from alluxio_operator.engine.operation import Answer, Effect
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.backup.decide import Retire
from alluxio_operator.kinds.cluster.backup.observe import read_backups, read_backups_in_use
from alluxio_operator.kinds.cluster.masters.effects import RemoveMember, TransferLead
from alluxio_operator.kinds.cluster.names import MASTER
from alluxio_operator.kinds.cluster.objects.dynamic import UpdateConfiguration
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.ports import rpc_port
from alluxio_operator.kinds.cluster.removal.effects import CopyBlocks, Decommission
from alluxio_operator.kinds.cluster.removal.execute import decommission
from alluxio_operator.kinds.cluster.removal.observe import Removals
from alluxio_operator.kinds.cluster.restore.decide import MarkForSync
from alluxio_operator.kinds.cluster.rollout import revisions
from alluxio_operator.kinds.cluster.rollout.backup_guard import backups_being_written
from alluxio_operator.kinds.cluster.rollout.effects import KeepSpec, ReplacePod
from alluxio_operator.kinds.cluster.rollout.rollout import may_delete
from alluxio_operator.kinds.cluster.storage import execute as storage
from alluxio_operator.kinds.cluster.storage.expansion import ExpandClaims
from alluxio_operator.kinds.cluster.storage.records import LabelClaims, ProtectClaims
from alluxio_operator.kinds.cluster.ufs.writable import WriteFolder
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Ref
from alluxio_operator.transport.deadline import Deadline

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Executor:
    """Performs the effects of one reconcile; `applied` collects changes and the API server's refusals."""

    kube: Kube
    alluxio: Alluxio
    observed: Observed
    applied: Applied
    deadline: Deadline
    removals: Removals

    def __call__(self, effect: Effect) -> Answer:
        """Perform one effect and return its answer."""
        match effect:
            case Patch():
                return patch(self.kube, self._namespace, effect, self.applied)
            case Delete():
                return delete(self.kube, self._namespace, effect, self.applied)
            case ReplacePod():
                return self._replace(effect)
            case Retire():
                return self._retire(effect)
            case ExpandClaims():
                return storage.expand(self.kube, self._namespace, effect, self.applied)
            case LabelClaims():
                return storage.label(self.kube, self.observed.names, effect)
            case ProtectClaims():
                return storage.protect(self.kube, self.observed.names, effect)
            case RemoveMember() | TransferLead():
                return self._change_members(effect)
            case CopyBlocks():
                return self.removals.copy(
                    self.alluxio, OwnerKey(KIND, self._namespace, self.observed.names.cluster), effect
                )
            case Decommission():
                return decommission(self.alluxio, self.observed, effect, self.deadline)
            case Create():
                return create(self.kube, self._namespace, effect)
            case MarkForSync():
                port = rpc_port(effect.leader, self.observed.resource)
                return self.alluxio.mark_for_sync(effect.leader.ip, port, "/", self.deadline)
            case UpdateConfiguration():
                return self._update_configuration(effect)
            case KeepSpec():
                return self._keep(effect)
            case WriteFolder():
                return self._write_folder(effect)
        raise TypeError(f"an AlluxioCluster has no way to perform {effect!r}")

    @property
    def _namespace(self) -> str:
        return self.observed.names.namespace

    def _replace(self, effect: ReplacePod) -> bool:
        """Delete a pod; return True if it is gone."""
        workloads = {ref.name: obj for ref, obj in self.applied.live.items() if ref.kind in WORKLOADS}
        if not may_delete(workloads.get(effect.workload), effect.config_hash):
            # The controller would create the next pod from the old template.
            return False
        pod = effect.pod
        if pod.role == MASTER and pod.ready and self._is_backing_up(effect.at):
            # It has begun since the operator looked: the next reconcile waits for it.
            return False
        try:
            self.kube.delete(KINDS["Pod"].path(self._namespace, pod.name), uid=pod.uid)
        except (Conflict, NotFound):
            log.info("another client has replaced pod %s", pod.name)
        except Refused as error:
            self.applied.refused[Ref("Pod", pod.name)] = f"the operator can't delete Pod {pod.name}: {error.message}"
            return False
        else:
            self.applied.replaced.append(Ref("Pod", pod.name))
        return True

    def _change_members(self, effect: RemoveMember | TransferLead) -> Answer:
        """Ask the leader; the next reconcile reads from it what has become of the request."""
        port, member = rpc_port(effect.leader, self.observed.resource), (effect.host, effect.port)
        ask = self.alluxio.remove_member if isinstance(effect, RemoveMember) else self.alluxio.transfer_lead
        answer = ask(effect.leader.ip, port, member, self.deadline)
        log.info("the leader %s was asked: %s %s: %s", effect.leader.name, type(effect).__name__, effect.host, answer)
        return answer

    def _retire(self, effect: Retire) -> Answer:
        # Read only now: the rules of the retention seldom remove a backup.
        if effect.patch.ref.name in read_backups_in_use(self.kube, self._namespace):
            log.info("%s stays: a drill or a restore that hasn't ended names it", effect.patch.ref.name)
            return False
        patched = patch(self.kube, self._namespace, effect.patch, self.applied)
        if patched:
            self.applied.noted.append(("BackupRemoved", effect.why))
        return patched

    def _is_backing_up(self, now: datetime) -> bool:
        found = read_backups(self.kube, self.observed.names)
        return bool(backups_being_written(found, self.observed.resource["metadata"]["uid"], now))

    def _update_configuration(self, effect: UpdateConfiguration) -> Answer:
        if Ref("ConfigMap", self.observed.names.of(f"{MASTER}conf")) not in self.applied.present:
            # Update the properties file first: the next start of the master reads it.
            return None
        port = rpc_port(effect.leader, self.observed.resource)
        return self.alluxio.update_configuration(effect.leader.ip, port, effect.properties, self.deadline)

    def _write_folder(self, effect: WriteFolder) -> Answer:
        port = rpc_port(effect.leader, self.observed.resource)
        answer = self.alluxio.test_write(effect.leader.ip, port, effect.folder, effect.leftover, self.deadline)
        log.info("the leader %s wrote folder %s as a test: %s", effect.leader.name, effect.folder, answer)
        return answer

    def _keep(self, effect: KeepSpec) -> bool:
        refusal = revisions.keep(self.kube, self.observed.resource, effect.spec)
        if refusal is not None:
            log.warning("the operator can't keep the spec, so no rollback can return to it: %s", refusal)
        return refusal is None
