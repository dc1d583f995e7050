"""The processes of a cluster by role, each with its path in the spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.roles import Process
from alluxio_operator.kinds.cluster import names
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class RoleProcess:
    """The spec of one process, and its path."""

    path: str
    process: Process


def processes(spec: ClusterSpec) -> Mapping[str, RoleProcess]:
    """Return every process by its role, whether it is enabled or not."""
    return {
        names.MASTER: RoleProcess("spec.masters", spec.masters),
        names.WORKER: RoleProcess("spec.workers", spec.workers),
        names.JOB_MASTER: RoleProcess("spec.jobService.master", spec.job_service.master),
        names.JOB_WORKER: RoleProcess("spec.jobService.worker", spec.job_service.worker),
        names.LOG_SERVER: RoleProcess("spec.logServer", spec.log_server),
        names.PROXY: RoleProcess("spec.proxy", spec.proxy),
        names.FUSE: RoleProcess("spec.fuse", spec.fuse),
    }


def roles_by_container(pods: Iterable[Pod]) -> Callable[[str, str], str | None]:
    """Return a function from the names of a pod and a container to the role; a job worker runs in a worker's pod."""
    roles = {pod.name: pod.role for pod in pods if pod.role in names.ROLES}

    def role_of(pod: str, container: str) -> str | None:
        role = container.replace("-", "")
        return role if pod in roles and role in names.ROLES else roles.get(pod)

    return role_of
