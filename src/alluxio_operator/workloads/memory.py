"""Divides the memory of each process so that it provably fits its limit.

A process that outgrows its limit is killed without a word, and in Alluxio that is the most common crash: heap,
direct memory and a tier in memory are set in three places and added up nowhere. Here they are added up, and what
can grow without bound in a JVM is bounded by flags.
"""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.api.base import in_binary, in_bytes
from alluxio_operator.api.roles import Process
from alluxio_operator.engine.problem import Problem

MI = 1024**2

METASPACE = 160 * MI
"""Bound of the classes' metadata; Alluxio 2.9 loads about 90 MiB."""
CODE_CACHE = 64 * MI
"""Bound of compiled code."""
THREADS_AND_COLLECTOR = 160 * MI
"""Stacks of some hundred threads, the collector's tables, native libraries."""

OVERHEAD = METASPACE + CODE_CACHE + THREADS_AND_COLLECTOR
SMALLEST_HEAP = 64 * MI
SMALLEST_DIRECT = MI
"""Java takes 0 for "as much as the heap", which would be in no sum."""


@dataclass(frozen=True, slots=True)
class MemoryNeeds:
    """What is known of one process before its memory is divided; sizes in bytes."""

    role: str
    path: str
    process: Process
    heap: int
    direct: int
    overhead: int
    tiers: int = 0


@dataclass(frozen=True, slots=True)
class Division:
    """The memory of one process, in bytes; `heap + direct + overhead + tiers <= limit`."""

    role: str
    heap: int
    direct: int
    overhead: int
    tiers: int
    limit: int
    request: int

    @property
    def jvm_flags(self) -> tuple[str, ...]:
        """Flags that hold the JVM to its parts, valid from Java 8 to 17."""
        return (
            f"-Xms{self.heap}",
            f"-Xmx{self.heap}",
            f"-XX:MaxDirectMemorySize={self.direct}",
            f"-XX:MaxMetaspaceSize={METASPACE}",
            f"-XX:ReservedCodeCacheSize={CODE_CACHE}",
            # Netty otherwise keeps a second account of direct memory beside the JVM's, each up to the bound.
            "-Dio.netty.maxDirectMemory=0",
        )


def divide(wish: MemoryNeeds) -> Division | Problem:
    """Return the division of a process's memory, or the sum that doesn't fit."""
    jvm, resources = wish.process.jvm, wish.process.resources
    direct = in_bytes(jvm.direct_memory) if jvm.direct_memory else wish.direct
    fixed = direct + wish.overhead + wish.tiers
    limit = in_bytes(resources.limits.memory) if resources.limits.memory else None
    if jvm.heap:
        heap = in_bytes(jvm.heap)
    elif limit is None:
        heap = wish.heap
    else:
        heap = (limit - fixed) // MI * MI
    needed = max(heap, SMALLEST_HEAP) + fixed
    if limit is None:
        limit = needed
    if needed > limit:
        parts = [
            f"heap {_mi(max(heap, SMALLEST_HEAP))}",
            f"direct memory {_mi(direct)}",
            f"overhead {_mi(wish.overhead)}",
        ]
        if wish.tiers:
            parts.append(f"tiers in memory {_mi(wish.tiers)}")
        return Problem(
            field=f"{wish.path}.resources.limits.memory",
            value=resources.limits.memory or "",
            message=f"is too small: {' + '.join(parts)} = {_mi(needed)}",
            remedy=f"raise it to {_mi(needed)} or more, or lower {wish.path}.jvm.heap"
            + (" or spec.workers.tiers[].quota" if wish.tiers else ""),
        )
    if direct < SMALLEST_DIRECT:
        return Problem(
            field=f"{wish.path}.jvm.directMemory",
            value=jvm.direct_memory or "",
            message="is too small for the process",
            remedy=f"give {_mi(SMALLEST_DIRECT)} or more",
        )
    if heap < SMALLEST_HEAP:
        return Problem(
            field=f"{wish.path}.jvm.heap",
            value=jvm.heap or "",
            message="is too small for the process",
            remedy=f"give {_mi(SMALLEST_HEAP)} or more",
        )
    request = in_bytes(resources.requests.memory) if resources.requests.memory else limit
    if request > limit:
        return Problem(
            field=f"{wish.path}.resources.requests.memory",
            value=resources.requests.memory or "",
            message=f"is larger than the limit of {_mi(limit)}",
            remedy="lower the request or raise resources.limits.memory",
        )
    return Division(wish.role, heap, direct, wish.overhead, wish.tiers, limit, request)


def _mi(count: int) -> str:
    return in_binary(-(-count // MI) * MI)
