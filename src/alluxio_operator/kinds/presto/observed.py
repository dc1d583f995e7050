"""What one look at a Presto found: the only thing that decisions know of the world."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.usage import UsageReading
from alluxio_operator.kinds.presto.autoscaling.target import Load
from alluxio_operator.kinds.presto.cache.connection import CacheLook
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at a Presto. `resource` is what the API server holds; the rest is what was found around it."""

    resource: Object
    status: PrestoStatus
    pods: tuple[Pod, ...] = ()
    coordinator: CoordinatorInfo | NoAnswer = field(default_factory=lambda: NoAnswer("it has no address yet"))
    processors: float | None = None
    """Average share of their processors that the workers use; None when nobody asked, or none said."""
    cache: CacheLook | None = None
    used: UsageReading = None
    """CPU and memory of the pods, asked for while a change is under way only."""

    @property
    def generation(self) -> int:
        """Generation of the spec that was read."""
        return int(self.resource["metadata"]["generation"])

    @property
    def load(self) -> Load | None:
        """How much there is to do; None while no coordinator says."""
        if isinstance(self.coordinator, NoAnswer):
            return None
        told = self.coordinator
        return Load(told.running, told.queued, told.active_workers, self.processors)

    def role(self, role: str) -> tuple[Pod, ...]:
        """Return the pods of a role."""
        return tuple(pod for pod in self.pods if pod.role == role)

    def with_status(self, resource: Object, status: PrestoStatus) -> Observed:
        """Return the same look after a status was written."""
        return replace(self, resource=resource, status=status)
