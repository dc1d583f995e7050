"""Remembers the volumes that hold data, and recognises their loss; pure.

Kubernetes deletes a PVC once its last pod has ended, and the next apply or StatefulSet creates an empty one under the
same name. So the status records each PVC that was ever bound, by its uid and its PersistentVolume. A PVC with another
uid on the same PersistentVolume is a restored one. On another PersistentVolume it is a different volume:

- The root mount: the operator never creates a second volume. Files that Alluxio has as persisted would be gone.
- A journal: the masters' init container refuses to start without one, so the loss can't go unnoticed.
- A tier or the log server's volume: the StatefulSet or the operator recreates it, and a condition reports the loss.

A user who wants an empty volume for the root mount says so by an annotation with the lost PVC's uid. A later loss has
another uid, so the annotation permits one loss only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.api.alluxiocluster_status import ClaimStatus
from alluxio_operator.api.base import GROUP
from alluxio_operator.api.volumes import JOURNAL, LOGS, ROOT_MOUNT, tier_name
from alluxio_operator.engine.conditions import holds, moment, stamp
from alluxio_operator.engine.gate import After, At, Gate, Requeue
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import majority
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.storage import loss
from alluxio_operator.kinds.cluster.storage.loss import Finding
from alluxio_operator.kinds.cluster.storage.protection import unprotected_claims
from alluxio_operator.kinds.cluster.storage.pvc import Claim, parse_claim
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Ref

ACCEPT: Final = f"{GROUP}/accept-empty-volume"
"""Annotation of the resource: uids of lost PVCs, separated by commas, that an empty volume may replace."""

REPORTED_FOR: Final = timedelta(hours=1)
"""Time for which a condition reports that an empty volume replaced a tier or the logs: as long as an Event lives."""

POLL: Final = After(300.0)
"""Requeue for a PVC that the spec names: it has none of the operator's labels, so no event announces its deletion."""

MAX_MASTERS: Final = 5

MAX_WITHOUT_SPARE: Final = 2
"""Members of a quorum that can't do without one of them; a quorum of two exists only while the number changes."""

MAX_LABELLED: Final = 100
"""PVCs that one reconcile labels, and that it annotates."""

MORE_TO_ANNOTATE: Final = After(5.0)

MAX_RECORDS: Final = 256
"""PVCs on record: journals, root mount and logs first, then tiers. More would make the status too large."""

CLAIM: Final = "PersistentVolumeClaim"

_COMPONENTS: Final = {JOURNAL: names.MASTER, LOGS: names.LOG_SERVER, ROOT_MOUNT: "ufs"}


@dataclass(frozen=True, slots=True)
class RecordsStep:
    """The PVCs to record, the gate, and what an apply may do with them."""

    records: tuple[ClaimStatus, ...]
    gate: Gate
    blocking: bool = False
    """Whether Ready waits for the gate."""
    holds_pods: bool = False
    """Whether the end of a pod would lose data that can still be saved."""
    never_created: frozenset[Ref] = frozenset()
    known_uids: frozenset[str] = frozenset()
    """PVCs that belong to the cluster by their record, whatever their labels."""
    unlabelled: tuple[Claim, ...] = ()
    """PVCs of tiers without the operator's labels: their StatefulSet adds only its own, and no event announces them."""
    unprotected: tuple[Claim, ...] = ()
    """PVCs that a GitOps tool may take for its own and prune."""


def expected_claims(cluster: Cluster) -> Mapping[str, str]:
    """Return the PVCs that hold data of a cluster: volume by name of the PVC."""
    spec, own = cluster.spec, cluster.names
    claims = {own.journal_claim(ordinal): JOURNAL for ordinal in range(cluster.counts.claims)}
    if (mount := spec.root_mount.volume) is not None:
        claims[mount.claim_name or own.of("ufs")] = ROOT_MOUNT
    if spec.log_server.enabled:
        claims[own.of("logs")] = LOGS
    if spec.workers.workload == "StatefulSet":
        tiers = [tier_name(tier.name) for tier in spec.workers.tiers if tier.storage.claim]
        workers = range(spec.workers.count)
        claims |= {f"{tier}-{own.of(names.WORKER)}-{ordinal}": tier for ordinal in workers for tier in tiers}
    return dict(list(claims.items())[:MAX_RECORDS])


