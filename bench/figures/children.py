"""Child events by hooks and by the server's own watches: memory, reaction, a burst, and the break-even point."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.server.child_events import HOOKS_BELOW
from bench import waiting
from bench.api import Json
from bench.clusters import ObjectName
from bench.figures import burst, creation, edits, memory
from bench.results import Figure, Goal, Runs, Sample, figure, percentile
from bench.session import Session
from bench.usage import cpu_seconds, resident_at_rest

NAME = "children"
CHANGES = 20
"""Changes per cluster in a burst: several of each of its ConfigMaps."""

HALF_OF_LIMIT = 256
"""MiB: half of the container's limit in the manifests, so that a fleet can grow until the next start."""

MEMORY_GOAL = Goal(f"at most {HALF_OF_LIMIT} MiB, half of the container's limit", HALF_OF_LIMIT)
REACTION_GOAL = Goal("at most 1 s", 1)
BURST_GOAL = Goal("at most 60 s", 60)


def measure(session: Session) -> Json:
    """Read the memory at rest, delete children one after the other, then change many at once."""
    time.sleep(memory.SETTLING)
    processes = session.operator.processes
    found: Json = {"mib": resident_at_rest(processes)}
    used = cpu_seconds(processes())
    found["seconds"] = _deletions(session)
    found["cpu_seconds"] = cpu_seconds(processes()) - used
    many = burst.measure_changes(session, CHANGES * session.size)
    return found | {f"burst_{key}": value for key, value in many.items()}


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures; the goals apply to hooks at the size from which the operator no longer chooses them."""
    for size in runs.sizes(NAME):
        at_the_line = size == HOOKS_BELOW
        for key, title, unit, goal in (
            ("mib", "memory at rest", "MiB", MEMORY_GOAL),
            ("burst_peak_mib", "memory at its peak, in a burst", "MiB", None),
            ("burst_seconds", f"{CHANGES * size:,} children changed until all are repaired", "s", BURST_GOAL),
            ("burst_cpu_seconds", "CPU time of that", "s", None),
            ("burst_lost", "changes not repaired", "objects", burst.LOST_GOAL),
        ):
            hooks, watch = (runs.values(NAME, key, who, size) for who in ("hooks", "watch"))
            yield from _compared(title, size, unit, hooks, watch, goal if at_the_line else None)
        for share in (0.5, 0.99):
            hooks, watch = (_percentile(runs, who, size, share) for who in ("hooks", "watch"))
            title = f"child deleted until it is back, p{share * 100:.0f}"
            yield from _compared(title, size, "s", hooks, watch, REACTION_GOAL if at_the_line else None)
        for measured, key, title, unit, factor in (
            (creation.NAME, "seconds", "clusters created at once until all objects exist", "s", 1.0),
            (creation.NAME, "cpu_seconds", "CPU time per cluster created", "ms", 1000 / size),
        ):
            hooks, watch = (
                Sample.of(one[key] * factor for one in runs.of(measured, who, size)) for who in ("hooks", "watch")
            )
            yield from _compared(title, size, unit, hooks, watch, None)
    yield from _line(runs)


def _compared(
    title: str, size: int, unit: str, hooks: Sample | None, watch: Sample | None, goal: Goal | None
) -> Iterator[Figure]:
    yield from figure(f"{title}, by hooks", size, unit, hooks, peer=watch, peer_name="watch", goal=goal)


def _line(runs: Runs) -> Iterator[Figure]:
    """Yield the memory of hooks per cluster, and the number of clusters that fits half of the container's limit."""
    known = [(size, sample.median) for size in runs.sizes(NAME) if (sample := runs.values(NAME, "mib", "hooks", size))]
    if len(known) < 2:
        return
    (few, low), (many, high) = known[0], known[-1]
    each = (high - low) / (many - few)
    yield from figure("memory of hooks per cluster", many, "MiB", Sample.of([each]))
    if each > 0:
        enough = Sample.of([few + (HALF_OF_LIMIT - low) / each])
        yield from figure("clusters by hooks in half of the container's limit", many, "clusters", enough)


def _percentile(runs: Runs, subject: str, size: int, share: float) -> Sample | None:
    return Sample.of(percentile(found["seconds"], share) for found in runs.of(NAME, subject, size))


def _deletions(session: Session) -> list[float]:
    chance = random.Random(edits.SEED)
    found = []
    with waiting.texts(session.api, "ConfigMap") as texts:
        for _ in range(session.profile.edits):
            time.sleep(chance.uniform(*edits.GAP))
            place = chance.choice(session.places)
            child = ObjectName("ConfigMap", place.namespace, f"{place.name}-client")
            texts.expect(child, b'"type":"ADDED"')
            began = time.monotonic()
            session.api.raw("DELETE", KINDS[child.kind].path(child.namespace, child.name))
            seen = texts.wait(edits.LONGEST)
            found.append(edits.LONGEST if seen is None else seen - began)
    session.say(f"{len(found)} deletions, the median took {percentile(found, 0.5):.3f} s")
    return found
