import os
from dataclasses import replace
from pathlib import Path

import pytest

from dev.cluster import processes
from dev.cluster.errors import ClusterError
from dev.cluster.processes import Command, Processes


@pytest.fixture
def known(tmp_path: Path) -> Processes:
    return Processes(tmp_path / "records", tmp_path / "logs")


def test_a_process_is_started_once_found_again_and_ended(known: Processes) -> None:
    command = Command("sleeper", ("sleep", "60"))
    assert known.ensure(command)
    record = known.record("sleeper")
    assert not known.ensure(command)
    assert known.record("sleeper") == record
    known.stop("sleeper")
    assert not known.alive("sleeper")
    assert known.names() == []


def test_a_changed_command_restarts(known: Processes) -> None:
    known.ensure(Command("sleeper", ("sleep", "60"), content="a"))
    first = known.record("sleeper")
    assert known.ensure(Command("sleeper", ("sleep", "60"), content="b"))
    second = known.record("sleeper")
    assert first
    assert second
    assert first.pid != second.pid
    assert not processes.is_alive(first)
    known.stop("sleeper")


def test_behind_a_wrapper_the_child_is_what_counts(known: Processes) -> None:
    known.start(Command("sleeper", ("sleep", "60"), wrapper=("sh", "-c", '"$@"; exit 0', "sh")))
    record = known.record("sleeper")
    assert record
    # Between fork and exec the child still has the wrapper's name.
    known.wait_for("exec", lambda: Path(f"/proc/{record.pid}/comm").read_text() == "sleep\n", 10, "sleeper")
    known.stop("sleeper")


def test_another_process_with_the_same_id_is_left_alone(known: Processes) -> None:
    known.start(Command("sleeper", ("sleep", "60")))
    record = known.record("sleeper")
    assert record
    for stranger in (replace(record, started=record.started + 1), replace(record, boot="another")):
        assert not processes.is_alive(stranger)
        processes.end(stranger, patience=0.1)
        assert known.alive("sleeper")
    known.stop("sleeper")


def test_a_process_that_ignores_the_polite_signal_is_killed(known: Processes) -> None:
    known.start(Command("stubborn", ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")))
    known.wait_for("ready", lambda: "ready" in known.tail("stubborn"), 10, "stubborn")
    known.stop("stubborn", patience=0.2)
    assert not known.alive("stubborn")


def test_waiting_fails_at_once_when_the_process_ended(known: Processes) -> None:
    known.start(Command("brief", ("sh", "-c", "echo went wrong; exit 3")))
    with pytest.raises(ClusterError, match="brief ended") as failure:
        known.wait_for("anything", lambda: False, 30, "brief")
    assert failure.value.component == "brief"
    assert known.tail("brief") == "went wrong"


def test_waiting_has_an_end(known: Processes) -> None:
    known.start(Command("sleeper", ("sleep", "60")))
    with pytest.raises(ClusterError, match="no miracle within 0 s"):
        known.wait_for("miracle", lambda: False, 0.1, "sleeper")
    known.stop("sleeper")


def test_a_damaged_record_is_no_process(known: Processes, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "odd.json").write_text("{")
    assert not known.alive("odd")
    known.stop("odd")
    assert known.names() == []


def test_start_time_tells_processes_from_ids_in_no_use() -> None:
    assert processes.start_time(os.getpid())
    assert processes.start_time(2**22 + 1) is None
