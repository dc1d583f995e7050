"""The processes of a cluster by role, each with its path in the spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.roles import Process
from alluxio_operator.kinds.cluster import names
from alluxio_operator.workloads.explanations import Fields
from alluxio_operator.workloads.pods import Pod

_PATHS: Final[Mapping[str, str]] = {
    names.MASTER: "spec.masters",
    names.WORKER: "spec.workers",
    names.JOB_MASTER: "spec.jobService.master",
    names.JOB_WORKER: "spec.jobService.worker",
    names.LOG_SERVER: "spec.logServer",
    names.PROXY: "spec.proxy",
    names.FUSE: "spec.fuse",
    # The Jobs of the journal stand in for masters.
    names.JOURNAL: "spec.masters",
}


def path_of(name: str) -> str | None:
    """Return the path in the spec of a role or container; None for a container that takes its role's fields."""
    return _PATHS.get(name.replace("-", ""))


FIELDS: Final = Fields(path_of)
"""Fields that remedies for pods name."""


@dataclass(frozen=True, slots=True)
class RoleProcess:
    """The spec of one process, and its path."""

    path: str
    process: Process


def processes(spec: ClusterSpec) -> Mapping[str, RoleProcess]:
    """Return every process by its role, whether it is enabled or not."""
    found: Mapping[str, Process] = {
        names.MASTER: spec.masters,
        names.WORKER: spec.workers,
        names.JOB_MASTER: spec.job_service.master,
        names.JOB_WORKER: spec.job_service.worker,
        names.LOG_SERVER: spec.log_server,
        names.PROXY: spec.proxy,
        names.FUSE: spec.fuse,
    }
    return {role: RoleProcess(_PATHS[role], process) for role, process in found.items()}


def roles_by_container(pods: Iterable[Pod]) -> Callable[[str, str], str | None]:
    """Return a function from the names of a pod and a container to the role; a job worker runs in a worker's pod."""
    roles = {pod.name: pod.role for pod in pods if pod.role in names.ROLES}

    def role_of(pod: str, container: str) -> str | None:
        role = container.replace("-", "")
        return role if pod in roles and role in names.ROLES else roles.get(pod)

    return role_of
