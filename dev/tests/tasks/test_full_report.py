"""The page that a full run leaves: what failed and what was skipped is on it, with the reason."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from dev.tasks import full_report

PYTEST = """<testsuites><testsuite name="pytest" tests="3">
<testcase name="test_a" time="1.25"/>
<testcase name="test_b[x|y]" time="2"><failure message="no">long</failure></testcase>
<testcase name="test_c" time="0"><skipped message="no node"/></testcase>
</testsuite></testsuites>"""
BEGAN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
UNIT = {"name": "unit", "outcome": "failed (exit 1)", "seconds": 61, "budget_minutes": 4}
LINT = {"name": "lint", "outcome": "passed", "seconds": 3, "budget_minutes": 2}


def kept(tmp_path: Path, cases: str = PYTEST) -> Path:
    reports, records = tmp_path / "reports", tmp_path / "records"
    reports.mkdir()
    (reports / "unit.xml").write_text(cases)
    (reports / "of-before.xml").write_text(PYTEST.replace("test_", "old_"))
    os.utime(reports / "of-before.xml", (0, 0))
    full_report.keep(UNIT, BEGAN, "abc1234", reports, records)
    full_report.keep(LINT, datetime.now(UTC), "abc1234", tmp_path, records)
    return records


def test_failures_and_skips_are_told_of_every_suite(tmp_path: Path):
    page = full_report.text(["lint", "unit", "olm"], kept(tmp_path))

    assert "| unit | 2026-01-02 03:04 UTC | abc1234 | " in page
    assert " | 1 min 1 s | 4 min | failed (exit 1) |" in page
    assert page.index("| lint |") < page.index("| unit |") < page.index("| olm |")
    assert "## unit: 1 passed, 1 failed, 1 skipped" in page
    assert "| test_a | 1.2 s | passed |" in page
    assert "| test_b[x\\|y] | 2.0 s | failed |" in page
    assert "| test_c | 0.0 s | skipped: no node |" in page
    assert "old_a" not in page


def test_a_suite_that_was_never_run_is_named(tmp_path: Path):
    assert "| olm |  |  |  |  | not on record |" in full_report.text(["olm"], kept(tmp_path))


def test_of_many_cases_only_those_are_listed_that_did_not_pass(tmp_path: Path):
    many = "".join(f'<testcase name="many_{number}" time="1"/>' for number in range(full_report.LISTED))
    page = full_report.text(["unit"], kept(tmp_path, PYTEST.replace("<testcase", f"{many}<testcase", 1)))

    assert "101 passed, 1 failed, 1 skipped" in page
    assert "many_7" not in page
    assert "test_b" in page
