"""Computes the values for the templates of the journal: PVCs, Jobs, and the restore that a cluster begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.api.status import JobRun
from alluxio_operator.backup_file.result import REFUSED
from alluxio_operator.engine.jobs import job_spec, stand_in_metadata
from alluxio_operator.kinds.cluster.masters.rejoin import JOINED_ONCE, PERMISSION
from alluxio_operator.kinds.cluster.names import JOURNAL, MASTER
from alluxio_operator.kinds.cluster.objects import properties
from alluxio_operator.kinds.cluster.observed import (
    CHANGE_ANNOTATION,
    FORMER,
    HOSTS_ANNOTATION,
    JOURNAL_ANNOTATION,
    MEMBERS_ANNOTATION,
    RESTORING,
)
from alluxio_operator.kinds.cluster.restore.checking import POLICY as CHECK
from alluxio_operator.kinds.cluster.restore.source import BOOTSTRAP, IN_PLACE, Source, named
from alluxio_operator.kinds.cluster.storage.protection import ANNOTATIONS as PROTECTION
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.workloads.anti_affinity import apart, merged
from alluxio_operator.workloads.stand_in import as_seen_by
from alluxio_operator.workloads.termination_message import NOT_A_MEMBER

SOURCE_FOLDER = "/source"
"""Mount path, in the journal's Jobs, of the volume that has the backup."""


@dataclass(frozen=True, slots=True)
class RestoreValues:
    """The restore that the cluster begins with, and whether no master may run."""

    status: RestoreStatus
    stops_masters: bool = False
    in_place: RestoreInPlaceStatus | None = None
    """The restore in place that it belongs to; None for the one with which the cluster began."""
    isolated: bool = False
    """Whether masters listen only where no client finds them."""

    @property
    def in_progress(self) -> bool:
        """Whether the names aren't proven to be whole."""
        return self.status.state != "Restored"


@dataclass(frozen=True, slots=True)
class JournalValues:
    """Input for the journal's templates: the Jobs to run, and the annotations of the PVCs."""

    job: str | None = None
    operation: str = ""
    skips: frozenset[int] = frozenset()
    """Ordinals of the masters that have no Job."""
    initialized: bool = False
    members: int | None = None
    """Number of masters that the journal was created for; None to use the spec's."""
    change: str = ""
    """State of a change of that number, for the first master's PVC."""
    restore: RestoreValues | None = None
    check: JobRun | None = None
    """The Job that reads the file of a restore in place, before the masters stop."""
    check_source: Source | None = None
    own_image: str = ""


def journal_context(cluster: Cluster, journal: JournalValues, master: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for the journal's templates; `master` are those of the masters' role."""
    spec, names, members = cluster.spec, cluster.names, cluster.members
    annotations = {**PROTECTION, **_claim_annotations(cluster, journal, journal.members or members)}
    # A new member's journal isn't one to adopt before it has joined.
    joining = {**PROTECTION, JOURNAL_ANNOTATION: FORMER}
    first = {CHANGE_ANNOTATION: journal.change} if journal.change and journal.initialized else {}
    return {
        "claims": [
            {
                "name": names.journal_claim(ordinal),
                "annotations": joining if ordinal >= members else annotations if ordinal else {**annotations, **first},
            }
            for ordinal in range(cluster.counts.claims)
        ],
        "members": members,
        "joins": cluster.counts.joins,
        "jobs": [
            {"name": names.journal_job(journal.operation, ordinal), "claim": names.journal_claim(ordinal)}
            for ordinal in _with_job(cluster, journal)
        ],
        "pod": _stand_in(cluster, master, joins=journal.job == "join"),
        "mode": journal.job,
        "operation": journal.operation,
        "restore": _restore(journal.restore),
        "check": _check(journal),
        "ownImage": journal.own_image,
        "permission": PERMISSION,
        "joinedOnce": JOINED_ONCE,
        "notAMember": NOT_A_MEMBER,
        "folder": properties.JOURNAL_FOLDER,
        "owned": spec.deletion_policy == "Delete",
        "storage": spec.masters.journal.storage.model_dump(by_alias=True, mode="json"),
    }


def _with_job(cluster: Cluster, journal: JournalValues) -> Sequence[int]:
    """Return the ordinals of the masters whose journal a Job creates or empties."""
    if journal.job == "join":
        return range(cluster.members, cluster.counts.claims)
    return [one for one in range(cluster.members if journal.job else 0) if one not in journal.skips]


def _stand_in(cluster: Cluster, master: Mapping[str, Any], *, joins: bool) -> dict[str, Any]:
    """Return the placement of the journal's Job pods: it decides on which nodes the volumes are provisioned.

    The Job of a master that joins has the placement of that master, since the others run.
    """
    names = cluster.names
    metadata = stand_in_metadata(names.labels(JOURNAL), master["podLabels"], master["podAnnotations"])
    if joins:
        return {**master, "metadata": metadata}
    own = apart(names.selector(JOURNAL)) if cluster.counts.addressed > 1 else None
    given = as_seen_by(cluster.spec.masters.affinity, MASTER, JOURNAL)
    return {
        **master,
        "affinity": merged(own, given),
        "spread": as_seen_by(master["spread"], MASTER, JOURNAL),
        "metadata": metadata,
    }


def _claim_annotations(cluster: Cluster, journal: JournalValues, members: int) -> dict[str, str]:
    hosts = {} if cluster.names.pod_hosts or members > 1 else {HOSTS_ANNOTATION: "Service"}
    count = {MEMBERS_ANNOTATION: str(members)} if members > 1 else hosts
    if journal.restore is not None and journal.restore.in_progress:
        return {JOURNAL_ANNOTATION: f"{RESTORING}{cluster.uid[:8]}", **count}
    return {JOURNAL_ANNOTATION: "initialized", **count} if journal.initialized else {}


def _restore(values: RestoreValues | None) -> dict[str, Any] | None:
    """Return the values for the journal's Jobs; None for a cluster that restores nothing."""
    if values is None:
        return None
    known = values.status
    place = IN_PLACE if values.in_place else BOOTSTRAP
    field, value = named(known.backup, known.uri, known.location, place)
    return {
        "done": not values.in_progress,
        "operation": known.journal,
        "attempt": known.attempt,
        "claim": known.claim,
        "path": known.location.removeprefix(f"{known.claim}:") if known.claim else "",
        "sha256": known.sha256,
        "field": field,
        "value": value,
        "copyPath": properties.RESTORE_COPY,
        "mount": SOURCE_FOLDER,
        "entries": known.expected,
        "aside": "",
        **(_in_place(values.in_place) if values.in_place else {}),
    }


def _in_place(known: RestoreInPlaceStatus) -> dict[str, Any]:
    return {
        "aside": f"{properties.JOURNAL_FOLDER}/{known.aside}",
        "container": known.next_container,
        # The copy, the journal that the masters write, and as much again for Alluxio's next snapshot of it.
        "kibibytes": -(-3 * known.expanded_bytes // 1024),
    }


def _check(journal: JournalValues) -> dict[str, Any] | None:
    """Return the values for the Job that reads the file of a restore in place."""
    run, values = journal.check, journal.check_source
    if run is None or values is None:
        return None
    return {
        "name": run.name,
        "spec": job_spec(CHECK),
        "claim": values.claim,
        "file": f"{SOURCE_FOLDER}/{values.location.removeprefix(f'{values.claim}:')}",
        "entries": values.expected,
        "mount": SOURCE_FOLDER,
        "refused": REFUSED,
    }
