"""The suites of every run fit together into the time that a run may take."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dev.cluster import tools
from dev.images.catalog import all_recipes
from dev.tasks import suites
from dev.tasks.__main__ import command_line, wanted_parts
from dev.tasks.build import Parts
from dev.tasks.suites import BUILD, SUITES, Result, Suite, chosen, report, run_suite

ALL_TOGETHER = 73
"""Minutes."""


def test_budgets_add_up_to_what_a_run_from_nothing_may_take():
    assert sum(suite.minutes for suite in SUITES if not suite.full) <= ALL_TOGETHER


def built(suite: Suite) -> Parts:
    """Return what the first command of a suite builds."""
    arguments = list(suite.commands[0])
    assert arguments[1:4] == ["-m", "dev.tasks", "build"]
    return wanted_parts(command_line().parse_args(arguments[3:]))


def suite_of(suites: Sequence[Suite], name: str) -> Suite:
    return next(suite for suite in suites if suite.name == name)


def test_a_run_builds_first_what_its_suites_run():
    found = chosen(SUITES)
    names = [suite.name for suite in found]
    parts = built(suite_of(found, BUILD))

    assert set(parts.tools) == {tool.name for tool in (*tools.TOOLS, *tools.LIFECYCLE_TOOLS)}
    assert set(parts.images) == {"operator", "alluxio-2.9.4", "s3"}
    assert all(names.index(BUILD) < names.index(suite.name) for suite in SUITES if suite.builds and not suite.full)


def test_a_run_of_one_suite_builds_what_this_one_runs():
    found = chosen(SUITES, ["faults"])

    assert [suite.name for suite in found] == [BUILD, "faults"]
    assert set(built(found[0]).tools) == {tool.name for tool in tools.SIMULATION_TOOLS}
    assert built(found[0]).images == ()


def test_a_suite_that_runs_nothing_of_it_waits_for_no_build():
    assert [suite.name for suite in chosen(SUITES, ["lint", "unit"])] == ["lint", "unit"]


def test_the_build_alone_is_that_of_every_run():
    [alone] = chosen(SUITES, [BUILD])

    assert built(alone) == built(suite_of(chosen(SUITES), BUILD))


def test_a_full_suite_builds_its_own_so_that_a_failure_holds_up_no_other():
    found = chosen(SUITES, full=True)

    assert [suite.name for suite in found] == [suite.name for suite in SUITES]
    assert built(suite_of(found, BUILD)) == built(suite_of(chosen(SUITES), BUILD))
    assert "operator-sdk-1.33" in built(suite_of(found, "bundle")).tools
    assert "hdfs" in built(suite_of(found, "more-scenarios")).images


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_a_suite_names_tools_and_images_that_there_are(suite: Suite):
    assert len(tools.named(suite.builds.tools)) == len(suite.builds.tools)
    assert {recipe.name for recipe in all_recipes()}.issuperset(suite.builds.images)


def test_stories_of_kuttl_have_it_built():
    using = [suite for suite in SUITES if any("kubectl-kuttl" in command for command in suite.commands)]

    assert len(using) > 3
    assert [suite.name for suite in using if tools.KUTTL.name not in suite.builds.tools] == []


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


def test_a_failure_is_a_failure_and_ends_its_suite(tmp_path: Path):
    never = (sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')")

    result = run_suite(Suite("api", (FAILING, never), 1))

    assert (result.outcome, result.passed) == ("failed (exit 3)", False)
    assert not (tmp_path / "ran").exists()


def test_a_suite_passes_when_all_of_its_commands_do():
    assert run_suite(Suite("api", (FINE, FINE), 1)).passed


def test_a_suite_is_ended_when_its_budget_is_used_up():
    slow = (sys.executable, "-c", "import time; time.sleep(60)")

    assert run_suite(Suite("api", (slow,), 1 / 60)).outcome == "out of time"


def test_the_sum_counts_suites_and_their_cases(reports: Path, capsys: pytest.CaptureFixture[str]):
    (reports / "api.xml").write_text(REPORT)

    report([Result("lint", "passed", 1.0, 5), Result("api", "failed (exit 1)", 1.0, 5)])

    assert capsys.readouterr().out.endswith("2 passed, 3 failed\n")
