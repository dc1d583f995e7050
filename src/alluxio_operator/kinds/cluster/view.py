"""The input of every capability's decision, with the values derived from it; pure.

Several capabilities need the same derived values, such as the quorum or the config hash of a role. The view computes
each value once, on first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from alluxio_operator.api.backups import BackupsStatus, DrillsStatus
from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.engine.conditions import find
from alluxio_operator.kinds.cluster import layers, names
from alluxio_operator.kinds.cluster.backup.drills import next_drills_step
from alluxio_operator.kinds.cluster.backup.schedules import next_schedules_step
from alluxio_operator.kinds.cluster.backup.step import ScheduleStep
from alluxio_operator.kinds.cluster.context import JournalValues, RestoreValues, context_of
from alluxio_operator.kinds.cluster.masters import journal, kept_change, rejoin
from alluxio_operator.kinds.cluster.masters.counts import counts_of
from alluxio_operator.kinds.cluster.masters.hung import HungStep, next_hung_step
from alluxio_operator.kinds.cluster.masters.journal import FORMER_JOURNALS, VOLUMES_TERMINATING, JournalStep
from alluxio_operator.kinds.cluster.masters.member_step import MembershipStep, Situation, is_overdue
from alluxio_operator.kinds.cluster.masters.membership import next_membership_step
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, quorum_of, without_journal
from alluxio_operator.kinds.cluster.masters.rejoin import RejoinStep
from alluxio_operator.kinds.cluster.masters.replacement import ReplacementStep, next_replacement_step
from alluxio_operator.kinds.cluster.masters.space import LowSpace, low_space
from alluxio_operator.kinds.cluster.objects import properties
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.removal.situation import RemovalStep
from alluxio_operator.kinds.cluster.removal.situation import Situation as RemovalSituation
from alluxio_operator.kinds.cluster.removal.step import next_removal_step
from alluxio_operator.kinds.cluster.restore import offer
from alluxio_operator.kinds.cluster.restore.attempts import RestoreStep, emptying
from alluxio_operator.kinds.cluster.restore.earlier import shown_to_masters
from alluxio_operator.kinds.cluster.restore.in_place_step import DISRUPTIVE, InPlaceStep
from alluxio_operator.kinds.cluster.restore.inplace import next_in_place_step
from alluxio_operator.kinds.cluster.restore.marking import Marking, next_marking
from alluxio_operator.kinds.cluster.restore.steps import next_restore_step
from alluxio_operator.kinds.cluster.risk.step import RiskStep, next_risk_step
from alluxio_operator.kinds.cluster.rollout import deployments, health, pre_upgrade, rollout
from alluxio_operator.kinds.cluster.rollout.backup_guard import Writing, backups_being_written, guarded_by_backups
from alluxio_operator.kinds.cluster.rollout.health import Roles
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep
from alluxio_operator.kinds.cluster.rollout.ufs_guard import guarded
from alluxio_operator.kinds.cluster.storage import expansion, records
from alluxio_operator.kinds.cluster.storage.desired import desired_volumes
from alluxio_operator.kinds.cluster.storage.expansion import ExpansionStep
from alluxio_operator.kinds.cluster.storage.records import RecordsStep
from alluxio_operator.kinds.cluster.ufs import writable
from alluxio_operator.kinds.cluster.ufs.writable import Writability
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.termination_message import JOURNAL_MISSING


class View:
    """A valid cluster, its observation, and the time."""

    def __init__(self, cluster: Cluster, observed: Observed, now: datetime) -> None:
        self.cluster = cluster
        self.observed = observed
        self.now = now

    @cached_property
    def quorum(self) -> Quorum:
        """The masters, derived from their answers."""
        return quorum_of(self.observed, self.cluster.members)

    @cached_property
    def rejoin(self) -> RejoinStep:
        """The next step of a master that lost its journal."""
        return rejoin.next_rejoin_step(self.observed, self.quorum)

    @cached_property
    def replacement(self) -> ReplacementStep:
        """The next step for a master whose volume is lost for good."""
        after = self.cluster.spec.masters.replace_after_seconds
        return next_replacement_step(self.observed, self.quorum, after, self.now)

    @cached_property
    def membership(self) -> MembershipStep:
        """The next step of a change of the number of masters."""
        outdated = self.roles.outdated(names.MASTER)
        situation = Situation(
            self.observed,
            self.cluster,
            self.quorum,
            self.now,
            outdated=outdated,
            expendable=tuple(pod for pod in outdated if self.roles.is_expendable(pod)),
            writing=self._writing,
        )
        return next_membership_step(situation, busy=self._members_busy)

    @property
    def _members_busy(self) -> str:
        """Return what has to end before the number of masters may change; an empty text if nothing has to."""
        observed = self.observed
        change = observed.status.journal.change if observed.status.journal is not None else None
        if change is not None and change.state != "Leading":
            # It has begun: nothing else does meanwhile, except for what comes first.
            return ""
        if self._restores:
            return "the restore is complete"
        if observed.good_spec is not None:
            return "a spec other than the last good one is in effect"
        if self.replacement.status is not None:
            return f"{self.replacement.status.pod} has another volume"
        if waiting := without_journal(observed):
            return f"{waiting[0].name} has its journal again"
        if self.records.holds_pods:
            return "no volume is being deleted"
        if outdated := self.roles.outdated(names.MASTER):
            return f"{outdated[0].name} runs the current spec"
        if observed.status.rollout is not None:
            return "the rollout is complete"
        return ""

    @property
    def _restores(self) -> bool:
        """Whether a backup is being restored, by the record: masters and workers are not to be changed meanwhile."""
        known = self.observed.status.restore_in_place
        return self.restore.in_progress or (known is not None and known.state in DISRUPTIVE)

    @cached_property
    def hung(self) -> HungStep:
        """The next step of a master that doesn't finish its startup."""
        if self.restore.in_progress or self.in_place.unproven or self.in_place.stops_masters:
            # A master serves only once it has restored everything, and to end it midway would begin it again.
            return HungStep()
        wait_for_ufs = self.cluster.spec.upgrade.wait_for_ufs
        step = next_hung_step(self.observed, self.quorum, self.now, wait_for_ufs=wait_for_ufs)
        if step.restart is not None and not self.roles.is_current(step.restart) and self._pre_upgrade.reason:
            return step.held_for_backup()
        return step

    @cached_property
    def low_space(self) -> tuple[LowSpace, ...]:
        """The masters whose journal volume is almost full."""
        masters = [one.name for one in self.quorum.members]
        return low_space(self.observed, masters, self.cluster.spec.masters.journal.free_space_watermark)

    @cached_property
    def journal(self) -> JournalStep:
        """The next step of the journal's initialisation."""
        held = self.restore.holds_everything
        step = journal.next_journal_step(self.observed, self.cluster.uid, self.cluster.members, held=held)
        step = step.with_rejoin(self.rejoin.status, self.replacement.status)
        if step.gate.reason != JOURNAL_MISSING or (step.status is not None and step.status.change is not None):
            return step
        return replace(step, gate=offer.with_offer(step.gate, self.observed, self.cluster))

    @cached_property
    def restore(self) -> RestoreStep:
        """The next step of the restore that the cluster begins with."""
        return next_restore_step(self.observed, self.cluster, self.now)

    @cached_property
    def in_place(self) -> InPlaceStep:
        """The next step of a restore in place."""
        return next_in_place_step(self.observed, self.cluster, self.now, holds_pods=self.records.holds_pods)

    @cached_property
    def marking(self) -> Marking | None:
        """The leader that has to compare restored names with the UFS, after another one did."""
        return next_marking(self.observed, self.cluster, self.now)

    @cached_property
    def expansion(self) -> ExpansionStep:
        """The next step of the volume expansion."""
        sizes = desired_volumes(self.cluster.spec, self.cluster.names)
        mounted = {pod.name for pod in self.observed.pods}
        return expansion.next_expansion_step(sizes, self.observed.status, self.observed.volumes, mounted)

    @cached_property
    def records(self) -> RecordsStep:
        """The volumes on record, and what has happened to them."""
        step = records.next_records_step(records.expected_claims(self.running), self.observed, self.now)
        if not step.blocking or not offer.lost_journals(self.observed):
            return step
        return replace(step, gate=offer.with_offer(step.gate, self.observed, self.cluster))

    @cached_property
    def context(self) -> dict[str, Any]:
        """The values for all templates."""
        step, observed, restore, in_place = self.journal, self.observed, self.restore, self.in_place
        status = step.status
        operation = status.operation if status else ""
        if restore.empties and restore.status is not None:
            operation = emptying(restore.status)
        change = status.change if status else None
        if self._joins and change is not None:
            operation = change.operation
        values = JournalValues(
            job=in_place.job or ("empty" if restore.empties else self._journal_job),
            operation=in_place.job_operation if in_place.job else operation,
            skips=in_place.skips if in_place.job else frozenset(),
            initialized=bool(status and status.state == "Initialized") or observed.journal_was_initialized,
            members=self.cluster.counts.to_adopt if status else observed.journal_members,
            change=kept_change.as_text(change, status.members) if status else "",
            restore=self._restore_values,
            check=in_place.status.check if in_place.checks and in_place.status else None,
            check_source=in_place.source,
            own_image=observed.own_image,
        )
        cluster = expansion.with_quotas(self.running, self.expansion)
        if status is not None and observed.status.journal is None:
            # The first reconcile of an adoption: nothing is on record yet.
            record = status.model_dump(by_alias=True, mode="json", exclude_none=True)
            counts = counts_of(record, cluster.spec.masters.replicas)
            own = replace(cluster.names, pod_hosts=status.hosts == "Pod")
            cluster = replace(cluster, names=own, counts=counts)
        if change is not None and is_overdue(change, self.now):
            # A change that can't end mustn't hold up the drain of a node.
            cluster = replace(cluster, counts=replace(cluster.counts, needs_all=False))
        return context_of(cluster, values)

    @property
    def _journal_job(self) -> str | None:
        """The kind of Jobs that the journal's own steps, and a change of its members, run."""
        return "join" if self._joins else self.journal.job

    @property
    def _joins(self) -> bool:
        """Whether a Job prepares the journal of the master that joins next."""
        status = self.journal.status
        change = status.change if status is not None and status.state == "Initialized" else None
        return change is not None and change.state == "Preparing"

    @property
    def _restore_values(self) -> RestoreValues | None:
        """The restore that the masters' objects are about: the one in place, or the one that the cluster began with."""
        step = self.in_place
        if step.values is not None and step.status is not None:
            return RestoreValues(step.values, step.stops_masters, shown_to_masters(step.status), step.unproven)
        return RestoreValues(self.restore.status, self.restore.stops_masters) if self.restore.status else None

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """By role, the config hash of pods that run the current spec."""
        return {role: values["configHash"] for role, values in self.context["roles"].items()}

    @cached_property
    def roles(self) -> Roles:
        """The input of a rollout step."""
        return Roles(self.observed, self.quorum, self.hashes, self._counts, self.now, self._daemonsets)

    @cached_property
    def upgrade(self) -> Upgrade:
        """Upgrade settings; a rollback ignores the maintenance window: don't leave a change half applied."""
        upgrade = self.cluster.spec.upgrade
        if self.observed.good_spec is None:
            return upgrade
        return upgrade.model_copy(update={"maintenance_window": None})

    @cached_property
    def rollout(self) -> RolloutStep:
        """The next step of the rollout."""
        return deployments.with_held_deployments(self.roles, self._pods_step, self.upgrade, self.now)

    @cached_property
    def held_templates(self) -> frozenset[int]:
        """Numbers of the templates that the operator doesn't apply yet."""
        # An apply would make this cluster another owner of PVCs that are to be deleted with the earlier one.
        # It would also drop the annotation of a former master's.
        reasons = (VOLUMES_TERMINATING, FORMER_JOURNALS)
        held = {layers.PVCS} if self.journal.gate.reason in reasons else set()
        # A volume that is being deleted ends with its last pod, and a restore would scale the masters to 0.
        stops = self.in_place.stops_masters or self.restore.stops_masters
        if stops and self.records.holds_pods and not self.observed.masters_stopped:
            held.add(layers.MASTERS)
        return frozenset(held)

    @cached_property
    def held_pod_templates(self) -> frozenset[int]:
        """Numbers of the Deployments that keep their pod template for now."""
        return deployments.held_pod_templates(self.roles, self._pods_step, self.upgrade, self.now)

    @cached_property
    def writability(self) -> Writability:
        """Whether the leader can write to the root mount, and the next test of it."""
        return writable.next_test(self.observed, self.cluster.spec, self.quorum, self.now, busy=self._masters_busy)

    @property
    def _masters_busy(self) -> str:
        if self.restore.in_progress or self.in_place.disrupts:
            return "the masters restore a backup"
        step = self.rollout
        # A step that has stopped waits for a user or a node, maybe for days.
        if step.status is not None and step.status.role == names.MASTER and not step.stopped:
            return "the rollout replaces masters"
        if step.backup is not None and step.backup.holds_lock:
            return "the masters back up the journal"
        return ""

    @cached_property
    def schedules(self) -> ScheduleStep[BackupsStatus]:
        """What the schedules of backups ask for."""
        # Without a schedule they are read for another reason.
        backups = self.observed.backups if self.cluster.spec.backup.schedules else None
        return next_schedules_step(self.cluster, self.observed.status.backups, backups, self.now)

    @cached_property
    def drills(self) -> ScheduleStep[DrillsStatus]:
        """What the schedule of drills asks for."""
        return next_drills_step(self.cluster, self.observed.status.drills, self.observed.drills, self.now)

    @cached_property
    def risk(self) -> RiskStep:
        """The data that single workers hold, as the last listing found it."""
        before, workers = self.observed.status.at_risk, self.cluster.spec.workers
        return next_risk_step(before, workers, self.observed.at_risk, self.now)

    @cached_property
    def removal(self) -> RemovalStep:
        """The next step of the removal of workers."""
        return next_removal_step(
            RemovalSituation(self.observed, self.cluster, self.observed.removal, self.now, self._workers_busy)
        )

    @property
    def _workers_busy(self) -> str:
        """Return what has to end before workers may be disturbed; an empty text if nothing has to."""
        journal = self.observed.status.journal
        if self._restores:
            return "the restore is complete"
        if journal is None or journal.state != "Initialized":
            return "the journal is initialised"
        if journal.change is not None and journal.change.state != "Leading":
            return "the change of the number of masters is complete"
        up_to_date = find(self.observed.status.conditions, rollout.GATE)
        if self.observed.status.rollout is not None and (up_to_date is None or up_to_date.reason != rollout.TIMED_OUT):
            # By the record: the step itself depends on the templates, and these on the workers that stay.
            return "the rollout's step is complete"
        if len(self.quorum.leaders) > 1:
            return "one master leads"
        return ""

    @cached_property
    def running(self) -> Cluster:
        """The cluster with the workers that its StatefulSet keeps until they may go."""
        kept, spec = self.removal.kept, self.cluster.spec
        if kept is None or kept == spec.workers.count:
            return self.cluster
        workers = spec.workers.model_copy(update={"replicas": kept})
        return replace(self.cluster, spec=spec.model_copy(update={"workers": workers}))

    @cached_property
    def outdated(self) -> tuple[str, ...]:
        """Roles with a pod that runs an older spec."""
        known = (*health.ORDER, *deployments.TEMPLATES)
        return tuple(role for role in known if role in self.roles.wanted and self.roles.outdated(role))

    @cached_property
    def current_leader(self) -> Pod | None:
        """The leader's pod, if it runs the current spec."""
        leader = self.observed.master_named(self.quorum.leader)
        return leader if leader is not None and self.roles.is_current(leader) else None

    @property
    def master_properties(self) -> Mapping[str, str]:
        """The properties of the masters."""
        return properties.for_role(self.cluster.spec, self.cluster.names, names.MASTER, self.cluster.counts.addressed)

    @cached_property
    def _pods_step(self) -> RolloutStep:
        step = rollout.next_rollout_step(self.roles, self.upgrade, self.now, self._pre_upgrade)
        return guarded(self._guarded_by_backups(step), self.observed.ufs, wanted=self.upgrade.wait_for_ufs)

    @cached_property
    def _pre_upgrade(self) -> pre_upgrade.PreUpgradeBackup:
        masters = self.observed.role(names.MASTER)
        begun = any(health.CONFIG_HASH in pod.annotations and self.roles.is_current(pod) for pod in masters)
        return pre_upgrade.next_pre_upgrade_backup(self.observed, self.cluster, self.now, begun=begun)

    def _guarded_by_backups(self, step: RolloutStep) -> RolloutStep:
        return guarded_by_backups(step, self._writing)

    @cached_property
    def _writing(self) -> tuple[Writing, ...] | None:
        """Backups that Alluxio writes now; None before they were read."""
        found = self.observed.written_backups
        return None if found is None else backups_being_written(found, self.cluster.uid, self.now)

    @property
    def _counts(self) -> Mapping[str, int]:
        workers, status = self.cluster.spec.workers, self.observed.status
        # For a DaemonSet, use its controller's last count: the controller knows the nodes.
        counted = status.workers.wanted if workers.workload == "DaemonSet" else workers.count
        fuse = status.fuse.wanted if status.fuse else 0
        return {names.MASTER: self.cluster.counts.replicas, names.WORKER: counted, names.FUSE: fuse}

    @property
    def _daemonsets(self) -> frozenset[str]:
        is_daemonset = self.cluster.spec.workers.workload == "DaemonSet"
        return frozenset({names.FUSE, *([names.WORKER] if is_daemonset else [])})
