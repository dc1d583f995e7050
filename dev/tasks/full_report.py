"""Keeps what the suites of a full run printed: a record of each, and docs/test-report.md from all records.

All suites together take hours, so that they are run in parts; the page says of each at which commit and when it was.
"""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev.tasks.shell import ROOT, duration

PAGE = ROOT / "docs" / "test-report.md"
RECORDS = ROOT / "docs" / "test-report"
LISTED = 100
"""Up to so many cases are listed one by one; of thousands of unit tests the numbers are enough."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test: `outcome` is passed, failed, or skipped with its reason."""

    name: str
    seconds: float
    outcome: str


def keep(suite: Mapping[str, Any], began: datetime, commit: str, reports: Path, records: Path = RECORDS) -> None:
    """Keep the outcome of a suite at a commit, with the cases that it has written below `reports` since it began."""
    files = sorted(file for file in reports.glob("*.xml") if file.stat().st_mtime >= began.timestamp())
    cases = [case for file in files for case in cases_of(file)]
    count = {word: sum(case.outcome.startswith(word) for case in cases) for word in ("passed", "failed", "skipped")}
    shown = [case for case in cases if len(cases) <= LISTED or not case.outcome.startswith("passed")]
    record = {
        **suite,
        "at": f"{began.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit,
        "count": count,
        "cases": [asdict(case) for case in shown],
    }
    records.mkdir(parents=True, exist_ok=True)
    (records / f"{suite['name']}.json").write_text(json.dumps(record, indent=2) + "\n")


def write(names: Sequence[str], records: Path = RECORDS, page: Path = PAGE) -> None:
    """Write the page: the suites of these names, in their order, as they were run last."""
    page.write_text(text(names, records))


def text(names: Sequence[str], records: Path) -> str:
    """Return the page."""
    found = {name: json.loads(file.read_text()) for name in names if (file := records / f"{name}.json").exists()}
    return "\n".join(_lines(names, found)).rstrip() + "\n"


def _lines(names: Sequence[str], found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "# The last full run"
    yield ""
    yield "Written by `make test-full`, which runs the suites that are named, or all: each as it was run last."
    yield ""
    yield from _table(
        ("suite", "run", "commit", "took", "budget", "outcome"),
        [_row(found[name]) if name in found else (name, "", "", "", "", "not on record") for name in names],
    )
    for name, record in found.items():
        if sum(record["count"].values()):
            yield ""
            yield f"## {name}: {', '.join(f'{n} {word}' for word, n in record['count'].items() if n)}"
            yield ""
            rows = [(case["name"], f"{case['seconds']:.1f} s", case["outcome"]) for case in record["cases"]]
            yield from _table(("case", "took", "outcome"), rows)


def _row(record: Mapping[str, Any]) -> tuple[str, ...]:
    took, budget = duration(record["seconds"]), f"{record['budget_minutes']:g} min"
    return (record["name"], record["at"], record["commit"], took, budget, record["outcome"])


def cases_of(file: Path) -> Iterator[Case]:
    """Yield the cases of a JUnit report, as pytest and kuttl write them."""
    for case in ET.parse(file).getroot().iter("testcase"):
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        outcome = "passed"
        if bad is not None:
            outcome = "failed"
        elif skipped is not None:
            outcome = f"skipped: {skipped.get('message', '')}"
        yield Case(case.get("name", ""), float(case.get("time", 0)), outcome)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    if not escaped:
        return []
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(row)} |" for row in escaped)]


def present_commit() -> str:
    """Return what is tested; ask before a record is kept, which is itself a change."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
