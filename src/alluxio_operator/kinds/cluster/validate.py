"""Turns a resource into a typed cluster, or into all problems of its spec.

The API server has rejected most mistakes by the schema already. These checks need sums or tables: memory that doesn't
fit, properties that contradict other fields, a port that a pod uses twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from alluxio_operator.api.alluxiocluster import LONGEST_NAME, ClusterSpec
from alluxio_operator.api.base import GROUP
from alluxio_operator.engine import schedule
from alluxio_operator.engine.acceptance import acceptance_of
from alluxio_operator.engine.parsing import from_pydantic, nesting
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.counts import LEADS, Counts, counts_of
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import dynamic, memory, properties, tiers, user_volumes, variables
from alluxio_operator.kinds.cluster.objects.access import ACCESS
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.kinds.cluster.ufs import endpoints as ufs_endpoints
from alluxio_operator.kinds.cluster.ufs import options as ufs_options
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.access import is_guarded
from alluxio_operator.workloads.identity import identity_of
from alluxio_operator.workloads.memory import Division, accepted

ANY_DATE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Whether a cron expression recurs doesn't depend on the date."""


MEMBER_CHANGES: Final = f"{GROUP}/preview-member-changes"
"""Annotation of a cluster whose number of masters may change while it lives."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster with a valid spec."""

    names: Names
    uid: str
    generation: int
    spec: ClusterSpec
    memory: Mapping[str, Division]
    counts: Counts
    """Numbers of masters; all are 0 before any was set."""
    restarts: Mapping[str, str]
    """By role, the last value of its restart annotation; removing the annotation restarts nothing."""
    guarded: bool = True
    """Whether it gets a NetworkPolicy."""
    warnings: tuple[Problem, ...] = ()
    """What the operator would refuse in a new cluster, and tolerates in this one, since it accepted it before."""

    @property
    def members(self) -> int:
        """Number of masters in the quorum, also while they are scaled to zero."""
        return self.counts.members


def validate(resource: Object) -> Cluster | tuple[Problem, ...]:
    """Return the cluster, or all problems at once, so that a user can fix them in one edit."""
    meta = resource["metadata"]
    cluster = Names(meta["name"], meta["namespace"])
    if too_deep := nesting(resource.get("spec", {})):
        return too_deep
    try:
        spec = ClusterSpec.model_validate(resource.get("spec", {}))
    except ValidationError as error:
        return tuple(from_pydantic(error, "alluxiocluster"))
    if len(cluster.cluster) > LONGEST_NAME:
        return (_name_too_long(cluster.cluster),)
    before = accepted(resource)
    divisions = memory.divisions(spec, before)
    journal = (resource.get("status") or {}).get("journal")
    journal_members = journal.get("members", 1) if journal else None
    # An earlier version knew a single master by its pod, and recorded nothing of it.
    by_pod = journal is not None and journal.get("hosts", "Pod" if journal_members == 1 else "Service") == "Pod"
    cluster = replace(cluster, pod_hosts=by_pod)
    stricter = tuple(_of_stricter_rules(spec, cluster))
    tolerated = acceptance_of(resource).holds
    problems = (
        *(d for d in divisions.values() if isinstance(d, Problem)),
        *memory.problems(spec, before),
        *(() if tolerated else stricter),
        *dynamic.problems(spec),
        *ufs_options.problems(spec),
        *_rendered_variables(spec),
        *tiers.problems(spec.workers),
        *user_volumes.problems(spec),
        *_shared_ports(spec),
        *_maintenance_window(spec),
        *_backup_schedules(spec),
        *_identity(spec),
        *_member_count(
            spec, journal or {}, by_pod=by_pod, allowed=meta.get("annotations", {}).get(MEMBER_CHANGES) == "true"
        ),
        *_unknown_roles(meta.get("annotations", {})),
    )
    if problems:
        return problems
    return Cluster(
        names=cluster,
        uid=meta["uid"],
        generation=meta["generation"],
        spec=spec,
        memory={role: d for role, d in divisions.items() if isinstance(d, Division)},
        counts=counts_of(journal, spec.masters.replicas),
        restarts={
            **_recorded_restarts(resource),
            **_restarts(meta.get("annotations", {})),
        },
        guarded=is_guarded(resource, spec.access, cluster.of(ACCESS)),
        warnings=(*memory.warnings(spec, before, divisions), *stricter),
    )


def _recorded_restarts(resource: Object) -> Mapping[str, str]:
    # The raw status: a record that can't be read counts as none.
    recorded = (resource.get("status") or {}).get("restarts")
    return {role: str(text) for role, text in recorded.items()} if isinstance(recorded, Mapping) else {}


def _restarts(annotations: Mapping[str, str]) -> Mapping[str, str]:
    return {key.removeprefix(names.RESTART): text for key, text in annotations.items() if key.startswith(names.RESTART)}


def _unknown_roles(annotations: Mapping[str, str]) -> Iterable[Problem]:
    for role in sorted(_restarts(annotations).keys() - set(names.ROLES)):
        yield Problem(
            field=f"metadata.annotations[{names.RESTART}{role}]",
            value=role,
            message="is no role",
            remedy=f"use one of {', '.join(names.ROLES)}, or remove the annotation",
        )


