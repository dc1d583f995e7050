"""What a change cost, at a terminal."""

from __future__ import annotations

import io
from typing import Any

from alluxio_operator.plugin import screen, usage

Json = dict[str, Any]
MEASURED: Json = {
    "what": "Changed", "started": "2030-01-02T03:04:05Z", "ended": "2030-01-02T03:05:05Z", "outcome": "Succeeded",
    "message": "changed: StatefulSet/small-worker",
    "usage": {
        "roles": [
            {"role": "master", "cpuBefore": "12m", "cpuPeak": "40m", "memoryBefore": "300Mi", "memoryPeak": "310Mi"},
            {"role": "worker", "cpuPeak": "1200m", "memoryPeak": "1.5Gi"},
        ]
    },
}  # fmt: skip
SILENT: Json = {**MEASURED, "usage": {"roles": [], "unavailable": "metrics.k8s.io isn't served here"}}
OLD: Json = {key: value for key, value in MEASURED.items() if key != "usage"}


def shown(*changes: Json) -> str:
    text = io.StringIO()
    screen.console(text).print(screen.history(changes))
    return text.getvalue()


def test_each_role_has_a_line_with_before_and_most():
    assert usage.rows(MEASURED) == [
        ("master", "12m -> 40m", "300Mi -> 310Mi"),
        ("worker", "? -> 1200m", "? -> 1.5Gi"),
    ]
    text = shown(MEASURED)
    [master] = [line for line in text.splitlines() if "master" in line]
    assert "12m -> 40m" in master
    assert "300Mi -> 310Mi" in master
    assert "peak during it" in text


def test_each_reason_is_told_once_with_the_changes_that_miss_it():
    assert usage.unavailable([SILENT, MEASURED, {**SILENT, "started": "later"}]) == [
        "CPU and memory of 2030-01-02T03:04:05Z, later are unknown: metrics.k8s.io isn't served here"
    ]
    assert "isn't served here" in shown(SILENT)


def test_changes_of_before_it_was_measured_are_shown_as_they_were():
    text = shown(OLD)

    assert "StatefulSet/small-worker" in text
    assert "peak during it" not in text
