"""The stages of a reconcile for an AlluxioCluster; `engine.driver` runs them in order."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.alluxio.answers import Alluxio
from alluxio_operator.alluxio.listings import Listings
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.backups import PassedDrill, VerifiedBackup
from alluxio_operator.backups.newest import newest_verified
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import holds, moment
from alluxio_operator.engine.driver import Driver
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.meter import Meter
from alluxio_operator.engine.operation import Perform
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.upgradeable import Note, unnoted
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.backup.drills import newest_passed
from alluxio_operator.kinds.cluster.backup.observe import (
    read_backup,
    read_backups,
    read_drills,
    read_labelled_backups,
)
from alluxio_operator.kinds.cluster.decide import LOSS, RESTORE, UFS, UPGRADE_BACKUP, WRITTEN_BACKUPS, Plan, decide
from alluxio_operator.kinds.cluster.events import with_events
from alluxio_operator.kinds.cluster.execute import Executor
from alluxio_operator.kinds.cluster.kind import FOLDER
from alluxio_operator.kinds.cluster.masters.kept_version import with_kept_version
from alluxio_operator.kinds.cluster.observe import MAX_MASTERS, observe
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.readiness import assess, is_settled
from alluxio_operator.kinds.cluster.records import unknown_records
from alluxio_operator.kinds.cluster.removal import victims
from alluxio_operator.kinds.cluster.removal.observe import Removals, with_removal
from alluxio_operator.kinds.cluster.report import report, report_problems
from alluxio_operator.kinds.cluster.restore.observe import unpersisted_files
from alluxio_operator.kinds.cluster.restore.offer import lost_journals
from alluxio_operator.kinds.cluster.risk.observe import RiskListings, forget, with_at_risk
from alluxio_operator.kinds.cluster.roles import roles_by_container
from alluxio_operator.kinds.cluster.rollout.rollback import with_effective_spec
from alluxio_operator.kinds.cluster.storage.desired import desired_volumes
from alluxio_operator.kinds.cluster.storage.expansion import needs_expansion
from alluxio_operator.kinds.cluster.storage.observe import read_volumes
from alluxio_operator.kinds.cluster.ufs.probe import AskUfs, UfsProbe
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.client import Kube
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

VOLUMES: Final = "volumes"
"""Question: which PVCs exist, and how large are they?"""
USAGE: Final = "usage"
"""Question: how much CPU and memory do the pods use? The answer comes before any effect, so it predates the change."""

REMOVAL: Final = "removal"
"""Question: what do workers have that are to go?"""
BACKUPS: Final = "backups"
"""Question: which AlluxioBackups does the cluster have?"""
DRILLS: Final = "drills"
"""Question: which AlluxioDrills does the cluster have?"""
AT_RISK: Final = "at risk"
"""Question: what do single workers hold? Listings in the background answer it."""
EVENTS: Final = "events"
"""Question: why does the cluster lack pods, and why do pods not start?"""


def _backup_to_restore(model: Cluster, observed: Observed) -> str:
    """Return the AlluxioBackup that the spec names: for a new cluster, or for a restore in place."""
    bootstrap, journal = model.spec.bootstrap, observed.status.journal
    begins = journal is None or journal.state != "Initialized"
    wanted = (bootstrap.restore if bootstrap else None) if begins else model.spec.restore_in_place
    return (wanted.backup_name if wanted is not None else None) or ""


class ClusterLogic:
    """The stages of a reconcile for an AlluxioCluster."""

    decide = staticmethod(decide)
    report = staticmethod(report)
    report_problems = staticmethod(report_problems)

    def __init__(
        self,
        alluxio: Alluxio,
        ask_ufs: AskUfs,
        metrics: Metrics,
        image: OwnImage,
        at_risk: RiskListings | None,
        removals: Removals,
    ) -> None:
        self._at_risk = at_risk
        self._removals = removals
        self._image = image
        self._alluxio = alluxio
        self._metrics = metrics
        self._ask_ufs = ask_ufs
        self._meter = Meter()
        self._listings = Listings()

    def observe(self, kube: Kube, key: OwnerKey, deadline: Deadline) -> Observed | None:
        """Observe a cluster; return None if it was deleted."""
        observed = observe(kube, self._alluxio, key, deadline, self._image)
        if observed is not None:
            # A user may label any number of pods as masters, and each would be a series.
            own = map(observed.names.master, range(MAX_MASTERS))
            answers = {name: observed.answers[name] for name in own if name in observed.answers}
            disks = {name: answer.journal_disk for name, answer in answers.items()}
            free = {name: disk.free_percent for name, disk in disks.items() if disk is not None}
            self._metrics.journal_free(key.namespace, key.name, free)
            record = observed.status.removal
            self._metrics.removal(key.namespace, key.name, (record.left_bytes, record.moved_bytes) if record else None)
        return observed

    def validate(self, observed: Observed, now: datetime) -> Cluster | tuple[Problem, ...]:  # noqa: ARG002 (kinds differ)
        """Return the cluster with the spec to follow.

        It is its own, or the last good one during a rollback. Masters keep their version while their number changes.
        """
        return unknown_records(observed) or validate(with_kept_version(with_effective_spec(observed), observed.status))

    def questions(self, model: Cluster, observed: Observed) -> Collection[str]:
        """Return the questions to answer before the decision."""
        new_sizes = needs_expansion(desired_volumes(model.spec, model.names), observed.status)
        waits = not holds(observed.status.conditions, "Ready")
        active = not model.spec.paused and any(pod.running for pod in observed.pods)
        backup = model.spec.backup
        asked = {VOLUMES: new_sizes, USAGE: active, EVENTS: waits}
        removes = self._removes_workers(model, observed)
        asked |= {AT_RISK: self._at_risk is not None, REMOVAL: removes}
        asked |= {BACKUPS: bool(backup.schedules) or lost_journals(observed), DRILLS: backup.drill is not None}
        return tuple(question for question, needed in asked.items() if needed)

    def ask(self, look: Look, model: Cluster, observed: Observed, questions: Collection[str]) -> Observed:
        """Return the observation with the answers to questions."""
        if USAGE in questions:
            observed = self._with_usage(look, model, observed)
        if AT_RISK in questions and self._at_risk is not None:
            observed = with_at_risk(self._alluxio, self._at_risk, self._metrics, look.key, model, observed)
        if REMOVAL in questions:
            observed = with_removal(self._alluxio, self._removals, look.key, model, observed, look.deadline)
        if EVENTS in questions:
            observed = with_events(look, model, observed)
        if VOLUMES in questions:
            desired = desired_volumes(model.spec, model.names)
            observed = replace(observed, volumes=read_volumes(look.kube, model.names, observed, desired))
        if BACKUPS in questions:
            # Without a leader, also one that was created this moment is a way back.
            read = read_backups if lost_journals(observed) else read_labelled_backups
            backups = read(look.kube, model.names)
            self._count(look.key, newest_verified(backups, model.uid))
            observed = replace(observed, backups=backups)
        if WRITTEN_BACKUPS in questions:
            observed = replace(observed, written_backups=read_backups(look.kube, model.names))
        record = observed.status.upgrade_backup
        if UPGRADE_BACKUP in questions and record is not None:
            observed = replace(observed, requested_backup=read_backup(look.kube, look.key.namespace, record.name))
        if DRILLS in questions:
            drills = read_drills(look.kube, model.names)
            self._count_drill(look.key, newest_passed(drills, model.uid))
            observed = replace(observed, drills=drills)
        if RESTORE in questions and (name := _backup_to_restore(model, observed)):
            observed = replace(observed, found_backup=read_backup(look.kube, look.key.namespace, name))
        if LOSS in questions:
            since = View(model, observed, look.now).in_place.loss_since
            lost = unpersisted_files(self._alluxio, self._listings, look.key, observed, since, look.deadline)
            observed = replace(observed, unpersisted=lost)
        if UFS in questions:
            health = self._ask_ufs(look.kube, model.spec.root_mount, look.key.namespace, look.deadline)
            observed = replace(observed, ufs=health)
        return observed

    @staticmethod
    def _removes_workers(model: Cluster, observed: Observed) -> bool:
        going = observed.status.removal is not None or victims.applied_workers(observed) > model.spec.workers.count
        return victims.migrates(model.spec.workers) and going

    def executor(self, kube: Kube, observed: Observed, applied: Applied, deadline: Deadline) -> Perform:
        """Return a function that performs the effects of operations."""
        return Executor(kube, self._alluxio, observed, applied, deadline, self._removals)

    def is_settled(self, plan: Plan, observed: Observed, applied: Applied) -> bool:
        """Return True if the cluster is Ready and all pods run the current spec."""
        return is_settled(assess(plan, observed, applied))

    def forget(self, key: OwnerKey) -> None:
        """Drop the cached state of a deleted cluster."""
        self._meter.forget(key)
        self._listings.forget(key)
        self._metrics.journal_free(key.namespace, key.name, {})
        self._metrics.verified_backup(key.namespace, key.name, None)
        self._metrics.passed_drill(key.namespace, key.name, None)
        self._metrics.removal(key.namespace, key.name, None)
        self._removals.forget(key)
        if self._at_risk is not None:
            forget(self._at_risk, self._metrics, key)

    def _count(self, key: OwnerKey, newest: VerifiedBackup | None) -> None:
        values = (moment(newest.taken).timestamp(), newest.bytes, newest.restore_seconds) if newest else None
        self._metrics.verified_backup(key.namespace, key.name, values)

    def _count_drill(self, key: OwnerKey, newest: PassedDrill | None) -> None:
        values = (moment(newest.finished).timestamp(), newest.rpo_seconds, newest.rto_seconds) if newest else None
        self._metrics.passed_drill(key.namespace, key.name, values)

    def _with_usage(self, look: Look, model: Cluster, observed: Observed) -> Observed:
        before, selector, role_of = observed.status, observed.names.owned_by_selector, roles_by_container(observed.pods)
        begins = before.observed_generation != model.generation or before.restarts != model.restarts
        used = self._meter.look(look, selector, role_of, before.history, begins=begins)
        return replace(observed, used=used)


def cluster_reconciler(
    kube: Kube,
    alluxio: Alluxio,
    renderer: Renderer,
    metrics: Metrics,
    now: Callable[[], datetime],
    note: Note = unnoted,
    ask_ufs: AskUfs | None = None,
    image: OwnImage | None = None,
    at_risk: RiskListings | None = None,
    removals: Removals | None = None,
) -> Driver[Observed, Cluster, Plan]:
    """Return the reconciler of AlluxioClusters. Without `at_risk`, it doesn't look for data at risk."""
    logic = ClusterLogic(alluxio, ask_ufs or UfsProbe(), metrics, image or OwnImage(), at_risk, removals or Removals())
    return Driver(logic, Parts(KIND, kube, renderer, FOLDER, metrics, now, note))
