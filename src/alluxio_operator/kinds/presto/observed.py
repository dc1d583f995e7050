"""One observation of a Presto: all that decisions know of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.usage import UsageReading
from alluxio_operator.kinds.presto.autoscaling.target import Load
from alluxio_operator.kinds.presto.cache.connection import ClusterView
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class Observed:
    """The resource as the API server has it, its parsed status, and what was found around it."""

    resource: Object
    status: PrestoStatus
    pods: tuple[Pod, ...] = ()
    shared_claims: tuple[Object, ...] = ()
    """PVCs of user volumes that pods on several nodes mount."""
    coordinator: CoordinatorInfo | NoAnswer = field(default_factory=lambda: NoAnswer("it has no address yet"))
    processors: float | None = None
    """Average share of their processors that the workers use, from 0 to 1; None if it isn't needed or not known."""
    cluster: ClusterView | None = None
    """The AlluxioCluster that the spec refers to; None if it refers to none."""
    pod_creation_failures: Mapping[str, str] = field(default_factory=dict)
    """By role, the API server's message rejecting its pods, with a remedy; read only while the Presto isn't Ready."""
    used: UsageReading = None
    """CPU and memory of the pods; asked for only while a change is under way."""

    @property
    def generation(self) -> int:
        """Generation of the spec that was read."""
        return int(self.resource["metadata"]["generation"])

    @property
    def load(self) -> Load | None:
        """The load; None while no coordinator reports it."""
        if isinstance(self.coordinator, NoAnswer):
            return None
        answer = self.coordinator
        return Load(answer.running, answer.queued, answer.active_workers, self.processors)

    def role(self, role: str) -> tuple[Pod, ...]:
        """Return the pods of a role."""
        return tuple(pod for pod in self.pods if pod.role == role)

    def with_status(self, resource: Object, status: PrestoStatus) -> Observed:
        """Return the same observation after a status was written."""
        return replace(self, resource=resource, status=status)
