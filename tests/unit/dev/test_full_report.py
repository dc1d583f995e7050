"""The page that a full run leaves: what failed and what was skipped is on it, with the reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from dev.tasks import full_report

PYTEST = """<testsuites><testsuite name="pytest" tests="3">
<testcase name="test_a" time="1.25"/>
<testcase name="test_b[x|y]" time="2"><failure message="no">long</failure></testcase>
<testcase name="test_c" time="0"><skipped message="no node"/></testcase>
</testsuite></testsuites>"""


def test_failures_and_skips_are_told_of_every_suite(tmp_path: Path):
    suites = [{"name": "unit", "outcome": "failed (exit 1)", "seconds": 61, "budget_minutes": 4}]
    (tmp_path / "suites.json").write_text(json.dumps(suites))
    (tmp_path / "unit.xml").write_text(PYTEST)
    (tmp_path / "faults.xml").write_text(PYTEST)
    page = full_report.text(tmp_path, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "abc")
    assert "2026-01-02 03:04 UTC, at commit abc" in page
    assert "| unit | 1 min 1 s | 4 min | failed (exit 1) |" in page
    assert "## unit: 1 passed, 1 failed, 1 skipped" in page
    unit = page.split("## unit")[1]
    assert "test_a" not in unit
    assert "| test_b[x\\|y] | 2.0 s | failed |" in unit
    assert "| test_c | 0.0 s | skipped: no node |" in unit
    assert "| test_a | 1.2 s | passed |" in page.split("## faults")[1].split("## unit")[0]
