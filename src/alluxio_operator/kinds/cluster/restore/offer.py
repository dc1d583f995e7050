"""Decides what a restore in place would do, before anything changes: its source, what would be lost, its confirmation.

The confirmation names cluster and backup, and a word that only this request has: a manifest that is applied again
later, or to another cluster, restores nothing. The word is part of the recorded operation. It follows from the uid of
the cluster, the source and the time, so another request for the same backup has another word.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.inplace import RestoreInPlace, RestoreInPlaceStatus
from alluxio_operator.api.volumes import JOURNAL
from alluxio_operator.backups.newest import newest_verified
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import AT_WORK, After, Gate, Severity, blocked
from alluxio_operator.kinds.cluster.backup.requested import FoundBackup
from alluxio_operator.kinds.cluster.masters.quorum import majority, without_journal
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import loss
from alluxio_operator.kinds.cluster.restore.earlier import left_behind
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE, Source, named, source_of
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.text import digest

SKEW: Final = timedelta(seconds=5)
"""By so much the clocks of masters and operator may differ."""

AWAITING: Final = After(300.0)
"""Requeue while nothing is confirmed: an edit wakes the operator, and an AlluxioBackup doesn't."""


def is_new(wanted: RestoreInPlace, known: RestoreInPlaceStatus | None) -> bool:
    """Return True if the spec asks for another restore than the recorded one.

    A restore that has ended belongs to its confirmation: the same backup with another one, or none, is another request.
    """
    if known is None:
        return True
    if not is_about(wanted, known):
        return True
    return known.state == "Cancelled" or (is_over(known) and wanted.confirmation != known.confirmation)


def is_about(wanted: RestoreInPlace, known: RestoreInPlaceStatus) -> bool:
    """Return True if the spec names the same source as the record."""
    return (wanted.backup_name or "", wanted.uri or "", _volume(wanted)) == (known.backup, known.uri, known.volume)


def _volume(wanted: RestoreInPlace) -> str:
    return f"{wanted.volume.claim_name}:{wanted.volume.path}" if wanted.volume is not None else ""


def is_over(known: RestoreInPlaceStatus) -> bool:
    """Return True if a restore has ended."""
    return known.state in ("Restored", "WentBack", "Failed", "Cancelled")


def source_in_place(wanted: RestoreInPlace, found: FoundBackup | None, cluster: Cluster) -> Source | Gate:
    """Return the source, or the closed gate that names the field, its value and the remedy."""
    source = source_of(wanted, found, cluster.spec, cluster.names, IN_PLACE)
    if isinstance(source, Gate):
        return source
    if found is not None and found.resource is not None and wanted.backup_name is not None:
        of = str(found.resource["spec"]["clusterRef"]["name"])
        if of != cluster.names.cluster:
            message = (
                f"{IN_PLACE.field}.backupName: {wanted.backup_name!r}: this AlluxioBackup is of AlluxioCluster {of}. "
                "Remedy: name a backup of this cluster, or restore it into a new cluster with spec.bootstrap.restore"
            )
            return blocked(IN_PLACE.gate, "BackupOfOtherCluster", message, AWAITING)
    kept = lasting_tiers(cluster.spec)
    if empties_workers(source) and kept:
        message = (
            f"{IN_PLACE.field}: Alluxio itself reads {source.location}, so the operator can't raise the numbers of "
            f"blocks in it: new files would get numbers of blocks that the tiers {', '.join(kept)} keep, and a worker "
            "could serve old bytes. Remedy: name a backup with destination.volume, or restore this one into a new "
            "cluster with spec.bootstrap.restore"
        )
        return blocked(IN_PLACE.gate, "TiersHaveData", message, AWAITING)
    return source


def lasting_tiers(spec: ClusterSpec) -> tuple[str, ...]:
    """Return the tiers whose blocks outlive the pod of their worker."""
    return tuple(one.name for one in spec.workers.tiers if one.storage.claim or one.storage.host_path)


def empties_workers(source: Source) -> bool:
    """Return True if the workers have to restart with empty tiers, since the numbers of blocks aren't raised.

    Also for a clean file: a cluster that began with it, or has restored it before, has given its numbers already.
    """
    return not source.claim


def offered(
    wanted: RestoreInPlace, source: Source, observed: Observed, cluster: Cluster, now: datetime
) -> RestoreInPlaceStatus:
    """Return the record of a request: a new one if another source, another content or no confirmation is wanted now.

    So a text that was taken back, or was typed for another backup of that name, never holds again.
    """
    before = observed.status.restore_in_place
    known = None if is_new(wanted, before) or _differs(before, source, observed) else before
    if known is not None and known.state != "AwaitingConfirmation" and wanted.confirmation != known.confirmation:
        known = None
    if known is None:
        words = [wanted.backup_name, wanted.uri, _volume(wanted), source.sha256]
        word = digest([cluster.uid, *words, stamp(now), before and before.operation])[:6]
        known = RestoreInPlaceStatus(
            operation=f"i{word}",
            state="AwaitingConfirmation",
            since=stamp(now),
            backup=wanted.backup_name or "",
            uri=wanted.uri or "",
            volume=_volume(wanted),
            confirmation=f"restore-{cluster.names.cluster}-from-{_title(wanted)}-{word}",
            recovery_point=recovery_point(observed.found_backup) if wanted.backup_name else None,
            backup_uid=_uid(observed.found_backup) if wanted.backup_name else "",
            sha256=source.sha256,
            entries=source.expected,
            next_container=before.next_container if before is not None else 0,
            earlier=left_behind(before),
            # The names of now are those of the last proven restore until this one changes them.
            marked=before.marked if before is not None else "",
            marks_until=before.marks_until if before is not None else None,
        )
    return loss.with_loss(known, observed, now)


