"""The form of a backup that a cluster restores in place: byte for byte, with a higher number for new blocks."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from tests.support import backup_files as made

from alluxio_operator.backup_file import __main__ as command
from alluxio_operator.backup_file import entry
from alluxio_operator.backup_file.count import summarize
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.renumber import write_renumbered
from alluxio_operator.backup_file.stream import EntryReader

CONTAINER = 2**33


def entries_of(data: bytes) -> list[bytes]:
    return list(EntryReader(io.BytesIO(data)))


def test_only_the_generator_of_numbers_differs(tmp_path: Path) -> None:
    data, target = made.REAL.read_bytes(), tmp_path / "copy.gz"
    write_renumbered(io.BytesIO(data), target, CONTAINER, sha256=hashlib.sha256(data).hexdigest())
    before, after = entries_of(data), entries_of(target.read_bytes())

    assert len(after) == len(before)
    changed = {entry.kind_of(one)[0] for one, other in zip(before, after, strict=True) if one != other}
    assert changed == {entry.BLOCK_CONTAINER_ID_GENERATOR}
    assert summarize(io.BytesIO(target.read_bytes())).next_block_container == CONTAINER


def test_a_file_that_has_changed_since_its_check_leaves_no_copy(tmp_path: Path) -> None:
    data, target = made.REAL.read_bytes(), tmp_path / "copy.gz"
    for known in ({"sha256": "ab" * 32}, {"entries": 7}):
        with pytest.raises(BackupFileError) as raised:
            write_renumbered(io.BytesIO(data), target, CONTAINER, **known)  # type: ignore[arg-type]
        assert raised.value.reason is Reason.UNREADABLE
    assert not list(tmp_path.iterdir())


def test_a_truncated_file_leaves_no_copy(tmp_path: Path) -> None:
    data, target = made.REAL.read_bytes(), tmp_path / "copy.gz"
    with pytest.raises(BackupFileError):
        write_renumbered(io.BytesIO(data[:-20]), target, CONTAINER)
    assert not list(tmp_path.iterdir())


def test_a_volume_without_room_is_found_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BackupFileError) as raised:
        write_renumbered(io.BytesIO(made.REAL.read_bytes()), tmp_path / "copy.gz", CONTAINER, free=2**60)
    assert raised.value.reason is Reason.NO_SPACE
    assert "spec.masters.journal.storage.size" in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--free", str(2**50)], "NoSpace: nightly: the volume"),
        (["--sha256", "ab" * 32], "RestoreSourceDamaged: nightly: the file has"),
    ],
)
def test_the_command_ends_with_a_word_that_the_operator_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code = command.main(
        ["renumber", str(made.REAL), str(tmp_path / "copy.gz"), "--container", "9", "--name", "nightly", *words]
    )
    assert code == 1
    assert capsys.readouterr().err.startswith(said)


def test_the_command_names_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "missing.gz")
    assert command.main(["renumber", missing, str(tmp_path / "copy.gz"), "--container", "9"]) == 1
    assert capsys.readouterr().err.startswith("RestoreSourceMissing")


def test_the_command_writes_the_copy(tmp_path: Path) -> None:
    target = tmp_path / "copy.gz"
    assert command.main(["renumber", str(made.REAL), str(target), "--container", str(CONTAINER)]) == 0
    assert summarize(io.BytesIO(target.read_bytes())).next_block_container == CONTAINER
