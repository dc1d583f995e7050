"""Waiting for the master that restores a backup as a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest
from tests.support.backup import ENTRIES, checked
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from alluxio_operator.backup_file import prove
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.prove import DELETED, INODES, LOOKS, RESTORED, SERVES, Proof
from alluxio_operator.transport.http import HttpAnswer

LATE = -2
"""A number of entries that the master doesn't answer in time."""


def restored(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    numbers: Iterator[int],
    *,
    inodes: int = 23,
    deleted: Iterator[int] | None = None,
) -> Proof:
    """Return the proof by a master that serves from its start, and has restored `numbers` of entries by and by.

    It answers LATE not at all. `deleted` is its counter of deleted paths by and by.
    """

    def get(url: str) -> HttpAnswer:
        if url == SERVES:
            return HttpAnswer(200, b"")
        number = next(numbers)
        if number == LATE:
            raise ReadTimeoutError(HTTPConnectionPool("127.0.0.1"), url, "timed out")
        gauges = {RESTORED: {"value": number}, INODES: {"value": inodes}}
        counters = {DELETED: {"count": next(deleted) if deleted else 0}}
        return HttpAnswer(200, json.dumps({"gauges": gauges, "counters": counters}).encode())

    monkeypatch.setattr(prove, "_get", get)
    monkeypatch.setattr(prove, "PAUSE", 0)
    check = tmp_path / "check.json"
    check.write_text(checked())
    return prove.prove(check, tmp_path, 0.0)


def test_a_master_that_serves_while_it_restores_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    proof = restored(monkeypatch, tmp_path, iter((-1, -1, ENTRIES, ENTRIES)))

    assert (proof.entries, proof.inodes) == (ENTRIES, 23)


def test_another_number_of_entries_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with pytest.raises(BackupFileError) as raised:
        restored(monkeypatch, tmp_path, iter((ENTRIES - 1,) * 2))

    assert raised.value.reason is Reason.COUNT_MISMATCH


def test_a_master_that_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "ended").touch()
    with pytest.raises(BackupFileError) as raised:
        restored(monkeypatch, tmp_path, iter((-1,) * 2))

    assert raised.value.reason is Reason.NOT_RESTORED


def test_a_late_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    proof = restored(monkeypatch, tmp_path, iter((LATE, -1, LATE, ENTRIES, ENTRIES)))

    assert proof.entries == ENTRIES


def test_an_answer_that_has_no_numbers_ends_the_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(prove, "_get", lambda _: HttpAnswer(200, b"{}"))
    (tmp_path / "check.json").write_text(checked())
    with pytest.raises(BackupFileError) as raised:
        prove.prove(tmp_path / "check.json", tmp_path, 0.0)

    assert raised.value.reason is Reason.INTERNAL


@pytest.mark.parametrize("deleted", [(2,), (0, 0, 2)])
def test_paths_that_have_outlived_their_time_may_be_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, deleted: tuple[int, ...]
):
    counted = iter((*deleted, *deleted[-1:]))
    proof = restored(monkeypatch, tmp_path, repeat(ENTRIES), inodes=21, deleted=counted)

    assert (proof.entries, proof.inodes) == (ENTRIES, 21)


@pytest.mark.parametrize(("inodes", "deleted"), [(21, 0), (24, 1), (0, 23), (-1, 1)])
def test_another_number_of_paths_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inodes: int, deleted: int):
    with pytest.raises(BackupFileError) as raised:
        restored(monkeypatch, tmp_path, repeat(ENTRIES, LOOKS + 1), inodes=inodes, deleted=repeat(deleted))

    assert raised.value.reason is Reason.COUNT_MISMATCH


def test_after_any_error_the_master_may_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def failing(*_: object) -> Proof:
        raise RuntimeError("a defect")

    monkeypatch.setattr(prove, "prove", failing)
    result = tmp_path / "result"
    code = prove.main(["--check", str(tmp_path / "check.json"), "--work", str(tmp_path), "--result", str(result)])
    assert code == 1
    assert json.loads(result.read_text())["reason"] == "Internal"
    assert (tmp_path / "done").exists()
