"""Memory layout of each process, so that it provably fits its limit.

The kernel kills a process that exceeds its limit without a log line. In Alluxio that is the most common crash, because
heap, direct memory and tiers in memory are set in three places and never added up. This module adds them up, and
JVM flags bound every part that can grow.
"""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.api.base import in_binary, in_bytes
from alluxio_operator.api.roles import Process
from alluxio_operator.engine.problem import Problem

MI = 1024**2

METASPACE = 160 * MI
"""Limit of class metadata; Alluxio 2.9 uses about 90 MiB."""
CODE_CACHE = 64 * MI
"""Limit of compiled code."""
THREADS_AND_COLLECTOR = 160 * MI
"""Stacks of some hundred threads, tables of the garbage collector, native libraries."""

OVERHEAD = METASPACE + CODE_CACHE + THREADS_AND_COLLECTOR
SMALLEST_HEAP = 64 * MI
SMALLEST_DIRECT = MI
"""Above 0, because Java reads 0 as "as much as the heap", which the sum would miss."""


@dataclass(frozen=True, slots=True)
class MemoryNeeds:
    """Memory needs of one process before the layout; sizes in bytes."""

    role: str
    path: str
    process: Process
    heap: int
    direct: int
    overhead: int
    tiers: int = 0


@dataclass(frozen=True, slots=True)
class Division:
    """Memory layout of one process, in bytes; `heap + direct + overhead + tiers <= limit`."""

    role: str
    heap: int
    direct: int
    overhead: int
    tiers: int
    limit: int
    request: int

    @property
    def jvm_flags(self) -> tuple[str, ...]:
        """Flags that bound each part of the JVM's memory, valid from Java 8 to 17."""
        return (
            f"-Xms{self.heap}",
            f"-Xmx{self.heap}",
            f"-XX:MaxDirectMemorySize={self.direct}",
            f"-XX:MaxMetaspaceSize={METASPACE}",
            f"-XX:ReservedCodeCacheSize={CODE_CACHE}",
            # Otherwise Netty counts direct memory separately from the JVM, each up to the limit.
            "-Dio.netty.maxDirectMemory=0",
        )


def divide(needs: MemoryNeeds) -> Division | Problem:
    """Return the memory layout of a process, or a Problem with the sum that doesn't fit."""
    jvm, resources = needs.process.jvm, needs.process.resources
    direct = in_bytes(jvm.direct_memory) if jvm.direct_memory else needs.direct
    fixed = direct + needs.overhead + needs.tiers
    limit = in_bytes(resources.limits.memory) if resources.limits.memory else None
    if jvm.heap:
        heap = in_bytes(jvm.heap)
    elif limit is None:
        heap = needs.heap
    else:
        heap = (limit - fixed) // MI * MI
    needed = max(heap, SMALLEST_HEAP) + fixed
    if limit is None:
        limit = needed
    if needed > limit:
        parts = [
            f"heap {_mi(max(heap, SMALLEST_HEAP))}",
            f"direct memory {_mi(direct)}",
            f"overhead {_mi(needs.overhead)}",
        ]
        if needs.tiers:
            parts.append(f"tiers in memory {_mi(needs.tiers)}")
        return Problem(
            field=f"{needs.path}.resources.limits.memory",
            value=resources.limits.memory or "",
            message=f"is too small: {' + '.join(parts)} = {_mi(needed)}",
            remedy=f"raise it to {_mi(needed)} or more, or lower {needs.path}.jvm.heap"
            + (" or spec.workers.tiers[].quota" if needs.tiers else ""),
        )
    if direct < SMALLEST_DIRECT:
        return Problem(
            field=f"{needs.path}.jvm.directMemory",
            value=jvm.direct_memory or "",
            message="is too small for the process",
            remedy=f"set it to {_mi(SMALLEST_DIRECT)} or more",
        )
    if heap < SMALLEST_HEAP:
        return Problem(
            field=f"{needs.path}.jvm.heap",
            value=jvm.heap or "",
            message="is too small for the process",
            remedy=f"set it to {_mi(SMALLEST_HEAP)} or more",
        )
    request = in_bytes(resources.requests.memory) if resources.requests.memory else limit
    if request > limit:
        return Problem(
            field=f"{needs.path}.resources.requests.memory",
            value=resources.requests.memory or "",
            message=f"is larger than the limit of {_mi(limit)}",
            remedy="lower the request or raise resources.limits.memory",
        )
    return Division(needs.role, heap, direct, needs.overhead, needs.tiers, limit, request)


def _mi(count: int) -> str:
    return in_binary(-(-count // MI) * MI)
