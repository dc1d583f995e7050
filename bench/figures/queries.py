"""Queries on the real node: through Alluxio with a cold and a warm cache, and on the same files without Alluxio.

Run it with dev/in-cluster while the operator is deployed. The three alternate, so that other load on the machine
affects all of them; the first turn only warms the servers up. The UFS is a volume on the node's own disk, and so in the
node's memory after the first turn: the smallest possible benefit of a cache.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Final

from dev.cluster.paths import REPOSITORY

from bench.api import Json
from bench.results import Figure, Runs, Sample, figure

NAME = "presto"
NAMESPACE: Final = "bench-presto"
SUPPORT: Final = REPOSITORY / "kuttl-tests" / "support"
PRESTO: Final = REPOSITORY / "kuttl-tests" / "scenarios-full" / "presto-alluxio" / "presto.yaml"
PATIENCE = 420.0
TURNS: Final = {"cold": "hive.tpch", "warm": "hive.tpch", "straight": "hive.straight"}
"""Schema by measurement; each starts with the cache that the previous one left."""


def measure(repeat: int, scale: str) -> Json:
    """Create a cluster, a metastore and a Presto; run the 22 queries of TPC-H in turn; delete everything again.

    `scale` is a schema of the generated tables, such as tiny.
    """
    found: Json = {"scale": scale, **{f"{turn}_seconds": [] for turn in TURNS}}
    found |= {f"{turn}_bytes": [] for turn in TURNS}
    _kubectl("create", "namespace", NAMESPACE, namespaced=False)
    try:
        _kubectl("apply", "-f", str(SUPPORT / "cluster.yaml"), "-f", str(SUPPORT / "metastore.yaml"))
        _kubectl("apply", "-f", str(PRESTO))
        _script(f"presto_ready queries {PATIENCE:.0f}; sql_pod queries; tpch_tables {scale}")
        for number in range(repeat + 1):
            _script("tpch_forget")
            before = _read_from()
            for turn, schema in TURNS.items():
                seconds = sum(float(line.split()[1]) for line in _script(f"tpch_run {schema}").splitlines())
                after = _read_from()
                if number:
                    found[f"{turn}_seconds"].append(seconds)
                    found[f"{turn}_bytes"].append([after[0] - before[0], after[1] - before[1]])
                print(f"    {turn}: {seconds:.1f} s, {after[0] - before[0]} bytes from the cache, "
                      f"{after[1] - before[1]} from the UFS", flush=True)  # fmt: skip
                before = after
    finally:
        _remove()
    return found


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for found in runs.of(NAME, "ours", 1):
        samples = {turn: Sample.of(found[f"{turn}_seconds"]) for turn in TURNS}
        title = f"22 queries of TPC-H ({found['scale']}) through Alluxio"
        straight = "straight from the volume"
        yield from figure(f"{title}, cache warm", 1, "s", samples["warm"], peer=samples["straight"], peer_name=straight)
        yield from figure(f"{title}, cache cold", 1, "s", samples["cold"], peer=samples["straight"], peer_name=straight)
        yield from figure(f"{title}, cache warm", 1, "s", samples["warm"], peer=samples["cold"], peer_name="cache cold")


def _read_from() -> tuple[int, int]:
    cache, below = _script("read_from small").split()
    return int(cache), int(below)


def _script(line: str) -> str:
    sources = f". {SUPPORT}/lib.sh; . {SUPPORT}/tpch.sh"
    command = ["env", f"NAMESPACE={NAMESPACE}", "bash", "-c", f"{sources}; {line}"]
    return _run(command)


def _kubectl(*arguments: str, namespaced: bool = True) -> str:
    return _run(["kubectl", *(("--namespace", NAMESPACE) if namespaced else ()), *arguments])


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE + 60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-300:]}{done.stderr[-500:]}")
    return done.stdout


def _remove() -> None:
    _kubectl("delete", "presto,alx", "--all", "--wait=false")
    _kubectl("delete", "namespace", NAMESPACE, "--wait=false", namespaced=False)
    end = time.monotonic() + PATIENCE
    while NAMESPACE in _kubectl("get", "namespaces", "-o", "name", namespaced=False):
        if time.monotonic() > end:
            raise TimeoutError(f"namespace {NAMESPACE} is still there after {PATIENCE:.0f} s")
        time.sleep(1)
