"""Calls of clients while a backup is taken, beside no backup: the 99th percentile of their times, in turns.

Three kinds of windows alternate on one cluster under one steady load: without a backup; while Alluxio writes backups
one after the other, asked as the operator asks; and while the operator takes and verifies a whole AlluxioBackup, whose
Job runs on the same node here. `apart` keeps the leader and the clients on a core of their own, as on a machine of
their own, on both sides of the comparison.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.rpc.leader import Leader
from bench.api import Api, Json
from bench.cores import apart as apart_from
from bench.figures import backups
from bench.figures.backups import CLUSTER, PATIENCE
from bench.lab import ROOT, Lab
from bench.load import CALLS_PER_SECOND, Call, Load
from bench.names import RPC_PORT
from bench.results import Figure, Goal, Runs, Sample, figure, percentile

NAME = "backup-calls"
NAMESPACE: Final = "bench-calls"
GOAL = Goal("at most 1.5 times", 1.5, of_ratio=True)
ENOUGH: Final = 5000
"""Calls that a percentile needs on each side."""
BESIDE, WRITING, VERIFYING = "beside", "writing", "verifying"
WARM_UP: Final = 30.0
SETTLE: Final = 2.0
"""Seconds between two windows, which belong to none."""


def measure(masters: int, files: int, turns: int, window: float, *, apart: bool = False) -> Json:
    """Measure on a cluster with this number of masters; delete everything again.

    `apart`: whether the leader and the clients have a core of their own.
    """
    windows: list[tuple[str, float, float]] = []
    made = 0
    with backups.filled(f"{NAMESPACE}-{masters}", masters, files) as (folders, place):
        api, host = Api(2), place.leader(CLUSTER)
        load = Load(host, folders, "/created")
        with _cores(place, apart), load.running():
            time.sleep(WARM_UP)
            for number in range(turns):
                windows.append(_beside(window))
                one, count = _writing(host, window)
                windows.append(one)
                made += count
                _settle(place, load)
                if number % 2:
                    windows.append(_verifying(api, place, f"turn-{number}"))
                    _settle(place, load)
                print(f"    {masters} masters, turn {number + 1}: {count} backups in a window", flush=True)
            time.sleep(SETTLE)
        if place.leader(CLUSTER) != host:
            raise RuntimeError("the leader has changed: its failover isn't what is measured")
        found: Json = {"masters": masters, "files": files, "calls_per_second": CALLS_PER_SECOND, "backups": made}
        found["apart"] = apart
        return found | _sides(load, windows)


def _cores(place: Lab, apart: bool) -> AbstractContextManager[None]:
    return apart_from(place.leader_uid(CLUSTER)) if apart else nullcontext()


def _settle(place: Lab, load: Load) -> None:
    place.until("no client late", PATIENCE, load.caught_up, every=0.01)
    time.sleep(SETTLE)


def _beside(window: float) -> tuple[str, float, float]:
    begin = time.monotonic()
    time.sleep(window)
    return BESIDE, begin, time.monotonic()


def _writing(host: str, window: float) -> tuple[tuple[str, float, float], int]:
    """Write backups one after the other; the window ends with the last one."""
    leader, made, begin = Leader(host, RPC_PORT, 60.0), 0, time.monotonic()
    while time.monotonic() < begin + window:
        _written(leader)
        made += 1
    return (WRITING, begin, time.monotonic()), made


def _written(leader: Leader) -> None:
    backup = leader.backup(f"{ROOT}/during")
    if isinstance(backup, NoAnswer):
        raise RuntimeError(f"no backup: {backup.reason}")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        status = leader.backup_status(backup)
        if not isinstance(status, NoAnswer) and status.state == "Completed":
            return
        if not isinstance(status, NoAnswer) and status.state in ("Failed", "Unknown"):
            raise RuntimeError(f"backup {status.state}: {status.error}")
        time.sleep(0.1)
    raise TimeoutError("a backup isn't written in time")


def _verifying(api: Api, place: Lab, name: str) -> tuple[str, float, float]:
    begin = time.monotonic()
    _, end, _ = backups.back_up(api, place, name, {})
    return VERIFYING, begin, end


def _sides(load: Load, windows: Sequence[tuple[str, float, float]]) -> Json:
    found: Json = {"errors": load.errors[:5]}
    for side in (BESIDE, WRITING, VERIFYING):
        several = [load.between(begin, end) for kind, begin, end in windows if kind == side]
        calls = [call for one in several for call in one]
        found[side] = {
            "calls": len(calls),
            "failed": sum(call.failed for call in calls),
            "p50_ms": _milliseconds(calls, 0.5),
            "p99_ms": _milliseconds(calls, 0.99),
            "longest_ms": _milliseconds(calls, 1.0),
            "p99_ms_by_window": [_milliseconds(one, 0.99) for one in several],
        }
        print(f"    {side}: {found[side]}", flush=True)
    return found


def _milliseconds(calls: Sequence[Call], share: float) -> float:
    return round(1000 * percentile([call.seconds for call in calls], share), 2)


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures: of all calls of a side together, since the goal is about them."""
    for found in runs.of(NAME, "ours", 1):
        apart = found.get("apart", False)
        masters = "a single master" if found["masters"] == 1 else f"{found['masters']} masters"
        masters += ", the leader on a core of its own" if apart else ""
        beside = found[BESIDE]
        for side, text in ((WRITING, "while backups are written"), (VERIFYING, "while they are verified, too")):
            one = found[side]
            if min(one["calls"], beside["calls"]) < ENOUGH:
                continue
            goal = GOAL if found["masters"] > 1 and side == WRITING and apart else None
            for key, word in (("p99_ms", "p99"), ("p50_ms", "p50"), ("longest_ms", "longest")):
                title = f"{word} of a client's calls {text}, {found['files']:,} files, {masters}"
                samples = [Sample.of([of[key]]) for of in (one, beside)]
                yield from figure(
                    title,
                    1,
                    "ms",
                    samples[0],
                    peer=samples[1],
                    peer_name="without a backup",
                    goal=goal if word == "p99" else None,
                )