def next_records_step(expected: Mapping[str, str] | None, observed: Observed, now: datetime) -> RecordsStep:
    """Return the next step; `expected` is None if the spec is invalid: then nothing new is recorded."""
    records = {one.name: one for one in observed.status.claims}
    if observed.claims is None:
        return RecordsStep(observed.status.claims, loss.AVAILABLE)
    uid = observed.resource["metadata"]["uid"]
    live = {claim["metadata"]["name"]: parse_claim(claim, uid) for claim in observed.claims}
    wanted = {name: one.volume for name, one in records.items()} if expected is None else expected
    judge = _Judge(observed, now, _accepted(observed))
    judged = [judge(name, volume, records.get(name), live.get(name)) for name, volume in wanted.items()]
    kept = tuple(one.record for one in judged if one.record is not None)
    members = _members(observed) or sum(volume == JOURNAL for volume in wanted.values())
    findings = _with_quorum([one.finding for one in judged if one.finding is not None], members)
    never = [one.record for one in judged if one.record is not None and one.guards]
    blocking = any(one.blocking for one in findings)
    # A closed gate backs off by itself, and soon sees a volume that came back.
    unprotected = unprotected_claims(observed.names, live.values())
    requeue = MORE_TO_ANNOTATE if len(unprotected) > MAX_LABELLED else _requeue(observed, kept)
    gate = loss.worst(findings, None if blocking else requeue)
    return RecordsStep(
        records=kept,
        gate=gate,
        blocking=blocking,
        holds_pods=any(one.holds_pods for one in findings),
        never_created=frozenset(
            Ref(CLAIM, one.name) for one in never if one.volume == ROOT_MOUNT or members <= MAX_WITHOUT_SPARE
        ),
        known_uids=frozenset(
            live[name].uid
            for name in (*(one.name for one in kept), *_selected(observed, wanted, live))
            if name in live and not live[name].leaving
        ),
        unlabelled=tuple(
            live[one.name]
            for one in kept
            if one.volume not in _COMPONENTS and one.name in live and _lacks_labels(observed, live[one.name])
        )[:MAX_LABELLED],
        unprotected=unprotected[:MAX_LABELLED],
    )


def _members(observed: Observed) -> int | None:
    """Return the number of members while it changes: a master that joins may have a PVC already."""
    journal = observed.status.journal
    return journal.change.members if journal is not None and journal.change is not None else None


def _lacks_labels(observed: Observed, claim: Claim) -> bool:
    return not observed.names.labels(names.WORKER).items() <= claim.labels.items() and not claim.terminating


def _selected(observed: Observed, wanted: Mapping[str, str], live: Mapping[str, Claim]) -> Iterable[str]:
    """Return the PVCs with the labels of their role. A StatefulSet adds no owner labels; others may have lost them."""
    own = observed.names
    return (name for name, volume in wanted.items() if name in live and _has_role(own, volume, live[name]))


def _has_role(own: Names, volume: str, claim: Claim) -> bool:
    return own.selector(_COMPONENTS.get(volume, names.WORKER)).items() <= claim.labels.items()


