"""The suites of every run fit together into the time that a run may take."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dev.cluster import cli, tools
from dev.tasks import suites
from dev.tasks.suites import SUITES, Result, Suite, failed_cases, report, run_suite

Command = Sequence[str]

ALL_TOGETHER = 75
"""Minutes."""


def test_budgets_add_up_to_what_a_run_from_nothing_may_take():
    assert sum(suite.minutes for suite in SUITES if not suite.full) <= ALL_TOGETHER


def test_the_suite_of_the_tools_builds_all_that_later_suites_run():
    suite = next(suite for suite in SUITES if suite.name == "tools")
    commands = [command[3:] for command in suite.commands if command[1:3] == ("-m", "dev.cluster")]
    parsed = [cli.parser().parse_args(command) for command in commands if command[0] == "tools"]
    built = {tool.name for options in parsed for tool in cli.wanted_tools(options)}

    assert built >= {tool.name for tool in (*tools.TOOLS, *tools.LIFECYCLE_TOOLS)}


def test_every_story_of_every_run_lets_its_namespace_go():
    stories = [file for file in (suites.ROOT / "kuttl-tests" / "scenarios").iterdir() if file.is_dir()]

    assert stories
    assert [story.name for story in stories if not (story / "99-leave.yaml").is_file()] == []


REPORT = """<testsuites><testsuite name="all" tests="4" failures="2">
<testcase name="well"/><testcase name="skipped"><skipped/></testcase>
<testcase name="wrong"><failure message="no">no</failure></testcase>
<testcase name="broken"><error message="no">no</error></testcase>
</testsuite></testsuites>"""

FAILING, FINE = (sys.executable, "-c", "raise SystemExit(3)"), (sys.executable, "-c", "")


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(suites, "REPORTS", tmp_path)
    return tmp_path


def test_cases_that_failed_or_broke_are_named():
    assert failed_cases(REPORT) == {"wrong", "broken"}


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (FINE, FAILING, "passed"),
        (FAILING, FINE, "passed at the second try"),
        (FAILING, FAILING, "failed (exit 3)"),
        (FAILING, None, "failed (exit 3)"),
    ],
)
def test_what_failed_is_tried_once_more_and_told(first: Command, second: Command | None, outcome: str):
    result = run_suite(Suite("api", (first,), 1, again=lambda: [second] if second else []))
    assert result.outcome == outcome
    assert result.passed is outcome.startswith("passed")


def test_without_a_second_try_a_failure_stays_one():
    assert not run_suite(Suite("unit", (FAILING,), 1)).passed


@pytest.mark.parametrize(
    ("outcome", "told"),
    [("passed at the second try", "4 passed, 0 failed"), ("failed (exit 1)", "1 passed, 3 failed")],
)
def test_the_sum_tells_of_what_passed_at_the_second_try(
    outcome: str, told: str, reports: Path, capsys: pytest.CaptureFixture[str]
):
    (reports / "api.xml").write_text(REPORT)
    report([Result("api", outcome, 1.0, 5)])
    printed = capsys.readouterr().out
    assert printed.endswith(f"{told}\n")
    assert ("at the second try only: broken, wrong" in printed) is (outcome != "failed (exit 1)")
