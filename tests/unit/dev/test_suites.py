"""The suites of every run fit together into the time that a run may take."""

from __future__ import annotations

from dev.tasks.suites import SUITES

ALL_TOGETHER = 75
"""Minutes."""


def test_budgets_add_up_to_what_a_run_from_nothing_may_take():
    assert sum(suite.minutes for suite in SUITES if not suite.full) <= ALL_TOGETHER