@dataclass(frozen=True, slots=True)
class LabelClaims:
    """PVCs that get the operator's labels, so that events about them wake the operator."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class ProtectClaims:
    """PVCs that get annotations against pruning by GitOps tools."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """The record to keep of one PVC, what has happened to it, and whether no empty one may be created."""

    record: ClaimStatus | None
    finding: Finding | None = None
    guards: bool = False


@dataclass(frozen=True, slots=True)
class _Judge:
    observed: Observed
    now: datetime
    accepted: frozenset[str]

    def __call__(self, name: str, volume: str, record: ClaimStatus | None, live: Claim | None) -> _Judged:
        if record is None:
            record = self._first_record(name, volume, live)
            if record is None:
                return _Judged(None)
        token = record.uid or record.name
        if token in self.accepted and not (live is not None and live.uid == record.uid and not live.terminating):
            return self._after_acceptance(record, live)
        guards = volume in (ROOT_MOUNT, JOURNAL)
        if live is None:
            return _Judged(record, loss.missing(record, self._accept_command(token)), guards)
        if _same(record, live):
            return _Judged(self._renewed(record, live), self._trouble(record, live, token), guards)
        if volume in (ROOT_MOUNT, JOURNAL) and not self._has_joined(volume, live):
            return _Judged(record, loss.replaced(record, live, self._accept_command(token)), guards)
        if not live.bound:
            return _Judged(record, loss.replaced(record, live))
        return self._recreated(record, live)

    def _first_record(self, name: str, volume: str, live: Claim | None) -> ClaimStatus | None:
        installed = holds(self.observed.status.conditions, "Installed")
        recorded = installed and any((one.kind, one.name) == (CLAIM, name) for one in self.observed.status.inventory)
        if live is not None and (live.bound or live.lost):
            # One that is being deleted belongs to an earlier cluster of the name, unless this one has served already.
            gone = live.leaving or (live.terminating and not installed)
            return None if gone or not (recorded or self._is_own(volume, live)) else _record(volume, live)
        # The first reconcile of a version that records PVCs: the volume may have been lost while no operator ran.
        lost = volume == ROOT_MOUNT and live is None and recorded
        return ClaimStatus(name=name, volume=volume) if lost else None

    def _is_own(self, volume: str, live: Claim) -> bool:
        """Return True if the PVC is one of the cluster's, or one that the spec names."""
        own = self.observed.names
        return (volume == ROOT_MOUNT and live.name != own.of("ufs")) or _has_role(own, volume, live)

    def _after_acceptance(self, record: ClaimStatus, live: Claim | None) -> _Judged:
        if live is not None and live.bound and not live.terminating:
            return _Judged(_record(record.volume, live))
        return _Judged(record, loss.creating(record))

    def _renewed(self, record: ClaimStatus, live: Claim) -> ClaimStatus:
        expired = record.replaced is not None and moment(record.replaced) + REPORTED_FOR <= self.now
        return _record(record.volume, live, None if expired else record.replaced)

    def _trouble(self, record: ClaimStatus, live: Claim, token: str) -> Finding | None:
        if live.terminating and self._is_replaced(live):
            return loss.replacing(record)
        if live.terminating and not live.lost:
            return loss.terminating(record)
        if live.lost:
            return loss.lost(record, self._accept_command(token))
        if record.replaced is not None and moment(record.replaced) + REPORTED_FOR > self.now:
            return loss.recreated(record)
        return None

    def _is_replaced(self, live: Claim) -> bool:
        journal = self.observed.status.journal
        replaced = journal.lost if journal is not None else None
        return replaced is not None and replaced.deleting and replaced.claim_uid == live.uid

    def _has_joined(self, volume: str, live: Claim) -> bool:
        """Return True if a master became ready on this PVC: it has found a journal there, or has rejoined."""
        if volume != JOURNAL:
            return False
        own = self.observed.names
        pods = {own.journal_claim(n): self.observed.master_named(own.master(n)) for n in range(MAX_MASTERS)}
        pod = pods.get(live.name)
        if pod is None or not pod.ready:
            return False
        # A pod that was ready before runs on the volume of a PVC that was removed by force.
        return pod.changed is None or live.created is None or pod.changed >= live.created

    def _recreated(self, record: ClaimStatus, live: Claim) -> _Judged:
        if record.volume == JOURNAL:
            return _Judged(_record(record.volume, live))
        after = _record(record.volume, live, stamp(self.now))
        return _Judged(after, loss.recreated(after))

    def _accept_command(self, token: str) -> str:
        return f"kubectl annotate alx {self.observed.names.cluster} --overwrite {ACCEPT}={token}"


def _record(volume: str, live: Claim, replaced: str | None = None) -> ClaimStatus:
    return ClaimStatus(
        name=live.name, volume=volume, uid=live.uid, persistent_volume=live.persistent_volume, replaced=replaced
    )


def _same(record: ClaimStatus, live: Claim) -> bool:
    """Return True if a PVC is the recorded one, or was bound again by a user to the same PersistentVolume."""
    if live.uid == record.uid:
        return True
    # A provisioner of local volumes may wipe one and offer it again under its name, so a tier's name proves nothing.
    named = bool(record.persistent_volume) and record.volume in (ROOT_MOUNT, JOURNAL)
    return named and live.bound and live.persistent_volume == record.persistent_volume


def _accepted(observed: Observed) -> frozenset[str]:
    given: str = observed.resource["metadata"].get("annotations", {}).get(ACCEPT, "")
    return frozenset(one.strip() for one in given.split(",") if one.strip())


def _with_quorum(findings: Sequence[Finding], members: int) -> list[Finding]:
    """Return the findings; those of a minority of the journals block nothing, as the others hold every entry."""
    journals = sum(one.volume == JOURNAL for one in findings)
    if members < 2 or members - journals < majority(members):
        return list(findings)
    return [one.as_warning() if one.volume == JOURNAL else one for one in findings]


def _requeue(observed: Observed, records: Sequence[ClaimStatus]) -> Requeue | None:
    own = observed.names.of("ufs")
    if any(one.volume == ROOT_MOUNT and one.name != own for one in records):
        return POLL
    return min((At(moment(one.replaced) + REPORTED_FOR) for one in records if one.replaced), default=None, key=_moment)


def _moment(at: At) -> datetime:
    return at.moment
