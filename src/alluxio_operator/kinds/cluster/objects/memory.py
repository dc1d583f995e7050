"""Memory that each process of an AlluxioCluster needs, divided into heap, direct memory, overhead and tiers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.base import in_bytes
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.workloads.memory import MI, Accepted, Division, MemoryNeeds, divide, option_problems, tolerated

ROCKSDB = 512 * MI
"""Four column families of inode and block metadata, each with two write buffers of 64 MiB (RocksDB's default)."""


def divisions(spec: ClusterSpec, before: Mapping[str, Accepted] | None = None) -> dict[str, Division | Problem]:
    """Return the memory division of each process, by role; a Problem if the memory doesn't fit.

    `before` are the recorded divisions: an operator with a stricter rule keeps them.
    """
    return {needs.role: divide(needs, (before or {}).get(needs.role)) for needs in _needs(spec)}


def problems(spec: ClusterSpec, before: Mapping[str, Accepted]) -> Iterable[Problem]:
    """Yield options of JVMs that are refused; a role that was accepted before keeps them, see `warnings`."""
    for needs in _needs(spec):
        if needs.role not in before:
            yield from option_problems(needs)


def warnings(
    spec: ClusterSpec, before: Mapping[str, Accepted], divided: Mapping[str, Division | Problem]
) -> Iterable[Problem]:
    """Return what the operator would refuse in a new cluster, and tolerates in one that runs with it."""
    return tolerated(_needs(spec), before, divided)


def _needs(spec: ClusterSpec) -> Iterable[MemoryNeeds]:
    metastore = {**spec.properties, **spec.masters.properties}.get("alluxio.master.metastore", "ROCKS")
    yield MemoryNeeds(
        names.MASTER,
        "spec.masters",
        spec.masters,
        heap=1024 * MI,
        direct=128 * MI,
        native=0 if metastore == "HEAP" else ROCKSDB,
    )
    yield MemoryNeeds(
        names.WORKER,
        "spec.workers",
        spec.workers,
        heap=1024 * MI,
        direct=512 * MI,
        tiers=sum(in_bytes(tier.quota) for tier in spec.workers.tiers if tier.lies_on == "MEM"),
    )
    if spec.job_service.enabled:
        yield MemoryNeeds(
            names.JOB_MASTER,
            "spec.jobService.master",
            spec.job_service.master,
            heap=512 * MI,
            direct=64 * MI,
        )
        yield MemoryNeeds(
            names.JOB_WORKER,
            "spec.jobService.worker",
            spec.job_service.worker,
            heap=512 * MI,
            direct=256 * MI,
        )
    if spec.log_server.enabled:
        yield MemoryNeeds(
            names.LOG_SERVER,
            "spec.logServer",
            spec.log_server,
            heap=128 * MI,
            direct=16 * MI,
        )
    if spec.proxy.enabled:
        yield MemoryNeeds(names.PROXY, "spec.proxy", spec.proxy, heap=512 * MI, direct=256 * MI)
    if spec.fuse.enabled:
        yield MemoryNeeds(names.FUSE, "spec.fuse", spec.fuse, heap=512 * MI, direct=512 * MI)
