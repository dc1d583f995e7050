"""One observation of a drill: all that decisions know of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from alluxio_operator.api.alluxiodrill import DrillStatus
from alluxio_operator.engine.ownership import controller_uid
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.seen_job import NONE, SeenJob


@dataclass(frozen=True, slots=True)
class Observed:
    """The resource as the API server has it, its parsed status, and what was found around it."""

    resource: Object
    status: DrillStatus
    cluster: Object | None = None
    """The AlluxioCluster that the spec names, with the spec that it follows; None if it doesn't exist."""
    throw_away: Object | None = None
    """The AlluxioCluster on record as the throw-away one; also one of another owner."""
    leftovers: tuple[str, ...] = ()
    """What of the throw-away cluster is still to go, in words."""
    backups: tuple[Object, ...] = ()
    """The AlluxioBackups of the cluster, until the copy is made."""
    others: tuple[Object, ...] = ()
    """The other drills of the namespace that haven't ended, until this one begins."""
    preparations: tuple[Object, ...] = ()
    """All Jobs that wrote the copy or tried to, once everything is to go: their pods keep the PVC of the copy."""
    prepare: SeenJob = NONE
    read: SeenJob = NONE
    image: str = ""
    """The operator's own image; empty if it isn't known."""
    pod_creation_failures: Mapping[str, str] = field(default_factory=dict)
    """By component, the API server's message rejecting its pods, with a remedy."""

    @property
    def generation(self) -> int:
        """Generation of the spec that was read."""
        return int(self.resource["metadata"]["generation"])

    @property
    def own(self) -> Object | None:
        """The throw-away cluster, if it is this drill's."""
        found = self.throw_away
        return found if found is not None and controller_uid(found) == self.resource["metadata"]["uid"] else None

    def backup(self, name: str) -> Object | None:
        """Return the AlluxioBackup with a name."""
        return next((one for one in self.backups if one["metadata"]["name"] == name), None)

    def with_status(self, resource: Object, status: DrillStatus) -> Observed:
        """Return the same observation after a status was written."""
        return replace(self, resource=resource, status=status)
