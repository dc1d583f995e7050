"""One observation of a backup: all that decisions know of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from alluxio_operator.alluxio.answers import BackupStatus, NoAnswer
from alluxio_operator.api.alluxiobackup import BackupStatus as Status
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class Observed:
    """The resource as the API server has it, its parsed status, and what was found around it."""

    resource: Object
    status: Status
    cluster: Object | None = None
    """The AlluxioCluster that the spec names; None if it doesn't exist."""
    others: tuple[Object, ...] = ()
    """The other backups of the cluster that Alluxio hasn't written yet."""
    leader: Pod | None = None
    """The pod of the leading master, if it runs."""
    leader_image: str = ""
    """The image of its container."""
    answer: BackupStatus | NoAnswer | None = None
    """What the leading master reports of a backup that runs."""
    job: Object | None = None
    """The Job on record."""
    pods: tuple[Pod, ...] = ()
    """Pods of the Job."""
    results: Mapping[str, str] = field(default_factory=dict)
    """By container, the message with which it ended, in the newest pod of the Job."""
    neighbours: tuple[Object, ...] | None = None
    """All other backups of the namespace; read only before a Job starts."""
    most_jobs: int = 1
    """Number of Jobs of backups that may run in a namespace."""
    image: str = ""
    """The operator's own image; empty if it isn't known."""
    pod_creation_failures: Mapping[str, str] = field(default_factory=dict)
    """By component, the API server's message rejecting its pods, with a remedy."""

    @property
    def generation(self) -> int:
        """Generation of the spec that was read."""
        return int(self.resource["metadata"]["generation"])

    def with_status(self, resource: Object, status: Status) -> Observed:
        """Return the same observation after a status was written."""
        return replace(self, resource=resource, status=status)
