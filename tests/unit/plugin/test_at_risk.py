"""`kubectl alluxio at-risk`: what the status knows, with its age, and an exit code for scripts."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from tests.support.builders import NOW, merged
from tests.unit.plugin.test_view import resource

from alluxio_operator.plugin import commands, main
from alluxio_operator.plugin.at_risk import at_risk_view

Json = dict[str, Any]
FOUND: Json = {
    "asOf": "2030-01-02T02:34:05Z",
    "unpersisted": "14Gi",
    "unpersistedOnRestart": "2Gi",
    "cachedOnce": "3Gi",
    "pinned": "0",
    "files": 120,
    "oldest": "2030-01-01T03:00:00Z",
    "unavailable": "0",
    "workers": [
        {
            "name": "w-0",
            "unpersisted": "13Gi",
            "unpersistedOnRestart": "1Gi",
            "files": 110,
            "oldest": "2030-01-01T03:00:00Z",
        },
        {"name": "w-1", "unpersisted": "1Gi", "cachedOnce": "3Gi", "files": 10},
    ],
    "paths": [
        {"path": "/a\x1b[2J", "unpersisted": "1Gi", "files": 20, "oldest": "2030-01-02T03:00:00Z"},
        {"path": "/b", "unpersisted": "13Gi", "files": 100, "oldest": "2030-01-01T03:00:00Z"},
    ],
}


def cluster(status: Json | None, **workers: Any) -> Json:
    made = merged(resource(), {"spec": {"workers": workers}})
    made["status"] = {**made["status"], **({"atRisk": status} if status is not None else {})}
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Now(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return NOW

    def called(made: Json, *words: str) -> int:
        class Reader:
            @classmethod
            def connect(cls, *_: object) -> Reader:
                return cls()

            def cluster(self, name: str) -> Json:
                assert name == "small"
                return made

        monkeypatch.setattr(main, "Reader", Reader)
        monkeypatch.setattr(commands, "datetime", Now)
        return main.main(["at-risk", "small", *words])

    return called


def test_workers_and_paths_are_shown_with_sizes_and_ages(run: Any, capsys: pytest.CaptureFixture[str]):
    assert run(cluster(FOUND)) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["w-0", "13Gi", "1Gi", "0", "0", "110", "24h"] in lines
    assert ["w-1", "1Gi", "0", "3Gi", "0", "10", "-"] in lines
    assert ["all", "14Gi", "2Gi", "3Gi", "0", "120", "24h"] in lines
    assert lines.index(["/b", "13Gi", "100", "24h"]) < lines.index(["/a", "1Gi", "20", "4m"])
    assert next(line for line in lines if line[:1] == ["Listed"])[:3] == ["Listed", "30m", "ago"]


def test_programs_get_bytes_and_seconds(run: Any, capsys: pytest.CaptureFixture[str]):
    assert run(cluster(FOUND, atRiskLimit="20Gi"), "-o", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["known"], found["aboveLimit"], found["limitBytes"]) == (True, False, 20 * 2**30)
    assert found["workers"][0]["unpersistedBytes"] == 13 * 2**30
    assert found["paths"][1] == {
        "path": "/b",
        "unpersistedBytes": 13 * 2**30,
        "files": 100,
        "oldestSeconds": 86645.0,
    }
    assert found["listedSecondsAgo"] == 1800


def test_a_worker_above_the_limit_ends_with_3(run: Any, capsys: pytest.CaptureFixture[str]):
    above = {**FOUND, "aboveSince": "2030-01-02T02:00:00Z", "worst": "w-0"}
    assert run(cluster(above, atRiskLimit="10Gi")) == 3
    assert "w-0 is above spec.workers.atRiskLimit (10Gi) since 2030-01-02T02:00:00Z" in capsys.readouterr().out


@pytest.mark.parametrize("status", [None, {}, {"failingSince": "2030-01-02T02:00:00Z", "message": "no answer in time"}])
def test_what_is_not_known_is_never_shown_as_zero(run: Any, capsys: pytest.CaptureFixture[str], status: Json | None):
    assert run(cluster(status)) == 4
    printed = capsys.readouterr().out
    assert "WORKER" not in printed
    assert "Nothing is known" in printed or "Listings fail since" in printed


def test_older_figures_are_shown_as_such(run: Any, capsys: pytest.CaptureFixture[str]):
    failing = {**FOUND, "failingSince": "2030-01-02T03:00:00Z", "message": "no answer in time"}
    assert run(cluster(failing)) == 4
    printed = capsys.readouterr().out
    assert "w-0" in printed
    assert "Listings fail since 2030-01-02T03:00:00Z: no answer in time" in printed


def test_listings_that_are_off_are_said(run: Any, capsys: pytest.CaptureFixture[str]):
    assert run(cluster(None, atRiskIntervalMinutes=0)) == 4
    assert "spec.workers.atRiskIntervalMinutes is 0" in capsys.readouterr().out


def test_data_without_a_worker_is_named():
    view = at_risk_view(cluster({**FOUND, "unavailable": "2Gi"}), NOW)
    assert view.total["unavailableBytes"] == 2 * 2**30
    assert any("2Gi of unpersisted data is on no worker that runs" in note for note in view.notes)


def test_no_text_obeys_a_terminal(run: Any, capsys: pytest.CaptureFixture[str]):
    run(cluster(FOUND))
    assert "\x1b" not in capsys.readouterr().out
