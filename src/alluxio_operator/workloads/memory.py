"""Memory layout of each process, so that it provably fits its limit.

The kernel kills a process that exceeds its limit without a log line. In Alluxio that is the most common crash, because
heap, direct memory and tiers in memory are set in three places and never added up. This module adds them up, and
JVM flags bound every part that can grow. The tables of the garbage collector grow with the heap
(`workloads/collectors.py`), and options that the user gives change some parts (`workloads/jvm_options.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alluxio_operator.api.base import in_binary, in_bytes
from alluxio_operator.api.roles import Process
from alluxio_operator.engine.acceptance import acceptance_of, mapping, mappings
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads import jvm_options
from alluxio_operator.workloads.jvm_options import settings_of

MI = 1024**2

METASPACE = 160 * MI
"""Limit of class metadata; Alluxio 2.9 uses about 90 MiB."""
CODE_CACHE = 64 * MI
"""Limit of compiled code."""
NATIVE = 64 * MI
"""Stacks of some hundred threads, symbols, shared classes, the compiler, native libraries."""
THREADS_AND_COLLECTOR = 160 * MI
"""Least room for `NATIVE` and the collector together: it suffices for heaps up to 1 GiB."""

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
    metaspace: int = METASPACE
    code_cache: int = CODE_CACHE
    native: int = 0
    """Memory of libraries such as RocksDB."""
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
    missing: int = 0
    """Bytes that the limit lacks. Only a role that an operator accepted by an older rule may lack some."""

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


@dataclass(frozen=True, slots=True)
class Accepted:
    """Memory layout with which the operator ran a role before, from the status; sizes in bytes."""

    heap: int
    direct: int
    overhead: int
    tiers: int
    limit: int
    unchanged: bool
    """Whether the spec is still the one that was accepted."""
    rolled_back: bool = False
    """Whether the cluster follows an older spec, which was accepted in its time."""


def accepted(resource: Object) -> Mapping[str, Accepted]:
    """Return the recorded memory layouts of a resource, by role.

    An operator with a stricter rule must not stop what runs: it accepts these, and reports what is missing. A layout
    that can't be read, since another version or a hand wrote it, counts as not recorded.
    """
    standing = acceptance_of(resource)
    recorded = mappings(mapping(resource.get("status")), "memory")
    layouts = {str(one.get("role")): _sizes(one) for one in recorded}
    return {
        role: Accepted(**sizes, unchanged=standing.unchanged, rolled_back=standing.rolled_back)
        for role, sizes in layouts.items()
        if sizes is not None
    }


def _sizes(recorded: Mapping[str, Any]) -> dict[str, int] | None:
    try:
        return {
            part: in_bytes(str(recorded.get(part, "0"))) for part in ("heap", "direct", "overhead", "tiers", "limit")
        }
    except ValueError:
        return None


def divide(needs: MemoryNeeds, before: Accepted | None = None) -> Division | Problem:
    """Return the memory layout of a process, or a Problem with the sum that doesn't fit."""
    jvm, resources = needs.process.jvm, needs.process.resources
    direct = in_bytes(jvm.direct_memory) if jvm.direct_memory else needs.direct
    limit = in_bytes(resources.limits.memory) if resources.limits.memory else None
    kept = before and _kept(needs, direct, limit, before)
    if kept:
        heap, limit = kept.heap, kept.limit
    elif jvm.heap:
        heap = in_bytes(jvm.heap)
    elif limit is None:
        heap = needs.heap
    else:
        heap = _largest_heap(needs, limit - direct - needs.tiers)
    overhead = _overhead(needs, max(heap, SMALLEST_HEAP))
    needed = max(heap, SMALLEST_HEAP) + direct + overhead + needs.tiers
    if limit is None:
        limit = needed
    rolled_back = before is not None and before.rolled_back and heap + direct + needs.tiers <= limit
    if needed > limit and not kept and not rolled_back:
        return _too_small(needs, max(heap, SMALLEST_HEAP), direct, overhead)
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
    missing = max(0, needed - limit)
    # The recorded overhead shows later whether the limit was derived, and which options it covers.
    reserved = kept.overhead if kept else overhead - missing
    return Division(needs.role, heap, direct, reserved, needs.tiers, limit, request, missing)


