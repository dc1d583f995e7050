"""Keeps what a full run printed: docs/test-report.md, from the suites' own records below build/reports."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dev.tasks.shell import ROOT, duration

PAGE = ROOT / "docs" / "test-report.md"
LISTED = (
    "faults", "faults-long", "kuttl-report", "kuttl-report-full", "kuttl-report-olm", "api", "bundle", "catalog", "olm",
)  # fmt: skip
"""Records whose cases are listed one by one; of thousands of unit tests the numbers are enough."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test: `outcome` is passed, failed, or skipped with its reason."""

    name: str
    seconds: float
    outcome: str


def write(reports: Path, page: Path = PAGE) -> None:
    """Write the page from what the last run left in `reports`."""
    page.write_text(text(reports, datetime.now(UTC), _commit()))


def text(reports: Path, now: datetime, commit: str) -> str:
    """Return the page."""
    suites = json.loads((reports / "suites.json").read_text())
    lines = [
        "# The last full run",
        "",
        f"Written by `make test-full`, {now:%Y-%m-%d %H:%M} UTC, at commit {commit}.",
        "",
        *_table(
            ("suite", "took", "budget", "outcome"),
            [
                (one["name"], duration(one["seconds"]), f"{one['budget_minutes']:g} min", one["outcome"])
                for one in suites
            ],
        ),
    ]
    for file in sorted(reports.glob("*.xml")):
        cases = list(cases_of(file))
        count = {word: sum(case.outcome.startswith(word) for case in cases) for word in ("passed", "failed", "skipped")}
        lines += ["", f"## {file.stem}: {', '.join(f'{n} {word}' for word, n in count.items() if n)}", ""]
        shown = [case for case in cases if file.stem in LISTED or not case.outcome.startswith("passed")]
        lines += _table(("case", "took", "outcome"), [(c.name, f"{c.seconds:.1f} s", c.outcome) for c in shown])
    return "\n".join(lines).rstrip() + "\n"


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


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(row)} |" for row in escaped)]


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
