"""Thousands of children changed by another client, as fast as the API server allows, until all are repaired."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from alluxio_operator.kube.kinds import KINDS
from bench import clusters, waiting
from bench.api import Json
from bench.clusters import ObjectName
from bench.results import Figure, Goal, Runs, figure
from bench.session import Session
from bench.subjects import total
from bench.usage import cpu_seconds, peak_of, resident

NAME = "burst"
DRIFT = "bench-drift"
"""Text in a changed ConfigMap until the operator repairs it."""

WRITERS = 8
GOAL = Goal("at most 300 s", 300)
LOST_GOAL = Goal("none lost", 0)


def measure(session: Session) -> Json:
    """Change ConfigMaps and wait until each is repaired and the queue is empty."""
    return measure_changes(session, session.profile.touches)


def measure_changes(session: Session, count: int) -> Json:
    """Make `count` changes and wait until each is repaired and the queue is empty."""
    maps = [one for place in session.places for one in clusters.objects_of(place) if one.kind == "ConfigMap"]
    touches = [maps[n % len(maps)] for n in range(count)]
    processes = session.operator.processes
    before, used = resident(processes()), cpu_seconds(processes())
    with waiting.drift(session.api, DRIFT.encode()) as drift, peak_of(processes) as peak:
        began = time.monotonic()
        with ThreadPoolExecutor(WRITERS) as pool:
            for _ in pool.map(lambda pair: _spoil(session, *pair), enumerate(touches)):
                pass
        touched = time.monotonic() - began
        session.say(f"{len(touches)} changes made in {touched:.1f} s")
        end = began + session.profile.patience
        while drift.spoiled() or _queued(session):
            if time.monotonic() > end:
                break
            time.sleep(0.25)
        seconds = time.monotonic() - began
    return {
        "changes": len(touches),
        "objects": len(maps),
        "touch_seconds": touched,
        "seconds": seconds,
        "lost": _left(session),
        "before_mib": before,
        # A short burst ends before the first sample.
        "peak_mib": max(peak.mib, before),
        "cpu_seconds": cpu_seconds(processes()) - used,
    }


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for size in runs.sizes(NAME):
        changes = runs.values(NAME, "changes", "ours", size)
        count = f"{changes.median:,.0f}" if changes else ""
        for key, title, unit, goal in (
            ("seconds", f"{count} children changed until all are repaired", "s", GOAL),
            ("touch_seconds", "of it, until the changes were made", "s", None),
            ("lost", "changes not repaired", "objects", LOST_GOAL),
            ("before_mib", "memory before", "MiB", None),
            ("peak_mib", "memory at its peak", "MiB", None),
        ):
            ours, kopf = (runs.values(NAME, key, who, size) for who in ("ours", "kopf"))
            yield from figure(title, size, unit, ours, peer=kopf, peer_name="kopf", goal=goal)


def _spoil(session: Session, number: int, name: ObjectName) -> None:
    path = KINDS[name.kind].path(name.namespace, name.name)
    session.api.merge(path, {"data": {_key(name): f"{DRIFT}-{number}"}})


def _key(name: ObjectName) -> str:
    return "master" if name.name.endswith("-jvm") else "alluxio-site.properties"


def _queued(session: Session) -> bool:
    return session.ours is not None and total(session.ours.metrics(), "alluxio_operator_queue_depth") > 0


def _left(session: Session) -> int:
    maps = session.api.list(KINDS["ConfigMap"].path(""), {"labelSelector": waiting.OURS})
    return sum(any(DRIFT in text for text in one.get("data", {}).values()) for one in maps)
