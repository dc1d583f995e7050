"""The observation of a cluster in one reconcile: the only input of decisions, with the spec and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from alluxio_operator.alluxio.answers import Answer, MasterInfo, NoAnswer, QuorumInfo, Unfinished, UnpersistedFiles
from alluxio_operator.alluxio.at_risk import AtRisk
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.reading import Reading
from alluxio_operator.engine.usage import UsageReading
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.backup.requested import FoundBackup
from alluxio_operator.kinds.cluster.masters import kept_change
from alluxio_operator.kinds.cluster.masters.kept_change import KeptChange
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.removal.reading import RemovalReading
from alluxio_operator.kinds.cluster.storage.pvc import VolumeObjects, is_leaving
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

JOURNAL_ANNOTATION = "alluxio-operator.io/journal"
"""Annotation of a journal's PVC: `initialized` once the journal is. It outlives the resource, as the PVC does."""
RESTORING: Final = "restoring-"
"""Beginning of that annotation's value until a restore is proven: the journal may hold only a part of the backup."""
MEMBERS_ANNOTATION = "alluxio-operator.io/journal-members"
"""Annotation of a journal's PVC: the number of masters that the journal was created for, if more than one."""


HOSTS_ANNOTATION: Final = "alluxio-operator.io/journal-hosts"
"""Annotation of a journal's PVC: `Service` if its members know each other by a Service for each, also a single one."""
CHANGE_ANNOTATION: Final = "alluxio-operator.io/journal-change"
"""Annotation of the first master's PVC while the number of masters changes: the state of that change."""
FORMER: Final = "former"
"""Value of the annotation of the journal of a master that was removed from the quorum: no cluster is to serve it."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One observation. `resource` is the API server's object.

    Keys of `journal_jobs` and `journal_claims` are the ordinals of the masters, keys of `answers` the names of their
    pods. `master` is the leader's answer. `indexes` are the journal indexes of the masters; the operator asks for them
    only while a master lacks its journal or doesn't finish its startup.
    """

    resource: Object
    status: ClusterStatus
    pods: tuple[Pod, ...] = ()
    unread: tuple[str, ...] = ()
    """Paths of the status that another version has written and this one can't read."""
    journal_jobs: Mapping[int, Object] = field(default_factory=dict)
    journal_claims: Mapping[int, Object] = field(default_factory=dict)
    leaving_claims: tuple[str, ...] = ()
    """Journals' PVCs that are being deleted, or will be: with their earlier cluster. Their journals are gone."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    indexes: Mapping[str, int] = field(default_factory=dict)
    master: MasterInfo | NoAnswer = field(default_factory=lambda: NoAnswer("no master has an address yet"))
    job_master_serves: bool = False
    claims: tuple[Object, ...] | None = None
    """PVCs of the cluster; None if they weren't read."""
    shared_claims: tuple[Object, ...] = ()
    """PVCs of user volumes that pods on several nodes mount."""
    pod_creation_failures: Mapping[str, str] = field(default_factory=dict)
    """By role, the API server's message rejecting its pods, with a remedy; read only while the cluster isn't Ready."""
    used: UsageReading = None
    """CPU and memory of the pods; read only during a change."""

    requested_backup: FoundBackup | None = None
    """The AlluxioBackup that status.upgradeBackup names; read only when masters are about to change their version."""
    written_backups: tuple[Object, ...] | None = None
    """All AlluxioBackups that name the cluster; read only when the rollout is about to replace a ready master."""
    backups: tuple[Object, ...] | None = None
    """AlluxioBackups that name the cluster; None if the spec has no schedule, so that no read is needed."""
    drills: tuple[Object, ...] | None = None
    """AlluxioDrills that name the cluster; None if the spec has no schedule of them."""
    found_backup: FoundBackup | None = None
    """The AlluxioBackup to restore; read only before the restore is on record."""
    found_safety_backup: FoundBackup | None = None
    """The AlluxioBackup that is made before a restore in place; read only meanwhile."""
    unpersisted: UnpersistedFiles | Unfinished | NoAnswer | None = None
    """Data that a restore in place would lose; asked only before it is confirmed."""
    at_risk: Reading[AtRisk | NoAnswer] | None = None
    """The last listing of what single workers hold; None if the operator lists nothing."""
    removal: RemovalReading | None = None
    """What a removal of workers depends on; asked only while workers are to go and a master leads."""
    check_job: Object | None = None
    check_pods: tuple[Pod, ...] = ()
    check_result: str = ""
    """The Job that reads the file of a restore in place, its pods, and what it said; read only meanwhile."""
    in_place_jobs: Mapping[int, Object] = field(default_factory=dict)
    """The Jobs that set journals aside or give them their names back, by ordinal; read only meanwhile."""
    own_image: str = ""
    """The operator's image; read only during a restore in place."""
    restored_entries: int | None = None
    """Number of entries that the leader has restored itself, -1 if it serves clients and has restored none.

    None while it may still restore, without an answer, or if not asked.
    """
    quorum_info: QuorumInfo | NoAnswer | None = None
    """Members of the quorum as the leader has them; read only while their number changes or is to change."""
    joining_job: Object | None = None
    """The Job that prepares the journal of the master that joins next; read only meanwhile."""
    masters_stopped: bool = False
    """Whether no master runs and none can start; read only while journals are to be emptied."""
    emptying_jobs: Mapping[int, Object] = field(default_factory=dict)
    """The Jobs that empty the journals, by ordinal; read only meanwhile."""
    volumes: VolumeObjects | None = None
    """PVCs and the StatefulSets that create them; None if the status records every size, so that no read is needed."""
    ufs: UfsHealth | None = None
    """Health of the UFS; probed only when the rollout is about to replace a master."""
    good_spec: Mapping[str, Any] | None = None
    """The last good spec; read only during a rollback."""

    @property
    def generation(self) -> int:
        """Generation of the spec."""
        return int(self.resource["metadata"]["generation"])

    @property
    def names(self) -> Names:
        """Names of the cluster's objects."""
        return Names(self.resource["metadata"]["name"], self.resource["metadata"]["namespace"])

    @property
    def journal_was_initialized(self) -> bool:
        """Whether the status or a PVC records that the journal was initialised."""
        known = self.status.journal is not None and self.status.journal.state == "Initialized"
        return known or self.has_initialized_claim

    @property
    def has_initialized_claim(self) -> bool:
        """Whether a PVC records that the journal was initialised; unknown, and False, once the status does."""
        return any(_in_use(claim) for claim in self.journal_claims.values())

    @property
    def unfinished_restores(self) -> tuple[str, ...]:
        """The journals' PVCs whose restore wasn't proven, without those that are being deleted."""
        uid, prefix = self.resource["metadata"]["uid"], self.names.journal_claim(0).removesuffix("0")
        return tuple(
            sorted(
                one["metadata"]["name"]
                for one in self.claims or ()
                if _annotations(one).get(JOURNAL_ANNOTATION, "").startswith(RESTORING)
                and one["metadata"]["name"].startswith(prefix)
                and not is_leaving(one, uid)
            )
        )

    @property
    def journal_members(self) -> int | None:
        """Number of masters that the journal was created for, by its PVCs; None if no PVC has a journal."""
        counts = [
            _annotations(claim).get(MEMBERS_ANNOTATION, "1") for claim in self.journal_claims.values() if _in_use(claim)
        ]
        return max((int(number) for number in counts if number.isdecimal()), default=None)

    @property
    def kept_change(self) -> KeptChange | None:
        """A change of the number of masters that an earlier cluster has begun, by the first master's PVC."""
        first = self.journal_claims.get(0)
        return kept_change.read(_annotations(first).get(CHANGE_ANNOTATION, "")) if first and _in_use(first) else None

    def former_journals(self, members: int) -> tuple[str, ...]:
        """Return the PVCs of the first `members` masters that keep the journal of a former one."""
        return tuple(
            claim["metadata"]["name"]
            for ordinal, claim in sorted(self.journal_claims.items())
            if ordinal < members and _annotations(claim).get(JOURNAL_ANNOTATION) == FORMER
        )

    @property
    def journal_has_services(self) -> bool:
        """Whether the PVCs record that the members of the journal know each other by Services."""
        return any(_annotations(claim).get(HOSTS_ANNOTATION) == "Service" for claim in self.journal_claims.values())

    @property
    def tiers_of_before(self) -> tuple[str, ...]:
        """The PVCs of workers' tiers that exist, without those that are being deleted."""
        uid, workers = self.resource["metadata"]["uid"], f"-{self.names.of(names.WORKER)}-"
        found = (one["metadata"]["name"] for one in self.claims or () if not is_leaving(one, uid))
        return tuple(sorted(name for name in found if name.startswith("tier-") and workers in name))

    def role(self, role: str) -> tuple[Pod, ...]:
        """Return the pods of a role."""
        return tuple(pod for pod in self.pods if pod.role == role)

    def master_named(self, name: str | None) -> Pod | None:
        """Return the pod of a master by its name, such as the leader's; None if it doesn't exist."""
        return next((pod for pod in self.role(names.MASTER) if pod.name == name), None)

    def with_status(self, resource: Object, status: ClusterStatus) -> Observed:
        """Return the observation with the resource and status after a status write."""
        return replace(self, resource=resource, status=status)


def _annotations(obj: Object) -> Mapping[str, str]:
    annotations: Mapping[str, str] = obj["metadata"].get("annotations", {})
    return annotations


def _in_use(claim: Object) -> bool:
    return _annotations(claim).get(JOURNAL_ANNOTATION) == "initialized"
