"""Memory that each process of an AlluxioCluster needs, divided into heap, direct memory, overhead and tiers."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.base import in_bytes
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.workloads.memory import MI, OVERHEAD, Division, MemoryNeeds, divide

ROCKSDB = 512 * MI
"""Four column families of inode and block metadata, each with two write buffers of 64 MiB (RocksDB's default)."""


def divisions(spec: ClusterSpec) -> dict[str, Division | Problem]:
    """Return the memory division of each process, by role; a Problem if the memory doesn't fit."""
    return {needs.role: divide(needs) for needs in _needs(spec)}


def _needs(spec: ClusterSpec) -> Iterable[MemoryNeeds]:
    metastore = {**spec.properties, **spec.masters.properties}.get("alluxio.master.metastore", "ROCKS")
    yield MemoryNeeds(
        names.MASTER,
        "spec.masters",
        spec.masters,
        heap=1024 * MI,
        direct=128 * MI,
        overhead=OVERHEAD + (0 if metastore == "HEAP" else ROCKSDB),
    )
    yield MemoryNeeds(
        names.WORKER,
        "spec.workers",
        spec.workers,
        heap=1024 * MI,
        direct=512 * MI,
        overhead=OVERHEAD,
        tiers=sum(in_bytes(tier.quota) for tier in spec.workers.tiers if tier.lies_on == "MEM"),
    )
    if spec.job_service.enabled:
        yield MemoryNeeds(
            names.JOB_MASTER,
            "spec.jobService.master",
            spec.job_service.master,
            heap=512 * MI,
            direct=64 * MI,
            overhead=OVERHEAD,
        )
        yield MemoryNeeds(
            names.JOB_WORKER,
            "spec.jobService.worker",
            spec.job_service.worker,
            heap=512 * MI,
            direct=256 * MI,
            overhead=OVERHEAD,
        )
    if spec.log_server.enabled:
        yield MemoryNeeds(
            names.LOG_SERVER,
            "spec.logServer",
            spec.log_server,
            heap=128 * MI,
            direct=16 * MI,
            overhead=OVERHEAD,
        )
    if spec.proxy.enabled:
        yield MemoryNeeds(names.PROXY, "spec.proxy", spec.proxy, heap=512 * MI, direct=256 * MI, overhead=OVERHEAD)
    if spec.fuse.enabled:
        yield MemoryNeeds(names.FUSE, "spec.fuse", spec.fuse, heap=512 * MI, direct=512 * MI, overhead=OVERHEAD)
