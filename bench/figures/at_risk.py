"""The cost of a listing that finds the data at risk: seconds and bytes for many files, and what clients notice of it.

The files are in the UFS, and Alluxio has loaded their names; none is cached. So each has the entry of a real file, but
without locations, which make it larger.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, Holders
from alluxio_operator.alluxio.rpc.risk_listing import PagedRiskListing
from alluxio_operator.engine.background import PAUSES
from bench.api import Json
from bench.figures import backups
from bench.figures.backups import CLUSTER
from bench.load import Call, Load
from bench.names import RPC_PORT
from bench.results import Figure, Goal, Runs, Sample, figure, percentile

NAME = "at-risk"
NAMESPACE: Final = "bench-at-risk"
PER: Final = 100_000
GOAL = Goal("at most 1.5 times", 1.5, of_ratio=True)
WARM_UP: Final = 20.0


def measure(files: int, turns: int, window: float) -> Json:
    """List a cluster with this number of files, without pauses and as the operator does; delete everything again."""
    with backups.filled(NAMESPACE, 1, files) as (folders, place):
        host = place.leader(CLUSTER)
        listings = [_listed(host) for _ in range(turns)]
        windows: list[tuple[str, float, float]] = []
        load = Load(host, folders, "/created")
        with load.running():
            time.sleep(WARM_UP)
            for _ in range(turns):
                begin = time.monotonic()
                time.sleep(window)
                windows.append(("beside", begin, time.monotonic()))
                begin = time.monotonic()
                _listed(host, pauses=PAUSES)
                windows.append(("listing", begin, time.monotonic()))
        return {"files": files, "listings": listings, "calls": _sides(load, windows)}


def _listed(host: str, pauses: float = 0.0) -> Json:
    listing = PagedRiskListing(host, RPC_PORT, Holders(), int(time.time() * 1000))
    began, used = time.monotonic(), _cpu()
    while (found := listing.step()) is None:
        if pauses:
            time.sleep(pauses)
    if isinstance(found, NoAnswer):
        raise RuntimeError(f"no listing: {found.reason}")
    result = _result(found) | {"cpu_seconds": _cpu() - used, "whole_seconds": time.monotonic() - began}
    print(f"    {result}", flush=True)
    return result


def _result(found: AtRisk) -> Json:
    return {"seconds": found.seconds, "bytes": found.received, "entries": found.entries}


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _sides(load: Load, windows: Sequence[tuple[str, float, float]]) -> Json:
    found: Json = {"errors": load.errors[:5]}
    for side in ("beside", "listing"):
        calls: list[Call] = [one for kind, begin, end in windows if kind == side for one in load.between(begin, end)]
        times = [one.seconds for one in calls]
        found[side] = {
            "calls": len(calls),
            "p99_ms": 1000 * percentile(times, 0.99),
            "p50_ms": 1000 * percentile(times, 0.5),
        }
        print(f"    {side}: {found[side]}", flush=True)
    return found


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures, for 100,000 entries."""
    for found in runs.of(NAME, "ours", 1):
        for key, unit, text in (
            ("seconds", "s", "listing of data at risk, seconds of the leader's calls"),
            ("cpu_seconds", "s", "listing of data at risk, CPU time of the operator"),
            ("bytes", "bytes", "listing of data at risk, bytes received"),
        ):
            sample = Sample.of(one[key] * PER / one["entries"] for one in found["listings"])
            yield from figure(f"{text}, for {PER:,} entries of {found['files']:,} files", 1, unit, sample)
        calls = found["calls"]
        for key, word in (("p99_ms", "p99"), ("p50_ms", "p50")):
            yield from figure(
                f"{word} of a client's calls during a listing of data at risk, {found['files']:,} files",
                1,
                "ms",
                Sample.of([calls["listing"][key]]),
                peer=Sample.of([calls["beside"][key]]),
                peer_name="without a listing",
                goal=GOAL if key == "p99_ms" else None,
            )
