"""The processes of a cluster: which role each plays, and where the resource speaks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.roles import Process
from alluxio_operator.kinds.cluster import names


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
