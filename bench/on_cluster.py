"""The commands that measure on the local cluster, with the operator deployed there; run them with dev/in-cluster."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from dev.cluster.paths import REPOSITORY

from bench import clusters, machine, report
from bench.api import Json
from bench.figures import at_risk, backup_calls, backups, queries, real_node, recovery
from bench.results import RESULTS

REAL_NODE: Final = "node"
"""Name of the real node's record."""
TRIALS: Final = REPOSITORY / "build" / "bench"
FILES: Final = 100_000
MINUTES: Final = 30.0


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    real = commands.add_parser("real-node", help="measure an installation on the local cluster")
    real.add_argument("--repeat", type=int, default=3)
    real.add_argument("--results", type=Path, default=RESULTS)
    real.set_defaults(run=_real_node)
    presto = commands.add_parser("presto", help="measure queries with and without Alluxio on the local cluster")
    presto.add_argument("--repeat", type=int, default=3)
    presto.add_argument("--scale", default="tiny", help="schema of the generated tables")
    presto.add_argument("--results", type=Path, default=RESULTS)
    presto.set_defaults(run=_presto)
    backup = commands.add_parser("backup", help="measure backups of many files, beside Alluxio's command")
    backup.add_argument("--files", type=int, default=FILES)
    backup.add_argument("--repeat", type=int, default=3)
    backup.add_argument("--results", type=Path, help="default: bench/results; for fewer files build/bench")
    backup.set_defaults(run=_backup)
    calls = commands.add_parser("backup-calls", help="measure clients' calls during backups, beside no backup")
    calls.add_argument("--files", type=int, default=FILES)
    calls.add_argument("--masters", type=_numbers, default=(3, 1), help="numbers of masters; default: 3,1")
    calls.add_argument("--turns", type=int, default=6)
    calls.add_argument("--window", type=float, default=20.0, help="seconds of a window")
    calls.add_argument("--apart", action="store_true", help="keep the leader and the clients on a core of their own")
    calls.add_argument("--results", type=Path, help="default: bench/results; for fewer files build/bench")
    calls.set_defaults(run=_backup_calls)
    risk = commands.add_parser(
        "at-risk", help="measure listings that find the data at risk, and clients' calls meanwhile"
    )
    risk.add_argument("--files", type=int, default=FILES)
    risk.add_argument("--turns", type=int, default=3)
    risk.add_argument("--window", type=float, default=20.0, help="seconds of a window without a listing")
    risk.add_argument("--results", type=Path, help="default: bench/results; for fewer files build/bench")
    risk.set_defaults(run=_at_risk)
    lost = commands.add_parser("recovery", help="write, lose all journals, restore, and compare with the objective")
    lost.add_argument("--minutes", type=float, default=MINUTES, help="minutes of writes")
    lost.add_argument("--objective-minutes", type=int, default=5)
    lost.add_argument("--masters", type=int, default=1)
    lost.add_argument("--per-second", type=float, default=5.0, help="files that the client writes")
    lost.add_argument("--results", type=Path, help="default: bench/results; for fewer minutes build/bench")
    lost.set_defaults(run=_recovery)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _real_node(options: argparse.Namespace) -> int:
    return _record(options.results, REAL_NODE, {real_node.NAME: real_node.measure(options.repeat)})


def _presto(options: argparse.Namespace) -> int:
    return _record(options.results, queries.NAME, {queries.NAME: queries.measure(options.repeat, options.scale)})


def _backup(options: argparse.Namespace) -> int:
    found = backups.measure(options.repeat, options.files)
    return _record(_results(options, options.files >= FILES), backups.NAME, {backups.NAME: found})


def _backup_calls(options: argparse.Namespace) -> int:
    for masters in options.masters:
        found = backup_calls.measure(masters, options.files, options.turns, options.window, apart=options.apart)
        name = f"calls-{masters}{'apart' if options.apart else ''}"
        _record(_results(options, options.files >= FILES), name, {backup_calls.NAME: found})
    return 0


def _at_risk(options: argparse.Namespace) -> int:
    found = at_risk.measure(options.files, options.turns, options.window)
    return _record(_results(options, options.files >= FILES), at_risk.NAME, {at_risk.NAME: found})


def _recovery(options: argparse.Namespace) -> int:
    found = recovery.measure(options.minutes, options.objective_minutes, options.masters, options.per_second)
    _record(_results(options, options.minutes >= MINUTES), recovery.NAME, {recovery.NAME: found})
    print(f"RPO achieved: {found['rpo_seconds']} s of {found['objective_seconds']} s; RTO: {found['rto_seconds']} s")
    print(
        f"files older than the objective: {found['expected']} expected, {found['found']} found, "
        f"{found['mismatched']} mismatched; newer: {found['newer_found']} of {found['newer']}"
    )
    failures = recovery.verdict(found)
    for line in failures:
        print(f"error: {line}", file=sys.stderr)
    return 1 if failures else 0


def _results(options: argparse.Namespace, full: bool) -> Path:
    given: Path | None = options.results
    return given or (RESULTS if full else TRIALS)


def _record(results: Path, name: str, measures: Json) -> int:
    record: Json = {"subject": "ours", "size": 1, "profile": "full", "at": clusters.now()}
    record |= {"machine": machine.machine(), "versions": machine.versions(), "measures": measures}
    raw = results / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (raw / f"{name}.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    report.sum_up(results)
    return 0
