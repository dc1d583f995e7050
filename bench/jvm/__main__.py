"""Measures the native memory of JVMs by collector and heap, and writes bench/results/jvm.json.

Run `python -m bench.jvm /usr/lib/jvm/*`. One JVM runs at a time. Needs 12 GiB of free memory and about ten minutes.
The memory rule of `workloads/collectors.py` is tested against the file.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from bench.api import Json
from bench.machine import machine

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results" / "jvm.json"
COLLECTORS: Final = ("G1", "Parallel", "Serial", "Z", "Shenandoah")
HEAPS_GIB: Final = (1, 4, 8, 16)
RESERVED_HEAPS_GIB: Final = (32, 64)
"""Larger than this machine: the tables are only reserved, so that remembered sets are missing."""
PROCESSORS: Final = (2, 32)
MOST_ALLOCATED_MIB: Final = 9216
"""At most this much of a heap is touched."""
SECTION: Final = re.compile(r"^-\s+(\w[\w ]*?) \(reserved=(\d+)KB, committed=(\d+)KB", re.MULTILINE)


def measure(
    home: Path, classes: Path, collector: str, heap_gib: int, processors: int, *, reserved: bool
) -> Json | None:
    """Return the largest amounts of one run in KiB by category; None if this Java lacks the collector."""
    heap = heap_gib * 1024
    live = 0 if reserved else min(heap * 2 // 5, 3072)
    allocated = min(heap * 2, MOST_ALLOCATED_MIB) - live
    flags = [
        f"-Xmx{heap}m",
        f"-Xms{1024 if reserved else heap}m",
        f"-XX:+Use{collector}GC",
        f"-XX:ActiveProcessorCount={processors}",
        "-XX:NativeMemoryTracking=summary",
        "-XX:MaxMetaspaceSize=160m",
        "-XX:ReservedCodeCacheSize=64m",
    ]
    command = [str(home / "bin" / "java"), *flags, "-cp", str(classes), "Churn", str(live), str(allocated)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)
        output, ended = done.stdout, "finished" if done.returncode == 0 else done.stderr[-300:] or str(done.returncode)
    except subprocess.TimeoutExpired as late:
        output, ended = (late.stdout or b"").decode(), "stopped after 150 s"
    most: dict[str, int] = {}
    for category, reserved_kib, committed in SECTION.findall(output):
        most[category] = max(most.get(category, 0), int(reserved_kib if reserved else committed))
    if not most:
        print(collector, heap_gib, ended, file=sys.stderr)
        return None
    return {
        "java": _version(home),
        "collector": collector,
        "heap_mib": heap,
        "processors": processors,
        "kind": "reserved" if reserved else "committed",
        "live_mib": live,
        "ended": ended,
        "kib": most,
    }


def points(home: Path, classes: Path, collector: str) -> Iterable[Json]:
    """Yield every measured point of one Java and one collector, one JVM at a time."""
    for heap in HEAPS_GIB:
        for processors in PROCESSORS if heap in (1, 8) else PROCESSORS[:1]:
            yield from _found(measure(home, classes, collector, heap, processors, reserved=False))
    for heap in RESERVED_HEAPS_GIB:
        yield from _found(measure(home, classes, collector, heap, 2, reserved=True))


def _found(point: Json | None) -> Iterable[Json]:
    if point:
        print(point["java"], point["collector"], point["heap_mib"], point["processors"], point["kind"],
              {k: v // 1024 for k, v in point["kib"].items()}, point["ended"], flush=True)  # fmt: skip
        yield point


def _version(home: Path) -> str:
    said = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, check=True).stderr
    found = re.search(r'version "([^"]+)"', said)
    return found[1] if found else home.name


def main(arguments: Sequence[str]) -> int:
    """Measure, and write the results after each run; points of other versions and collectors stay."""
    parser = argparse.ArgumentParser(prog="python -m bench.jvm", description=__doc__)
    parser.add_argument("homes", nargs="+", type=Path, metavar="JAVA_HOME")
    parser.add_argument("--collectors", default=",".join(COLLECTORS), help="default: %(default)s")
    options = parser.parse_args(arguments)
    stored: list[Json] = json.loads(RESULTS.read_text())["points"] if RESULTS.exists() else []
    with tempfile.TemporaryDirectory() as folder:
        for home in options.homes:
            subprocess.run([home / "bin" / "javac", "--release", "11", "-d", folder, HERE / "Churn.java"], check=True)
            for collector in options.collectors.split(","):
                stored = [p for p in stored if (p["java"], p["collector"]) != (_version(home), collector)]
                for point in points(home, Path(folder), collector):
                    stored.append(point)
                    RESULTS.write_text(json.dumps({"machine": machine(), "points": stored}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
