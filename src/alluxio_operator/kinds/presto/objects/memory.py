"""Divides the memory of each server so that its parts add up to the limit at most; pure.

Source of the numbers: a run of Presto 0.287 with its Hive connector. A worker with a heap of 448 MiB that wrote ORC
through Alluxio took another 350 MiB outside of the heap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from alluxio_operator.api.base import in_binary, in_bytes
from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.api.status import RoleMemory
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.presto import names
from alluxio_operator.workloads.memory import (
    MI,
    THREADS_AND_COLLECTOR,
    Accepted,
    Division,
    MemoryNeeds,
    divide,
    option_problems,
    tolerated,
)

METASPACE: Final = 224 * MI
"""Limit of class metadata: Presto compiles each expression of a query to a class."""
CODE_CACHE: Final = 96 * MI
"""Limit of compiled code."""
OVERHEAD: Final = METASPACE + CODE_CACHE + THREADS_AND_COLLECTOR
"""Least memory besides heap and direct memory; the collector of a larger heap takes more."""

SHARE_OF_OLDER_COLLECTOR: Final = 0.08
"""Share of a limit beyond 4 GiB that operators of before reserved for the collector, more than it takes."""

SMALLEST_HEAP: Final = 256 * MI
"""A coordinator with the Hive connector doesn't start with less."""

SMALLEST_HEAP_FOR_TPCH: Final = 448 * MI
"""The tpch connector keeps 300 MB of text, from which it cuts comments; a heap of 320 MiB was too small."""

HEADROOM: Final = 0.25
"""Share of the heap for memory that Presto doesn't count."""
QUERY: Final = 0.4
"""Share of the heap that one query may use on a server."""
TOTAL: Final = 0.7
"""The same with the memory that Presto counts as its system's."""


def divisions(spec: PrestoSpec, before: Mapping[str, Accepted] | None = None) -> Mapping[str, Division | Problem]:
    """Return the division of each server by role; `before` are the recorded ones, which a stricter rule keeps."""
    return {needs.role: _divided(needs, (before or {}).get(needs.role)) for needs in _needs(spec)}


def warnings(
    spec: PrestoSpec, before: Mapping[str, Accepted], divided: Mapping[str, Division | Problem]
) -> Iterable[Problem]:
    """Return what the operator would refuse in a new Presto, and tolerates in one that runs with it."""
    return tolerated(_needs(spec), before, divided)


def jvm_flags(division: Division) -> tuple[str, ...]:
    """Return the flags that limit each part of a JVM's memory."""
    return (
        f"-Xms{division.heap}",
        f"-Xmx{division.heap}",
        f"-XX:MaxDirectMemorySize={division.direct}",
        f"-XX:MaxMetaspaceSize={METASPACE}",
        f"-XX:ReservedCodeCacheSize={CODE_CACHE}",
        "-XX:+ExitOnOutOfMemoryError",
    )


def query_properties(division: Division, per_query: str | None) -> dict[str, str]:
    """Return how a server divides its heap between queries; Presto doesn't start if the parts exceed the heap."""
    heap = division.heap
    query = in_bytes(per_query) if per_query else int(heap * QUERY)
    return {
        "query.max-memory-per-node": _size(query),
        "query.max-total-memory-per-node": _size(max(query, int(heap * TOTAL))),
        "memory.heap-headroom-per-node": _size(int(heap * HEADROOM)),
    }


def memory_status(divisions: Iterable[Division]) -> tuple[RoleMemory, ...]:
    """Return the parts of each server's memory, as the status shows them."""
    return tuple(
        RoleMemory(
            role=one.role,
            heap=in_binary(one.heap),
            direct=in_binary(one.direct),
            overhead=in_binary(one.overhead),
            limit=in_binary(one.limit),
        )
        for one in divisions
    )


def problems(
    spec: PrestoSpec, before: Mapping[str, Accepted], divided: Mapping[str, Division | Problem]
) -> Iterable[Problem]:
    """Yield memory that doesn't suffice or doesn't fit, and options that a new Presto may not have."""
    for needs in _needs(spec):
        if needs.role not in before:
            yield from option_problems(needs)
    for division in divided.values():
        if isinstance(division, Problem):
            yield division
            continue
        if (
            division.role == names.WORKER
            and division.heap < SMALLEST_HEAP_FOR_TPCH
            and any(c.tpch for c in spec.catalogs)
        ):
            yield Problem(
                "spec.workers.jvm.heap",
                spec.workers.jvm.heap or "",
                f"leaves a heap of {division.heap // MI}Mi, too small for the tpch connector, which keeps 300 MB",
                f"give {SMALLEST_HEAP_FOR_TPCH // MI}Mi or more, or remove the catalog",
            )
        if spec.memory_per_query and in_bytes(spec.memory_per_query) > division.heap * (1 - HEADROOM):
            yield Problem(
                "spec.memoryPerQuery",
                spec.memory_per_query,
                f"is more than three quarters of the heap of the {division.role}, which is {division.heap // MI}Mi",
                "lower it, or give the servers more memory",
            )


def _needs(spec: PrestoSpec) -> Iterable[MemoryNeeds]:
    for role, path, given, heap, direct in (
        (names.COORDINATOR, "spec.coordinator", spec.coordinator, 1024 * MI, 64 * MI),
        (names.WORKER, "spec.workers", spec.workers, 2048 * MI, 128 * MI),
    ):
        yield MemoryNeeds(role, path, given, heap, direct, METASPACE, CODE_CACHE)


def _divided(needs: MemoryNeeds, before: Accepted | None) -> Division | Problem:
    found = _divided_before(needs, before) or divide(needs, before)
    if isinstance(found, Problem) or found.heap >= SMALLEST_HEAP:
        return found
    given = needs.process.jvm.heap
    return Problem(
        f"{needs.path}.jvm.heap" if given else f"{needs.path}.resources.limits.memory",
        given or needs.process.resources.limits.memory or "",
        f"leaves a heap of {found.heap // MI}Mi, too small for a server to start",
        f"give a heap of {SMALLEST_HEAP // MI}Mi or more",
    )


def _divided_before(needs: MemoryNeeds, before: Accepted | None) -> Division | None:
    """Return the recorded division by the older rule, while it fits; a larger heap isn't worth a restart."""
    limit = needs.process.resources.limits.memory
    if before is None or limit is None or needs.process.jvm.heap:
        return None
    collector = int(max(0, in_bytes(limit) - 4096 * MI) * SHARE_OF_OLDER_COLLECTOR) // MI * MI
    if not collector or before.overhead != OVERHEAD + collector or before.limit != in_bytes(limit):
        return None
    jvm = needs.process.jvm.model_copy(update={"heap": in_binary(before.heap)})
    found = divide(replace(needs, process=needs.process.model_copy(update={"jvm": jvm})))
    if isinstance(found, Problem) or found.direct != before.direct:
        return None
    # The recorded overhead shows the next reconcile by which rule the heap was derived.
    return replace(found, overhead=before.overhead)


def _size(count: int) -> str:
    return f"{max(1, count // MI)}MB"
