"""What the plugin offers to complete a command line."""

from __future__ import annotations

import pytest

from alluxio_operator.plugin.completion import candidates

EVERY = ("at-risk", "backup", "backups", "drill", "history", "logs", "pause", "plan", "report", "restart")
EVERY += ("restore", "resume", "status")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ([""], list(EVERY)),
        (["restart", "small", "--role", "job"], ["jobmaster", "jobworker"]),
        (["st"], ["status"]),
        (["history", "l"], ["large"]),
        (["plan", ""], []),
        (["status", ""], ["large", "small"]),
        (["status", "s"], ["small"]),
        (["-n", "lake", "logs", "l"], ["large"]),
        (["logs", "small", "--role", "job"], ["jobmaster", "jobworker"]),
        (["status", "-o", ""], ["table", "json", "yaml"]),
    ],
)
def test_completions(words: list[str], offered: list[str]):
    assert candidates(words, lambda before: ["large", "small"]) == offered
