"""Waiting for the master that restores a backup as a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.backup import ENTRIES, checked

from alluxio_operator.backup_file import prove
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.prove import INODES, RESTORED, SERVES, Proof
from alluxio_operator.transport.http import HttpAnswer


def restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, numbers: Iterator[int], *, inodes: int = 23) -> Proof:
    """Return the proof by a master that serves from its start, and has restored `numbers` of entries by and by."""

    def get(url: str) -> HttpAnswer:
        if url == SERVES:
            return HttpAnswer(200, b"")
        gauges = {RESTORED: {"value": next(numbers)}, INODES: {"value": inodes}}
        return HttpAnswer(200, json.dumps({"gauges": gauges}).encode())

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
