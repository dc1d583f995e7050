"""Performs the effects of a backup's operations. The driver has recorded the operations in the status first."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from alluxio_operator.alluxio.answers import AlluxioRpc, NoAnswer
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.effects import Delete, Patch
from alluxio_operator.engine.execute import delete, patch
from alluxio_operator.engine.operation import Answer, Effect
from alluxio_operator.kinds.backup.disruption import disruption_of
from alluxio_operator.kinds.backup.effects import DeleteFolder, StartBackup
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.transport.deadline import Deadline

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Executor:
    """Performs the effects of one reconcile; `applied` collects changes and the API server's refusals."""

    kube: Kube
    alluxio: AlluxioRpc
    namespace: str
    applied: Applied
    deadline: Deadline

    def __call__(self, effect: Effect) -> Answer:
        """Perform one effect and return its answer."""
        match effect:
            case Delete():
                return delete(self.kube, self.namespace, effect, self.applied)
            case Patch():
                # A label that can't be set holds up no backup.
                return patch(self.kube, self.namespace, effect, Applied())
            case StartBackup():
                return self._start(effect)
            case DeleteFolder():
                return self._delete_folder(effect)
        raise TypeError(f"an AlluxioBackup has no way to perform {effect!r}")

    def _start(self, effect: StartBackup) -> Answer:
        host = effect.leader.ip
        if message := self._disruption(effect):
            # It has begun since the operator looked.
            return NoAnswer(message, reached=False)
        if effect.properties:
            accepted = self.alluxio.update_configuration(host, effect.port, effect.properties, self.deadline)
            if isinstance(accepted, NoAnswer):
                # The backup hasn't started.
                return replace(accepted, reached=False)
        answer = self.alluxio.backup(host, effect.port, effect.directory, self.deadline)
        log.info("%s was asked to back up the journal into %s: %s", effect.leader.name, effect.directory, answer)
        return answer

    def _disruption(self, effect: StartBackup) -> str:
        try:
            cluster = self.kube.get(KINDS[CLUSTER].path(self.namespace, effect.cluster))
        except NotFound:
            return f"AlluxioCluster {effect.cluster} was deleted"
        return disruption_of(cluster, effect.own_operation, effect.at)

    def _delete_folder(self, effect: DeleteFolder) -> str:
        answer = self.alluxio.delete_folder(effect.leader.ip, effect.port, effect.path, self.deadline)
        error = answer.reason if isinstance(answer, NoAnswer) else answer
        log.info("%s was asked to delete %s: %s", effect.leader.name, effect.path, error or "done")
        if not error and effect.then is not None:
            delete(self.kube, self.namespace, effect.then, self.applied)
        return error
