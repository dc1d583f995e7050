"""The command that restores in place, on a stand-in for the API server whose restore moves on with each look."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from alluxio_operator.kube.errors import ApiError
from alluxio_operator.plugin import main, restore_command, restores
from alluxio_operator.plugin.reader import Reader

Json = dict[str, Any]
TEXT = "restore-small-from-good-4f2c1a"
Run = Callable[..., tuple["FakeKube", int]]


def seen(state: str, reason: str = "", message: str = "", phase: str = "", **over: Any) -> Json:
    gate = {"type": "RestoredInPlace", "status": "False", "reason": reason or state, "message": message or state}
    record = {"state": state, "backup": "good", "confirmation": TEXT, "loss": {"files": 1}, **over}
    about = {"phase": "Ready", "summary": "it serves", **({"phase": phase} if phase else {})}
    return {**about, "conditions": [{**gate, "observedGeneration": 9}], "restoreInPlace": record}


OFFERED = seen("AwaitingConfirmation", message=f"nothing has changed yet. To restore: {TEXT}\x1b[2J")
RESTORED = seen("Restored", aside="raft-before-i4f2c1a", restore={"entries": 40})


class FakeKube:
    """Has one cluster, whose status is the next of `states` with each look."""

    def __init__(self, *states: Json) -> None:
        self.states = list(states)
        self.patches: list[Json] = []
        self.spec: Json = {}

    def get(self, _path: str) -> Json:
        status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {
            "metadata": {"name": "small", "namespace": "data", "generation": 2},
            "spec": self.spec,
            "status": status,
        }

    def merge(self, _path: str, patch: Json, *, manager: str) -> Json:
        assert manager == "kubectl-alluxio"
        self.patches.append(patch["spec"]["restoreInPlace"])
        return {"metadata": {"name": "small", "generation": 2}}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command with what a user types."""

    def command(
        *words: str, states: tuple[Json, ...], typed: str = "", earlier: Json | None = None
    ) -> tuple[FakeKube, int]:
        kube = FakeKube(*states)
        kube.spec = {"restoreInPlace": earlier} if earlier else {}
        monkeypatch.setattr(Reader, "connect", lambda *_: Reader(kube, None, "data"))  # type: ignore[arg-type]
        monkeypatch.setattr(restores, "PAUSE", 0.0)
        monkeypatch.setattr(restores, "READY_WITHIN", 0.05)
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
    assert out.index("disappears again at the next sync") < out.index("Type restore-small")
    assert "small  Restoring: Restoring" in out
    assert out.endswith("small  Restored: Restored\nsmall  Ready: it serves\n")


@pytest.mark.parametrize("typed", ["", "yes\n"])
def test_another_text_changes_nothing(run: Run, typed: str, capsys: pytest.CaptureFixture[str]):
    kube, code = run(states=({}, OFFERED), typed=typed)

    said = capsys.readouterr().err
    assert code == 3
    assert kube.patches[0]["confirmation"] is None
    assert kube.patches[1:] == [None]
    assert "nothing has changed" in said
    assert "spec.restoreInPlace is removed" in said


def test_a_script_gives_the_text_that_it_has_read(run: Run):
    kube, code = run("--confirm", TEXT, states=(OFFERED, seen("Restoring"), RESTORED))

    assert code == 0
    assert [one["confirmation"] for one in kube.patches] == [TEXT]


def test_a_text_of_before_doesnt_confirm_another_offer(run: Run):
    other = seen("AwaitingConfirmation", confirmation="restore-small-from-good-000000")
    kube, code = run("--confirm", TEXT, states=(other, other))

    assert code == 3
    assert kube.patches[0]["confirmation"] is None
    assert kube.patches[1:] == [None]


@pytest.mark.parametrize("reason", ["MembersChanging", "WaitingForOperation", "SafetyBackupFailed", "BackupFailed"])
def test_every_reason_but_an_offer_ends_the_wait(run: Run, reason: str, capsys: pytest.CaptureFixture[str]):
    asks = seen("AwaitingConfirmation", "Waiting", "the operator asks", loss=None)
    kube, code = run(states=({}, asks, seen("Cancelled", reason, "the members change")))

    assert code == 3
    assert kube.patches[1:] == [None]
    assert "the members change" in capsys.readouterr().out


def test_the_request_of_before_comes_back(run: Run, capsys: pytest.CaptureFixture[str]):
    kube, code = run(states=(RESTORED, OFFERED), typed="no\n", earlier={"uri": "/a.gz", "expectedEntries": 4})

    assert code == 3
    assert kube.patches[-1] | {"volume": None} == {
        "backupName": None, "uri": "/a.gz", "expectedEntries": 4, "volume": None, "confirmation": None,
    }  # fmt: skip
    assert "has the value of before" in capsys.readouterr().err


def test_a_silent_operator_leaves_no_request(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(restores, "OFFERED_WITHIN", 0.01)
    kube, code = run(states=({},))

    assert (code, kube.patches[1:]) == (1, [None])


def test_a_request_that_cannot_be_removed_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    merge = FakeKube.merge

    def refuse(kube: FakeKube, path: str, patch: Json, *, manager: str) -> Json:
        if patch["spec"]["restoreInPlace"] is None:
            raise ApiError(path, 503, "away")
        return merge(kube, path, patch, manager=manager)

    monkeypatch.setattr(FakeKube, "merge", refuse)

    assert run(states=({}, OFFERED), typed="no\n")[1] == 3
    assert "kubectl patch alx small --type merge" in capsys.readouterr().err


def test_a_text_that_another_request_outdated_ends_the_wait(run: Run):
    kube, code = run(states=({}, OFFERED, seen("AwaitingConfirmation", "WrongConfirmation")), typed=f"{TEXT}\n")

    assert (code, kube.patches[-1]) == (3, None)


def test_an_offer_that_can_no_longer_begin_is_refused(run: Run, capsys: pytest.CaptureFixture[str]):
    kube, code = run("--confirm", TEXT, states=(seen("AwaitingConfirmation", "MembersChanging", "they change"),))

    assert (code, kube.patches) == (3, [])
    assert "they change" in capsys.readouterr().out


def test_it_waits_until_the_restored_cluster_is_ready(run: Run, capsys: pytest.CaptureFixture[str]):
    busy = {**seen("Restored", phase="Updating"), "summary": "masters 0 of 1"}
    code = run(states=({}, OFFERED, busy, busy, RESTORED), typed=f"{TEXT}\n")[1]

    out = capsys.readouterr().out
    assert code == 0
    assert out.index("Updating: masters 0 of 1") < out.index("Ready: it serves")


def test_a_restored_cluster_that_stays_busy_is_an_error(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run(states=({}, OFFERED, seen("Restored", phase="Updating")), typed=f"{TEXT}\n")[1] == 1
    assert "is restored, but small isn't Ready" in capsys.readouterr().err


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


def test_ctrl_c_at_the_question_takes_the_request_back(run: Run, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(restore_command, "_typed", interrupted)
    kube, code = run(states=({}, OFFERED))

    assert (code, kube.patches[1:]) == (130, [None])