def option_problems(needs: MemoryNeeds) -> Iterable[Problem]:
    """Yield options of the JVM that have no effect, or that the sum can't count."""
    return jvm_options.problems(needs.path, needs.process)


def shortage(needs: MemoryNeeds, division: Division) -> Problem | None:
    """Return what a tolerated layout lacks, as a Problem; None if it fits."""
    if not division.missing:
        return None
    return _too_small(needs, division.heap, division.direct, _overhead(needs, division.heap), _mi(division.limit))


def tolerated(
    processes: Iterable[MemoryNeeds], before: Mapping[str, Accepted], divided: Mapping[str, Division | Problem]
) -> Iterable[Problem]:
    """Yield what an older operator accepted, and this one would refuse in a new resource."""
    for needs in processes:
        division = divided[needs.role]
        if isinstance(division, Division) and (short := shortage(needs, division)):
            yield short
        if needs.role in before:
            yield from option_problems(needs)


def _overhead(needs: MemoryNeeds, heap: int) -> int:
    """Return the bytes besides heap, direct memory and tiers."""
    settings = settings_of(needs.process)
    # A smaller limit of a part leaves the sum as it is, so that no pod restarts for a limit that could be lower.
    metaspace = max(needs.metaspace, settings.metaspace)
    code_cache = max(needs.code_cache, settings.code_cache)
    collector = -(-settings.collector_memory(heap) // MI) * MI
    return metaspace + code_cache + settings.further + needs.native + max(THREADS_AND_COLLECTOR, NATIVE + collector)


def _largest_heap(needs: MemoryNeeds, room: int) -> int:
    """Return the largest heap in whole MiB that fits with its overhead; 0 if none does."""
    if room <= 0:
        return 0
    return MI * bisect_right(range(1, room // MI + 1), room, key=lambda mib: mib * MI + _overhead(needs, mib * MI))


def _kept(needs: MemoryNeeds, direct: int, limit: int | None, before: Accepted) -> Accepted | None:
    """Return the layout that was accepted, if its sizes are still wanted but the rule of today asks for more."""
    jvm = needs.process.jvm
    # Without a limit the operator derived the recorded one, which is then exactly the sum.
    derived = before.heap + before.direct + before.overhead + before.tiers
    expected_limit = derived if limit is None else limit
    given_heap = in_bytes(jvm.heap) if jvm.heap else (needs.heap if limit is None else before.heap)
    wanted = (given_heap, direct, needs.tiers, expected_limit)
    if wanted != (before.heap, before.direct, before.tiers, before.limit):
        return None
    overhead = _overhead(needs, before.heap)
    if before.heap + direct + overhead + needs.tiers <= before.limit:
        return None
    # Options may have been added since, which the recorded overhead doesn't cover.
    return before if before.unchanged or _overhead(needs, SMALLEST_HEAP) <= before.overhead else None


def _too_small(needs: MemoryNeeds, heap: int, direct: int, overhead: int, limit: str = "") -> Problem:
    parts = [f"heap {_mi(heap)}", f"direct memory {_mi(direct)}", f"overhead {_mi(overhead)}"]
    if needs.tiers:
        parts.append(f"tiers in memory {_mi(needs.tiers)}")
    needed = _mi(heap + direct + overhead + needs.tiers)
    return Problem(
        field=f"{needs.path}.resources.limits.memory",
        value=needs.process.resources.limits.memory or limit,
        message=f"is too small: {' + '.join(parts)} = {needed}",
        remedy=f"raise it to {needed} or more, or lower {needs.path}.jvm.heap"
        + (" or spec.workers.tiers[].quota" if needs.tiers else ""),
    )


def _mi(count: int) -> str:
    return in_binary(-(-count // MI) * MI)
