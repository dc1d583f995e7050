"""The commands for backups, on a stand-in for the API server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.backup import backup

from alluxio_operator.kube.errors import Conflict, NotFound
from alluxio_operator.plugin import backups, main
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import Reader

Json = dict[str, Any]
RUNNING = {"phase": "Running", "summary": "small-master-0 writes the backup"}
COMPLETED = {
    "phase": "Completed",
    "summary": "a master restored 40 entries",
    "verified": True,
    "started": "2030-01-02T03:04:05Z",
    "file": {"entries": 40, "bytes": 2048},
    "restored": {"seconds": 9},
}
FAILED = {"phase": "Failed", "summary": "the file ends\x1b[31m in an entry"}


class FakeKube:
    """Has one cluster, and backups whose state moves on with each look."""

    def __init__(self, *states: Json) -> None:
        self.states = list(states)
        self.made: dict[str, Json] = {}

    def get(self, path: str) -> Json:
        if path.endswith("/alluxioclusters/small"):
            return {"metadata": {"name": "small", "namespace": "data"}}
        name = path.rpartition("/")[2]
        if name not in self.made:
            raise NotFound(path, 404, "not found")
        status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {**self.made[name], "status": status}

    def list(self, path: str) -> Iterator[Json]:
        yield from self.made.values()

    def create(self, path: str, body: Json, *, manager: str) -> Json:
        name = body["metadata"]["name"]
        assert manager == "kubectl-alluxio"
        if name in self.made:
            raise Conflict(path, 409, "already exists")
        self.made[name] = {**body, "metadata": {**body["metadata"], "creationTimestamp": "2030-01-02T03:04:05Z"}}
        return self.made[name]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[FakeKube, int]]:
    """Return a function that runs a command."""

    def command(*words: str, states: tuple[Json, ...] = (RUNNING, COMPLETED), made: tuple[Json, ...] = ()):
        kube = FakeKube(*states)
        kube.made = {one["metadata"]["name"]: one for one in made}
        monkeypatch.setattr(Reader, "connect", lambda *_: Reader(kube, None, "data"))  # type: ignore[arg-type]
        monkeypatch.setattr(backups, "PAUSE", 0.0)
        return kube, main.main(words)

    return command


def test_a_backup_is_created_and_waited_for(run, capsys):
    kube, code = run("backup", "small", "--as", "first", "--volume", "backups")
    assert kube.made["first"]["spec"] == {
        "clusterRef": {"name": "small"},
        "verify": "Restore",
        "destination": {"volume": {"claimName": "backups"}},
    }
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "first  Completed: a master restored 40 entries"
    assert code == 0


def test_a_failed_backup_ends_with_3_and_without_control_characters(run, capsys):
    _, code = run("backup", "small", "--as", "first", states=(RUNNING, FAILED))
    printed = capsys.readouterr().out
    assert code == 3
    assert "Failed" in printed
    assert "\x1b" not in printed


def test_programs_get_json_only(run, capsys):
    run("backup", "small", "--as", "first", "-o", "json")
    assert json.loads(capsys.readouterr().out)["restored"] == {"seconds": 9}


def test_a_name_that_exists_is_refused_with_the_option(run, capsys):
    _, code = run("backup", "small", "--as", "first", made=(backup("first"),))
    assert code == 1
    assert "--as another name" in capsys.readouterr().err


def test_without_waiting_the_state_is_left_to_another_command(run, capsys):
    _, code = run("backup", "small", "--no-wait")
    assert code == 0
    assert "kubectl alluxio backups small" in capsys.readouterr().out


def test_backups_are_listed_newest_first_and_by_cluster(run, capsys):
    old, new, other = backup("old"), backup("new"), backup("other", clusterRef={"name": "large"})
    for one, created in ((old, "2030-01-01T00:00:00Z"), (new, "2030-01-02T00:00:00Z"), (other, "2030-01-03T00:00:00Z")):
        one["metadata"]["creationTimestamp"] = created
    run("backups", "small", "-o", "json", made=(old, new, other))
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["new", "old"]
    run("backups", made=(old, new, other))
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["other", "new", "old"]


def test_a_backup_that_takes_too_long_goes_on():
    reader = Reader(FakeKube(RUNNING), None, "data")  # type: ignore[arg-type]
    reader.create_backup(backup("first"))
    with pytest.raises(PluginError, match="It goes on"):
        list(backups.steps(lambda: reader.backup("first"), "first", 0, lambda _: None))


def test_a_phase_without_a_summary_was_seen_by_the_operator():
    assert backups.in_words({"status": {"phase": "Restoring"}}) == "Restoring"
    assert backups.in_words({}) == "Pending: the operator hasn't seen it yet"
