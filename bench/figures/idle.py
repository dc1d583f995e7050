"""The idle operator: writes, reads and CPU time while nothing changes."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from bench.api import Json
from bench.results import Figure, Goal, Runs, figure
from bench.session import Session
from bench.usage import cpu_seconds

NAME = "idle"
WRITES_GOAL = Goal("0 writes", 0)
PROCESSOR_GOAL = Goal("below 3 % of a core", 3)
CALM = 15.0
"""Seconds before the measurement, so that earlier work has ended."""

OTHERS = ("kube-", "kwok", "kubectl", "alluxio-operator-bench")
"""Prefixes of the simulation's own user agents. Every other client counts as the subject, so none is overlooked."""

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


def measure(session: Session) -> Json:
    """Wait without changes, and count the requests of that time in the API server's audit log."""
    time.sleep(CALM)
    path = session.logs / "audit.log"
    processes = session.operator.processes
    with path.open("rb") as log:
        log.seek(0, os.SEEK_END)
        used, began = cpu_seconds(processes()), time.monotonic()
        time.sleep(session.profile.idle)
        seconds = time.monotonic() - began
        used = cpu_seconds(processes()) - used
        counted = _requests(log)
        if os.fstat(log.fileno()).st_ino != path.stat().st_ino:
            # The API server rotated the full log meanwhile.
            with path.open("rb") as rest:
                counted += _requests(rest)
    leases = sum(n for (verb, resource), n in counted.items() if resource == "leases" and verb in WRITES)
    writes = sum(n for (verb, resource), n in counted.items() if resource != "leases" and verb in WRITES)
    return {
        "seconds": seconds,
        "writes": writes,
        "lease_writes": leases,
        "reads": sum(n for (verb, _), n in counted.items() if verb not in WRITES),
        "percent_of_a_core": used / seconds * 100,
        "requests": {f"{verb} {resource}": n for (verb, resource), n in sorted(counted.items())},
    }


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for size in runs.sizes(NAME):
        for key, title, unit, goal in (
            ("writes", "writes while idle, except for the Lease", "writes", WRITES_GOAL),
            ("lease_writes", "renewals of the Lease while idle", "writes", None),
            ("reads", "reads and new watches while idle", "requests", None),
            ("percent_of_a_core", "CPU time while idle", "% of a core", PROCESSOR_GOAL),
        ):
            ours, kopf = (runs.values(NAME, key, who, size) for who in ("ours", "kopf"))
            yield from figure(title, size, unit, ours, peer=kopf, peer_name="kopf", goal=goal)


def _requests(lines: Iterable[bytes]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("stage") == "ResponseComplete" and not event.get("userAgent", "").startswith(OTHERS):
            reference = event.get("objectRef") or {}
            name = "/".join(part for part in (reference.get("resource"), reference.get("subresource")) if part)
            found[event["verb"], name or "other"] += 1
    return found