def _differs(known: RestoreInPlaceStatus | None, source: Source, observed: Observed) -> bool:
    """Return True if the source isn't what the text of the record confirms."""
    if known is None:
        return False
    other = bool(source.sha256) and source.sha256 != known.sha256
    return (
        other
        or source.expected != known.entries
        or (bool(known.backup) and _uid(observed.found_backup) != known.backup_uid)
    )


def _uid(found: FoundBackup | None) -> str:
    resource = found.resource if found is not None else None
    return str(resource["metadata"]["uid"]) if resource is not None else ""


def newer_than(source: Source, known: RestoreInPlaceStatus | None) -> datetime | None:
    """Return the time after which unpersisted data would be lost; None if all of it would."""
    if known is None or known.recovery_point is None or empties_workers(source):
        return None
    return moment(known.recovery_point) - SKEW


def recovery_point(found: FoundBackup | None) -> str | None:
    """Return the time at which a backup was taken."""
    resource = found.resource if found is not None else None
    started: str | None = resource.get("status", {}).get("started") if resource is not None else None
    return started


def awaiting(known: RestoreInPlaceStatus, wanted: RestoreInPlace, source: Source, cluster: Cluster) -> Gate:
    """Return the closed gate that says what would be lost, and what to type."""
    field, value = named(known.backup, known.uri, known.volume, IN_PLACE)
    title = f"{field}: {value!r}"
    of = f" of {known.recovery_point}" if known.recovery_point else ""
    command = patch_command(cluster, {"confirmation": known.confirmation})
    what = (
        f"The restore replaces all names of this cluster by those of the backup{of} ({source.expected} entries), and "
        f"undoes what was created, renamed or deleted since. {loss.in_words(known.loss)}{_emptied(source)} Clients "
        f"wait until it is over. To restore: {command}"
    )
    given = wanted.confirmation
    if given is None or given == known.confirmation:
        message = f"{title}: nothing has changed yet. {what}"
        # Typed while the record changed: the next reconcile finds the text that it shows.
        requeue = AWAITING if given is None else AT_WORK
        return Gate(IN_PLACE.gate, False, "AwaitingConfirmation", message[:4000], Severity.INFO, requeue)
    message = f"{IN_PLACE.field}.confirmation: {given!r} isn't the text of this restore, so nothing has changed. {what}"
    return Gate(IN_PLACE.gate, False, "WrongConfirmation", message[:4000], Severity.INFO, AWAITING)


def with_offer(gate: Gate, observed: Observed, cluster: Cluster) -> Gate:
    """Return the closed gate of lost journals with the newest verified backup, which is restored only when told to."""
    newest = newest_verified(observed.backups or (), cluster.uid)
    if newest is None or gate.passed or cluster.spec.restore_in_place is not None:
        return gate
    message = (
        f"{gate.message}. Or restore AlluxioBackup {newest.name}, the newest verified one, of {newest.taken} "
        f"({newest.entries} entries): {patch_command(cluster, {'backupName': newest.name})}; it asks for a "
        "confirmation before anything changes"
    )
    return replace(gate, message=message[:4000])


def lost_journals(observed: Observed) -> bool:
    """Return True if a master reports that it has no journal, or a PVC of one is gone or replaced while none leads."""
    if without_journal(observed):
        return True
    if isinstance(observed.master, MasterInfo):
        return False
    live = {one["metadata"]["name"]: one["metadata"].get("uid") for one in observed.claims or ()}
    return any(one.volume == JOURNAL and one.uid and live.get(one.name) != one.uid for one in observed.status.claims)


def lost_masters(observed: Observed, cluster: Cluster) -> frozenset[str]:
    """Return the masters whose journal is known to be lost."""
    lost = {pod.name for pod in without_journal(observed)}
    if observed.claims is not None:
        live, own = {one["metadata"]["name"] for one in observed.claims}, cluster.names
        lost |= {own.master(n) for n in range(cluster.members) if own.journal_claim(n) not in live}
    return frozenset(lost)


def has_journal(observed: Observed, cluster: Cluster) -> bool:
    """Return False if a majority of the journals is known to be lost: then there is nothing to go back to."""
    if isinstance(observed.master, MasterInfo):
        return True
    return cluster.members - len(lost_masters(observed, cluster)) >= majority(cluster.members)


def patch_command(cluster: Cluster, fields: dict[str, Any]) -> str:
    """Return the command that sets fields of spec.restoreInPlace."""
    pairs = ",".join(f'"{key}":"{value}"' for key, value in fields.items())
    own = cluster.names
    return (
        f"kubectl -n {own.namespace} patch alx {own.cluster} --type merge "
        f'-p \'{{"spec":{{"restoreInPlace":{{{pairs}}}}}}}\''
    )


def _title(wanted: RestoreInPlace) -> str:
    return wanted.backup_name or PurePosixPath(wanted.uri or _volume(wanted)).name


def _emptied(source: Source) -> str:
    if not empties_workers(source):
        return ""
    return (
        " The workers restart with empty caches, since the numbers of blocks in this file can't be raised: all files "
        "that are only on workers are lost, also older ones."
    )
