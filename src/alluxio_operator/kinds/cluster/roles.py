"""The processes of a cluster: which role each plays, and where the resource speaks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.roles import Process
from alluxio_operator.kinds.cluster import names
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class Described:
    """What the resource says of one process, and the path at which it says so."""

    path: str
    process: Process


def processes(spec: ClusterSpec) -> Mapping[str, Described]:
    """Return every process by its role, whether it is enabled or not."""
    return {
        names.MASTER: Described("spec.masters", spec.masters),
        names.WORKER: Described("spec.workers", spec.workers),
        names.JOB_MASTER: Described("spec.jobService.master", spec.job_service.master),
        names.JOB_WORKER: Described("spec.jobService.worker", spec.job_service.worker),
        names.LOG_SERVER: Described("spec.logServer", spec.log_server),
        names.PROXY: Described("spec.proxy", spec.proxy),
        names.FUSE: Described("spec.fuse", spec.fuse),
    }


def roles_by_container(pods: Iterable[Pod]) -> Callable[[str, str], str | None]:
    """Return what tells the role of a container by its pod's name and its own; a job worker is a role within a pod."""
    roles = {pod.name: pod.role for pod in pods if pod.role in names.ROLES}

    def role_of(pod: str, container: str) -> str | None:
        of_its_own = container.replace("-", "")
        return of_its_own if pod in roles and of_its_own in names.ROLES else roles.get(pod)

    return role_of
