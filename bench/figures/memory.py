"""Memory of all processes in the operator's container: without a cluster, and with all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.api import Json
from bench.figures import creation
from bench.results import Figure, Goal, Runs, Sample, figure
from bench.session import Session
from bench.usage import resident_at_rest

EMPTY, FULL = "memory-empty", "memory-full"
SETTLING = 5.0
EMPTY_GOAL = Goal("at most 110 MiB", 110)
EACH_GOAL = Goal("at most 0.2 MiB more per cluster", 0.2)
KOPF_GOAL = Goal("below kopf's", 1.0, of_ratio=True)


def measure(session: Session) -> Json:
    """Read the memory at rest; the creation of clusters measures the peak."""
    time.sleep(SETTLING)
    return {"mib": resident_at_rest(session.operator.processes)}


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    empty = _over_sizes(runs, "ours"), _over_sizes(runs, "kopf")
    yield from figure("memory at rest", 0, "MiB", empty[0], goal=EMPTY_GOAL)
    yield from figure("memory at rest", 0, "MiB", empty[0], peer=empty[1], peer_name="kopf", goal=KOPF_GOAL)
    for size in runs.sizes(FULL):
        for title, measure_name, key in (
            ("memory at rest", FULL, "mib"),
            ("memory at its peak, during the creation of all clusters", creation.NAME, "peak_mib"),
        ):
            ours, kopf = (runs.values(measure_name, key, who, size) for who in ("ours", "kopf"))
            yield from figure(title, size, "MiB", ours, peer=kopf, peer_name="kopf", goal=KOPF_GOAL)
            if ours and empty[0]:
                base = empty[0].median
                more = Sample(
                    (ours.median - base) / size, (ours.low - base) / size, (ours.high - base) / size, ours.runs
                )
                yield from figure(f"{title}, more per cluster", size, "MiB", more, goal=EACH_GOAL)

    few, many = (runs.sizes(FULL) or [0])[0], (runs.sizes(FULL) or [0])[-1]
    for title, measure_name, key in (("at rest", FULL, "mib"), ("at its peak", creation.NAME, "peak_mib")):
        low, high = (runs.values(measure_name, key, "ours", size) for size in (few, many))
        if low and high and many > few:
            slope = Sample.of([(high.median - low.median) / (many - few)])
            yield from figure(f"memory {title}, more per cluster from {few} to {many}", many, "MiB", slope)


def _over_sizes(runs: Runs, subject: str) -> Sample | None:
    return Sample.of(found["mib"] for size in runs.sizes(EMPTY) for found in runs.of(EMPTY, subject, size))
