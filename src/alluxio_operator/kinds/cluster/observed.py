"""What one look at a cluster found: the only thing that decisions know of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from alluxio_operator.alluxio.answers import Answer, BackupStatus, MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.usage import UsageReading
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.storage.pvc import VolumeObjects
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

JOURNAL_ANNOTATION = "alluxio-operator.io/journal"
"""On a journal's claim: `initialized` from the moment that it was; outlives the resource, as the volume does."""
MEMBERS_ANNOTATION = "alluxio-operator.io/journal-members"
"""On a journal's claim: for how many masters the journal was made, where it is more than one."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at a cluster. `resource` is what the API server holds; the rest is what was found around it.

    Jobs and claims of the journal are by the ordinal of their master, `answers` of the masters by pod. `master` is the
    word of the one that leads. `indexes`, how far each master has the journal, are only asked for when one lacks it.
    """

    resource: Object
    status: ClusterStatus
    pods: tuple[Pod, ...] = ()
    journal_jobs: Mapping[int, Object] = field(default_factory=dict)
    journal_claims: Mapping[int, Object] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    indexes: Mapping[str, int] = field(default_factory=dict)
    master: MasterInfo | NoAnswer = field(default_factory=lambda: NoAnswer("no master has an address yet"))
    job_master_serves: bool = False
    claims: tuple[Object, ...] | None = None
    """Claims of the cluster; None when there was no need to look."""
    refused_pods: Mapping[str, str] = field(default_factory=dict)
    """By role: in whose words the API server refuses to let its workload have any pod."""
    used: UsageReading = None
    """CPU and memory of the pods, asked for while a change is under way only."""

    backup: BackupStatus | NoAnswer | None = None
    """How the backup stands that the status says is running."""
    volumes: VolumeObjects | None = None
    """PVCs and the StatefulSets that make them; None when every size is as recorded, so that nobody looked."""
    ufs: UfsHealth | None = None
    """How the storage below is, asked for when a master is about to be replaced only."""
    good_spec: Mapping[str, Any] | None = None
    """The last good spec, read only while it is followed in place of the resource's."""

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
        """Whether the status or a claim says that this journal has been in use."""
        known = self.status.journal is not None and self.status.journal.state == "Initialized"
        return known or any(_in_use(claim) for claim in self.journal_claims.values())

    @property
    def journal_members(self) -> int | None:
        """For how many masters the journal was made, as claims say that were in use; None when there are none."""
        said = [
            _annotations(claim).get(MEMBERS_ANNOTATION, "1") for claim in self.journal_claims.values() if _in_use(claim)
        ]
        return max((int(number) for number in said if number.isdecimal()), default=None)

    def role(self, role: str) -> tuple[Pod, ...]:
        """Return the pods of a role."""
        return tuple(pod for pod in self.pods if pod.role == role)

    def master_named(self, name: str | None) -> Pod | None:
        """Return the pod of a master, such as the one that leads."""
        return next((pod for pod in self.role(names.MASTER) if pod.name == name), None)

    def with_status(self, resource: Object, status: ClusterStatus) -> Observed:
        """Return the same look after a status was written."""
        return replace(self, resource=resource, status=status)


def _annotations(obj: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = obj["metadata"].get("annotations", {})
    return found


def _in_use(claim: Object) -> bool:
    return _annotations(claim).get(JOURNAL_ANNOTATION) == "initialized"
