"""All clusters created at once, until every object of every cluster exists."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import ModuleType

from alluxio_operator.engine.applied import WORKLOADS
from bench import clusters, waiting
from bench.api import Json
from bench.peers import floor, ordered
from bench.results import Figure, Goal, Runs, Sample, figure, percentile
from bench.session import Session
from bench.subjects import WORKERS
from bench.usage import cpu_seconds, peak_of

NAME, READY = "creation", "ready"
FLOOR_GOAL = Goal("at most 1.5 times the floor", 1.5, of_ratio=True)
KOPF_GOAL = Goal("at most half of kopf", 0.5, of_ratio=True)
SCALING_GOAL = Goal("at most 1.15 times the cost at 100", 1.15, of_ratio=True)
SMALL, LARGE = 100, 1000
BARE: Mapping[str, ModuleType] = {"floor": floor, "ordered": ordered}
"""Clients that create the objects without an operator."""


def measure(session: Session) -> Json:
    """Create all clusters and wait for their objects."""
    wanted = [one for place in session.places for one in clusters.objects_of(place)]
    processes = session.operator.processes if session.subject is not None else lambda: ()
    with waiting.arrivals(session.api, wanted) as arrivals, peak_of(processes) as peak:
        used = cpu_seconds(processes())
        began = session.created_at = time.monotonic()
        if session.subject is None:
            BARE[session.name].install(session.api, session.places, WORKERS)
        else:
            clusters.create(session.api, session.places)
        created = time.monotonic() - began
        seconds = arrivals.wait(session.profile.patience) - began
        found: Json = {
            "seconds": seconds,
            "create_calls_seconds": created,
            "objects": len(wanted),
            "half_seconds": percentile(arrivals.times, 0.5) - began,
            "cpu_seconds": cpu_seconds(processes()) - used,
        }
        session.say(f"{len(wanted)} objects after {seconds:.1f} s")
    return found | {"peak_mib": peak.mib}


def measure_ready(session: Session) -> Json:
    """Wait until all created clusters are Ready, which the next measures need; for the floor, until all pods are."""
    if session.subject is None:
        made = (one for place in session.places for one in clusters.objects_of(place))
        workloads = [one for one in made if one.kind in WORKLOADS]
        waiting.until_settled(session.api, workloads, session.profile.patience)
    else:
        waiting.until_ready(session.api, session.places, session.profile.patience)
    return {"seconds": time.monotonic() - session.created_at}


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for size in runs.sizes(NAME):
        ours = runs.values(NAME, "seconds", "ours", size)
        for peer, goal in (("floor", FLOOR_GOAL), ("kopf", KOPF_GOAL)):
            theirs = runs.values(NAME, "seconds", peer, size)
            # A goal without its peer appears as not measured.
            if theirs or size >= SMALL:
                title = "clusters created at once until all objects exist"
                yield from figure(title, size, "s", ours, peer=theirs, peer_name=peer, goal=goal)
        in_order = runs.values(NAME, "seconds", "ordered", size)
        if in_order:
            title = "clusters created at once until all objects exist, against an operator's minimum"
            yield from figure(title, size, "s", ours, peer=in_order, peer_name="floor in order")
        ready = runs.values(READY, "seconds", "ours", size)
        # The floor's own goal counts objects without waiting. Only here it waits for all pods, as the operator does.
        peers = {peer: runs.values(READY, "seconds", peer, size) for peer in ("floor", "kopf")}
        for peer in [name for name, theirs in peers.items() if theirs] or ["kopf"]:
            title = "clusters created at once until all are Ready"
            yield from figure(title, size, "s", ready, peer=peers[peer], peer_name=peer)
        yield from figure(
            "CPU time of the operator, per cluster created",
            size,
            "ms",
            _per_cluster(runs, "cpu_seconds", "ours", size, 1000),
            peer=_per_cluster(runs, "cpu_seconds", "kopf", size, 1000),
            peer_name="kopf",
        )
    yield from figure(
        "time per cluster for 1,000 created clusters, against 100",
        LARGE,
        "ms",
        _per_cluster(runs, "seconds", "ours", LARGE, 1000),
        peer=_per_cluster(runs, "seconds", "ours", SMALL, 1000),
        peer_name="ours at 100",
        goal=SCALING_GOAL,
    )
    yield from figure(
        "the same for the floor",
        LARGE,
        "ms",
        _per_cluster(runs, "seconds", "floor", LARGE, 1000),
        peer=_per_cluster(runs, "seconds", "floor", SMALL, 1000),
        peer_name="floor at 100",
    )


def _per_cluster(runs: Runs, key: str, subject: str, size: int, factor: float) -> Sample | None:
    return Sample.of(found[key] / size * factor for found in runs.of(NAME, subject, size) if key in found)
