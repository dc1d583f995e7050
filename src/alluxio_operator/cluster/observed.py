"""What one look at a cluster found: the only thing that decisions know of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.status import ClusterStatus
from alluxio_operator.cluster.names import Names
from alluxio_operator.cluster.pods import Pod
from alluxio_operator.kube.kinds import Object

JOURNAL_ANNOTATION = "alluxio-operator.io/journal"
"""On a journal's claim: `initialized` from the moment that it was; outlives the resource, as the volume does."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at a cluster. `resource` is what the API server holds; the rest is what was found around it."""

    resource: Object
    status: ClusterStatus
    pods: tuple[Pod, ...] = ()
    journal_job: Object | None = None
    journal_claim: Object | None = None
    master: MasterInfo | NoAnswer = field(default_factory=lambda: NoAnswer("no master has an address yet"))
    job_master_serves: bool = False
    refused_pods: Mapping[str, str] = field(default_factory=dict)
    """By role: in whose words the API server refuses to let its workload have any pod."""

    @property
    def generation(self) -> int:
        """Generation of the spec that was read."""
        return int(self.resource["metadata"]["generation"])

    @property
    def names(self) -> Names:
        """Names of the cluster's objects."""
        return Names(self.resource["metadata"]["name"], self.resource["metadata"]["namespace"])

    @property
    def journal_was_initialized(self) -> bool:
        """Whether the status or the claim says that this journal has been in use."""
        if self.status.journal is not None and self.status.journal.state == "Initialized":
            return True
        if self.journal_claim is None:
            return False
        annotations: Mapping[str, str] = self.journal_claim["metadata"].get("annotations", {})
        return annotations.get(JOURNAL_ANNOTATION) == "initialized"

    def role(self, role: str) -> tuple[Pod, ...]:
        """Return the pods of a role."""
        return tuple(pod for pod in self.pods if pod.role == role)

    def with_status(self, resource: Object, status: ClusterStatus) -> Observed:
        """Return the same look after a status was written."""
        return replace(self, resource=resource, status=status)
