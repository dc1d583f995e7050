"""The command that restores in place, on a stand-in for the API server whose restore moves on with each look."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from alluxio_operator.plugin import main, restores
from alluxio_operator.plugin.reader import Reader

Json = dict[str, Any]
TEXT = "restore-small-from-good-4f2c1a"
Run = Callable[..., tuple["FakeKube", int]]


def seen(state: str, reason: str = "", message: str = "", **over: Any) -> Json:
    gate = {"type": "RestoredInPlace", "status": "False", "reason": reason or state, "message": message or state}
    record = {"state": state, "backup": "good", "confirmation": TEXT, "loss": {"files": 1}, **over}
    return {"conditions": [{**gate, "observedGeneration": 9}], "restoreInPlace": record}


OFFERED = seen("AwaitingConfirmation", message=f"nothing has changed yet. To restore: {TEXT}\x1b[2J")
RESTORED = seen("Restored", aside="raft-before-i4f2c1a", restore={"entries": 40})


class FakeKube:
    """Has one cluster, whose status is the next of `states` with each look."""

    def __init__(self, *states: Json) -> None:
        self.states = list(states)
        self.patches: list[Json] = []

    def get(self, _path: str) -> Json:
        status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"metadata": {"name": "small", "namespace": "data", "generation": 2}, "status": status}

    def merge(self, _path: str, patch: Json, *, manager: str) -> Json:
        assert manager == "kubectl-alluxio"
        self.patches.append(patch["spec"]["restoreInPlace"])
        return {"metadata": {"name": "small", "generation": 2}}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command with what a user types."""

    def command(*words: str, states: tuple[Json, ...], typed: str = "") -> tuple[FakeKube, int]:
        kube = FakeKube(*states)
        monkeypatch.setattr(Reader, "connect", lambda *_: Reader(kube, None, "data"))  # type: ignore[arg-type]
        monkeypatch.setattr(restores, "PAUSE", 0.0)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return kube, main.main(("restore", "small", "--backup", "good", *words))

    return command


def test_it_shows_what_is_lost_asks_and_waits(run: Run, capsys: pytest.CaptureFixture[str]):
    states = ({}, OFFERED, seen("BackingUp"), seen("Restoring"), RESTORED)
    kube, code = run(states=states, typed=f"{TEXT}\n")

    out = capsys.readouterr().out
    assert code == 0
    assert [one["confirmation"] for one in kube.patches] == [None, TEXT]
    assert "nothing has changed yet" in out
    assert "\x1b" not in out
    assert "small  Restoring: Restoring" in out
    assert out.endswith("small  Restored: Restored\n")


@pytest.mark.parametrize("typed", ["", "yes\n"])
def test_another_text_changes_nothing(run: Run, typed: str, capsys: pytest.CaptureFixture[str]):
    kube, code = run(states=({}, OFFERED), typed=typed)

    assert code == 3
    assert [one["confirmation"] for one in kube.patches] == [None]
    assert "nothing has changed" in capsys.readouterr().err


def test_a_script_gives_the_text_that_it_has_read(run: Run):
    kube, code = run("--confirm", TEXT, states=(OFFERED, seen("Restoring"), RESTORED))

    assert code == 0
    assert [one["confirmation"] for one in kube.patches] == [TEXT]


def test_a_text_of_before_doesnt_confirm_another_offer(run: Run):
    other = seen("AwaitingConfirmation", confirmation="restore-small-from-good-000000")
    kube, code = run("--confirm", TEXT, states=(other, other))

    assert code == 3
    assert [one["confirmation"] for one in kube.patches] == [None]


def test_a_refused_backup_takes_the_request_back(run: Run, capsys: pytest.CaptureFixture[str]):
    refused = seen("", "BackupFailed", "this AlluxioBackup has failed", backup="")
    kube, code = run(states=({}, refused))

    assert code == 3
    assert kube.patches[-1] is None
    assert "this AlluxioBackup has failed" in capsys.readouterr().out


@pytest.mark.parametrize(("state", "code"), [("WentBack", 4), ("Failed", 5), ("Cancelled", 3)])
def test_each_end_has_a_code_of_its_own(run: Run, state: str, code: int):
    assert run(states=({}, OFFERED, seen(state)), typed=f"{TEXT}\n")[1] == code


def test_programs_get_json_only(run: Run, capsys: pytest.CaptureFixture[str]):
    run("-o", "json", states=({}, OFFERED, RESTORED), typed=f"{TEXT}\n")

    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["entries"], found["aside"]) == ("Restored", 40, "raft-before-i4f2c1a")


def test_a_restore_that_is_under_way_is_not_disturbed(run: Run, capsys: pytest.CaptureFixture[str]):
    kube, code = run(states=(seen("Restoring"),))

    assert (code, kube.patches) == (1, [])
    assert "under way" in capsys.readouterr().err