def _member_count(spec: ClusterSpec, journal: Mapping[str, Any], *, by_pod: bool, allowed: bool) -> Iterable[Problem]:
    members, wanted, field = journal.get("members", 1), spec.masters.replicas, "spec.masters.replicas"
    if not journal or wanted == members:
        return
    change = journal.get("change")
    if change and change.get("state") != LEADS:
        if wanted == 0:
            message = f"can't stop the masters while their number changes to {change.get('to')}"
            yield Problem(field, "0", message, f"set it to {members}, and to 0 once the change is complete")
    elif wanted and by_pod:
        yield Problem(
            field,
            str(wanted),
            f"differs from {members}, the number of masters of this journal. An earlier version of the operator "
            "created it, and it knows its master by the name of its pod, with which a quorum can't grow",
            f"set it to {members}. For {wanted} masters, take an AlluxioBackup and restore it into a new "
            "AlluxioCluster (spec.bootstrap.restore), see docs/high-availability.md",
        )
    elif wanted and not change and not allowed:
        yield Problem(
            field,
            str(wanted),
            f"differs from {members}, the number of masters of this journal. Changing it on a living cluster is a "
            "preview (docs/high-availability.md)",
            f"set it to {members}, or to 0 to stop the masters. For {wanted} masters, take an AlluxioBackup and "
            "restore it into a new AlluxioCluster (spec.bootstrap.restore). To try it where no data matters, annotate "
            f'the AlluxioCluster with {MEMBER_CHANGES}="true"',
        )


def _identity(spec: ClusterSpec) -> Iterable[Problem]:
    """Yield the fields that need folders of the node, which an init container gives to a known user."""
    if identity_of(spec.security):
        return
    fields = [f"spec.workers.tiers[{one.name}].storage.hostPath" for one in spec.workers.tiers if one.storage.host_path]
    fields += ["spec.workers.shortCircuit.policy"] if spec.workers.short_circuit.policy != "None" else []
    fields += ["spec.fuse.enabled"] if spec.fuse.enabled else []
    for field in fields:
        yield Problem(
            "spec.security.identity",
            spec.security.identity,
            f"excludes {field}: a folder of the node has to belong to a user that is known",
            "set it to Fixed with runAsUser, runAsGroup and fsGroup, or remove the other field",
        )


def _of_stricter_rules(spec: ClusterSpec, cluster: Names) -> Iterable[Problem]:
    """Yield what only a new or edited spec must not have.

    These rules get stricter from version to version. An operator accepted such a spec before, and can still follow it.
    """
    yield from properties.problems(spec, cluster)
    yield from ufs_endpoints.problems(spec.root_mount)
    yield from _variables_by_hand(spec, variables.RESERVED - _rendered(spec))


def _rendered_variables(spec: ClusterSpec) -> Iterable[Problem]:
    # The API server refuses a container with two variables of one name.
    return _variables_by_hand(spec, _rendered(spec))


def _rendered(spec: ClusterSpec) -> frozenset[str]:
    return variables.RENDERED | ufs_options.variables(spec.root_mount)


def _variables_by_hand(spec: ClusterSpec, reserved: frozenset[str]) -> Iterable[Problem]:
    for one in processes(spec).values():
        for variable in one.process.env:
            if variable.name in reserved:
                yield Problem(
                    field=f"{one.path}.env[{variable.name}]",
                    value="",
                    message="can't be set by hand: it follows from other fields of the spec",
                    remedy=f"remove it and use {one.path}.jvm or {one.path}.properties instead",
                )


def _shared_ports(spec: ClusterSpec) -> Iterable[Problem]:
    pods = {"spec.masters.ports": [("spec.masters.ports", spec.masters.ports.model_dump(by_alias=True))]}
    worker = [("spec.workers.ports", spec.workers.ports.model_dump(by_alias=True))]
    if spec.job_service.enabled:
        worker.append(("spec.jobService.worker.ports", spec.job_service.worker.ports.model_dump(by_alias=True)))
        pods["spec.jobService.master.ports"] = [
            ("spec.jobService.master.ports", spec.job_service.master.ports.model_dump(by_alias=True))
        ]
    pods["spec.workers.ports"] = worker
    for groups in pods.values():
        numbers = Counter(port for _, ports in groups for port in ports.values())
        for path, ports in groups:
            for name, port in ports.items():
                if numbers[port] > 1:
                    yield Problem(
                        field=f"{path}.{name}",
                        value=str(port),
                        message="is used twice in one pod",
                        remedy="set a different number for each port of the pod",
                    )


def _maintenance_window(spec: ClusterSpec) -> Iterable[Problem]:
    window, path = spec.upgrade.maintenance_window, "spec.upgrade.maintenanceWindow"
    if window is None:
        return
    yield from schedule.problems((f"{path}.timeZone", window.time_zone), {f"{path}.start": window.start}, ANY_DATE)


def _backup_schedules(spec: ClusterSpec) -> Iterable[Problem]:
    expressions = {f"spec.backup.schedules[{one.name}].schedule": one.schedule for one in spec.backup.schedules}
    if spec.backup.drill is not None:
        expressions["spec.backup.drill.schedule"] = spec.backup.drill.schedule
    yield from schedule.problems(("spec.backup.timeZone", spec.backup.time_zone), expressions, ANY_DATE)


def _name_too_long(name: str) -> Problem:
    return Problem(
        field="metadata.name",
        value=name,
        message=f"is longer than {LONGEST_NAME} characters, so that Kubernetes would reject names of objects",
        remedy="create the cluster under a shorter name",
    )
