"""Memory that a garbage collector takes besides the heap, as a rule by collector, heap and processors; pure.

Source of the numbers: a program that keeps the collector busy, run on Java 17 and 25 with native memory tracking. The
rule covers each of those runs (bench/results/jvm.json, docs/decisions/0045-the-collector-counts.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MI: Final = 1024**2
KI: Final = 1024

MEASURED_PROCESSORS: Final = 2
"""Processors of the runs from which the base and the share come."""


@dataclass(frozen=True, slots=True)
class Collector:
    """One garbage collector, or several that can't be told apart; sizes in bytes."""

    name: str
    base: int
    """Tables and queues that don't depend on the heap."""
    per_mille: int
    """Share of the heap: mark bitmaps, card tables, remembered sets."""
    per_processor: int
    """Queues of one further worker thread. A JVM starts one for each processor, up to 8, then for 5 of 8."""

    def memory(self, heap: int, processors: int) -> int:
        """Return the bytes that the collector takes for a heap of this size."""
        more = max(0, processors - MEASURED_PROCESSORS)
        return self.base + heap * self.per_mille // 1000 + more * self.per_processor


G1: Final = Collector("G1", 32 * MI, 50, 1792 * KI)
PARALLEL: Final = Collector("Parallel", 32 * MI, 40, 2304 * KI)
SERIAL: Final = Collector("Serial", 16 * MI, 5, 0)
Z: Final = Collector("Z", 64 * MI, 50, 2304 * KI)
SHENANDOAH: Final = Collector("Shenandoah", 32 * MI, 50, 768 * KI)

COLLECTORS: Final = {
    "UseG1GC": G1,
    "UseParallelGC": PARALLEL,
    "UseParallelOldGC": PARALLEL,
    "UseSerialGC": SERIAL,
    "UseZGC": Z,
    "UseShenandoahGC": SHENANDOAH,
    # Not measured, since Java 17 has it no longer: one mark bitmap and the card table, less than G1's.
    "UseConcMarkSweepGC": G1,
    # It never collects, and has no tables.
    "UseEpsilonGC": SERIAL,
}
"""By the JVM's flag."""

CHOICES: Final = (G1, PARALLEL)
"""Collectors that a JVM chooses on its own: Java 8 takes Parallel, Java 11 and later G1, small containers Serial."""


def most(candidates: Iterable[Collector], heap: int, processors: int) -> int:
    """Return the bytes that the largest of the collectors takes."""
    return max(collector.memory(heap, processors) for collector in candidates)
