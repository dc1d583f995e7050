"""The commands of `python -m bench`."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dev.cluster.cluster import Cluster
from dev.cluster.paths import REPOSITORY, find_paths
from dev.cluster.tools import BENCH_TOOLS, ensure

from bench import clusters, machine, on_cluster, plan, report, session
from bench.api import Json
from bench.figures import MEASURES, helm
from bench.plan import Planned
from bench.results import RESULTS

FULL_SIZES = (100, 500, 1000)
QUICK_SIZES = (5, 10)
SUBJECTS = "of ours,floor,ordered,kopf,helm,hooks,watch"
SESSION_PATIENCE = 3600.0
"""Seconds after which the bench ends a running session."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    # Handle SIGTERM like Ctrl-C, which stops the operators and the simulation.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return code


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = result.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="measure, each session in a fresh simulation, and summarise")
    run.add_argument("measures", nargs="*", choices=[*MEASURES, []], metavar="MEASURE", help=", ".join(MEASURES))
    run.add_argument("--quick", action="store_true", help="small sizes and few samples, to check that everything works")
    run.add_argument("--long", action="store_true", help="measure kopf at every size with every measure")
    run.add_argument("--sizes", type=_sizes, help="numbers of clusters, separated by commas; default 100,500,1000")
    run.add_argument("--subjects", type=lambda text: text.split(","), default=[], help=SUBJECTS)
    run.add_argument("--repeat", type=int, default=2, help="repetitions of the smallest size")
    run.add_argument("--results", type=Path, help="default: bench/results, with --quick build/bench")
    run.set_defaults(run=_run)
    one = commands.add_parser("session", help="run one session, inside of the simulation's network")
    one.add_argument("subject")
    one.add_argument("size", type=int)
    one.add_argument("profile", choices=session.PROFILES)
    one.add_argument("record", type=Path)
    one.add_argument("measures", nargs="+", choices=MEASURES)
    one.set_defaults(run=_session)
    on_cluster.add(commands)
    reported = commands.add_parser("report", help="summarise the raw records and write docs/performance.md")
    reported.add_argument("--results", type=Path, default=RESULTS)
    reported.add_argument("--docs", type=Path, default=REPOSITORY / "docs")
    reported.set_defaults(run=_report)
    return result


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _run(options: argparse.Namespace) -> int:
    os.environ.setdefault("ALLUXIO_OPERATOR_RUN", str(find_paths(os.environ).cache / "sim-bench"))
    results: Path = options.results or (REPOSITORY / "build" / "bench" if options.quick else RESULTS)
    sizes = options.sizes or (QUICK_SIZES if options.quick else FULL_SIZES)
    sessions = [
        one
        for one in plan.planned(sizes, 1 if options.quick else options.repeat, options.measures, long=options.long)
        if not options.subjects or one.subject in options.subjects
    ]
    if any(one.subject == helm.NAME for one in sessions):
        ensure(find_paths(os.environ), lambda line: print(line, flush=True), BENCH_TOOLS)
    with _only_bench() as alone:
        if not alone:
            print("error: another bench is running in the same simulation", file=sys.stderr)
            return 1
        return _measure(options, sessions, results)


@contextmanager
def _only_bench() -> Iterator[bool]:
    """Hold the lock of this simulation; yield False if another bench has it."""
    run_dir = find_paths(os.environ, simulated=True).run
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir.parent / f"{run_dir.name}.bench.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _measure(options: argparse.Namespace, sessions: Sequence[Planned], results: Path) -> int:
    if not (options.measures or options.subjects or options.sizes):
        # A full run replaces all records of the last one, except those of the real node, which is a separate run.
        for record in (results / "raw").glob("*-*-*.json"):
            record.unlink()
    began = time.monotonic()
    failed = []
    for number, one in enumerate(sessions, 1):
        print(f"--- {number} of {len(sessions)}: {one.name}, after {time.monotonic() - began:.0f} s", flush=True)
        if not _run_session(one, "quick" if options.quick else "full", results / "raw"):
            failed.append(one.name)
    report.sum_up(results)
    print(f"{len(sessions) - len(failed)} sessions measured in {time.monotonic() - began:.0f} s; results in {results}")
    if failed:
        print(f"error: without a result: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run_session(one: Planned, profile: str, raw: Path) -> bool:
    cluster = Cluster(find_paths(os.environ, simulated=True), lambda _: None)
    raw.mkdir(parents=True, exist_ok=True)
    cluster.down()
    cluster.up(None, simulated=True)
    command = [str(REPOSITORY / "dev" / "in-simulation"), sys.executable, "-m", "bench", "session"]
    command += [one.subject, str(one.size), profile, str(raw / f"{one.name}.json"), *one.measures]
    process = subprocess.Popen(command, cwd=REPOSITORY)
    try:
        return process.wait(SESSION_PATIENCE) == 0
    except subprocess.TimeoutExpired:
        print(f"error: {one.name} took longer than {SESSION_PATIENCE:.0f} s", file=sys.stderr)
        return False
    finally:
        _end(process)
        cluster.down()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        # SIGTERM first: the session has to stop an operator, which would outlive it.
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _session(options: argparse.Namespace) -> int:
    # A short path, because it contains Unix sockets.
    home = Path(tempfile.mkdtemp(prefix="alx-bench-"))
    logs = find_paths(os.environ, simulated=True).logs
    measures = {name: MEASURES[name] for name in MEASURES if name in options.measures}
    record: Json = {"subject": options.subject, "size": options.size, "profile": options.profile, "at": clusters.now()}
    record |= {"machine": machine.machine(), "versions": machine.versions()}
    found: Json = {}
    try:
        session.run(options.subject, options.size, measures, session.PROFILES[options.profile], home, logs, found)
    except Exception as error:
        missing = [name for name in measures if name not in found]
        record["failed"] = {"measures": missing, "error": f"{type(error).__name__}: {error}"[:500]}
        raise
    finally:
        # Keep the measurements from before a failure.
        options.record.write_text(json.dumps(record | {"measures": found}, separators=(",", ":")) + "\n")
        for log in (*home.glob("*.log"), *home.glob("run-*/*.log")):
            target = REPOSITORY / "build" / "bench-logs" / f"{options.record.stem}-{log.parent.name}-{log.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(log, target)
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _report(options: argparse.Namespace) -> int:
    report.sum_up(options.results)
    report.write_page(options.results, options.docs)
    return 0
