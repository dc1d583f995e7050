"""What the masters' init container does with a journal's folder: the rendered script, run by a real shell."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.golden.clusters import manifests_of
from tests.support.scripts import journal_script

from alluxio_operator.kinds.cluster.masters.rejoin import JOINED_ONCE

UID = "pod-uid-1"
SLEEP = """#!/bin/sh
echo once more >> "$0-count"
exec /bin/sleep 0.02
"""
"""Counts how often the script looked, and lets it look often."""


class Check:
    """The script of the three masters' init container, with its folders below one directory."""

    ordinal = 2

    def __init__(self, home: Path, case: str = "three-masters") -> None:
        [masters] = [
            m.obj for m in manifests_of(case) if m.ref.kind == "StatefulSet" and m.ref.name.endswith("-master")
        ]
        [container] = masters["spec"]["template"]["spec"]["initContainers"]
        script = container["args"][0]
        for path in ("/waiting", "/permission", "/dev/termination-log"):
            assert path in script or case == "small", "a lone master never waits"
            script = script.replace(path, str(home / path.rsplit("/", 1)[1]))
        self.journal, self.said = home / "journal", home / "termination-log"
        for folder in ("bin", "journal", "waiting", "permission"):
            (home / folder).mkdir()
        self.bin, self.looks = home / "bin", home / "bin" / "sleep-count"
        (self.bin / "sleep").write_text(SLEEP)
        (self.bin / "sleep").chmod(0o755)
        self.permission = home / "permission" / "rejoin"
        self.permission.write_text("")
        self.command = ["/bin/sh", "-eu", "-c", script, "journal-check", str(self.journal)]
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self) -> int:
        return self.start().wait(10)

    def start(self) -> subprocess.Popen[bytes]:
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "POD_UID": UID, "POD_NAME": f"ha-master-{self.ordinal}"}
        process = subprocess.Popen(self.command, env=environment, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def start_waiting(self) -> subprocess.Popen[bytes]:
        """Let it say that the journal is missing, and start it anew as the kubelet does."""
        assert self.run() == 1
        assert self.said.read_text().startswith("JournalMissing: no journal below ")
        process = self.start()
        self.wait_for_a_look(process)
        return process

    def wait_for_a_look(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the script has looked once more from beginning to end, and waits again."""
        before = self._count()
        for _ in range(1000):
            if self._count() >= before + 2:
                return
            assert process.poll() is None, "it waits"
            time.sleep(0.01)
        raise AssertionError("it looks no more")

    def _count(self) -> int:
        return len(self.looks.read_text().splitlines()) if self.looks.exists() else 0

    def write_journal(self) -> None:
        current = self.journal / "raft" / "02511d47-d67c-49a3-9011-abb3109a44c1" / "current"
        current.mkdir(parents=True)
        (current / "raft-meta").write_text("term=1")


@pytest.fixture
def case() -> str:
    """The golden case whose script it is."""
    return "three-masters"


@pytest.fixture
def check(tmp_path: Path, case: str) -> Iterator[Check]:
    check = Check(tmp_path, case)
    yield check
    for process in check.processes:
        process.kill()
        process.wait()


def test_a_master_with_a_journal_starts(check: Check):
    check.write_journal()
    (check.journal / ".first-start").touch()

    assert check.run() == 0
    assert not (check.journal / ".first-start").exists()
    assert not check.said.exists()


def test_a_folder_that_the_job_made_is_a_first_start(check: Check):
    (check.journal / "raft").mkdir()
    (check.journal / ".first-start").touch()

    assert check.run() == 0


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "the mark alone"])
def test_without_a_journal_it_says_so_and_waits(left: str, check: Check):
    if left == "an empty folder":
        (check.journal / "raft").mkdir()
    if left == "the mark alone":
        (check.journal / ".first-start").touch()

    check.start_waiting()


def test_permitted_it_makes_an_empty_folder_and_starts(check: Check):
    waits = check.start_waiting()

    check.permission.write_text(UID)

    assert waits.wait(10) == 0
    assert (check.journal / "raft").is_dir()
    assert check.run() == 0, "and once more, should the master end before it wrote anything"


def test_a_permission_holds_once(check: Check):
    waits = check.start_waiting()
    check.permission.write_text(UID)
    assert waits.wait(10) == 0
    check.write_journal()
    assert check.run() == 0

    shutil.rmtree(check.journal / "raft")
    waits = check.start_waiting()

    assert JOINED_ONCE in check.said.read_text()
    check.wait_for_a_look(waits)
    assert not (check.journal / "raft").exists()


@pytest.mark.parametrize("theirs", ["another-uid", "", f"{UID}-2", "true"])
def test_a_permission_for_another_pod_is_none(theirs: str, check: Check):
    waits = check.start_waiting()

    check.permission.write_text(theirs)

    check.wait_for_a_look(waits)
    assert not (check.journal / "raft").exists()


def test_a_permission_does_nothing_where_there_is_a_journal(check: Check):
    check.write_journal()
    check.permission.write_text(UID)

    assert check.run() == 0
    assert list((check.journal / "raft").iterdir())


def test_data_that_is_brought_back_ends_the_wait_and_is_left_as_it_is(check: Check):
    waits = check.start_waiting()

    check.write_journal()

    assert waits.wait(10) == 0
    assert [path.name for path in check.journal.iterdir()] == ["raft"]


def test_what_is_left_of_a_journal_is_moved_aside_and_not_deleted(check: Check):
    rest = check.journal / "raft" / "group" / "current"
    rest.mkdir(parents=True)
    (rest / "log_0-12").write_text("entries")
    waits = check.start_waiting()

    check.permission.write_text(UID)

    assert waits.wait(10) == 0
    assert (check.journal / f"raft-before-{UID}" / "group" / "current" / "log_0-12").read_text() == "entries"
    assert list((check.journal / "raft").iterdir()) == []


def test_it_ends_when_it_is_told_to(check: Check):
    waits = check.start_waiting()

    waits.terminate()

    assert waits.wait(3) != 0


# --- who is a member ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["members-joining"])
@pytest.mark.parametrize(
    ("ordinal", "prepared", "starts"),
    [(0, "", True), (1, "m65a0c3f0", True), (1, "", False), (1, "m65a0c3ef", False), (2, "m65a0c3f0", False)],
)
def test_a_journal_that_is_not_a_members_starts_only_once_it_is_prepared(
    ordinal: int, prepared: str, starts: bool, check: Check
):
    check.ordinal = ordinal
    check.write_journal()
    if prepared:
        (check.journal / ".joins").write_text(f"{prepared}\n")

    assert check.run() == (0 if starts else 1)
    assert starts or check.said.read_text().startswith(f"NotAMember: ha-master-{ordinal} ")


@pytest.mark.parametrize("case", ["three-masters", "small"])
def test_a_master_beyond_the_members_never_starts(case: str, check: Check):
    check.ordinal = 3 if case == "three-masters" else 1
    check.write_journal()
    (check.journal / ".joins").write_text("m65a0c3f0\n")

    assert check.run() == 1


# --- a restore in place -------------------------------------------------------------------------------------------

OPERATION = "i4f2c1a"
BACK = journal_script("journal-back.sh")


def goes_back(journal: Path) -> None:
    """Run the script of the Job that gives a journal its name back."""
    words = [str(journal), OPERATION, str(journal / f"raft-before-{OPERATION}"), str(journal / ".restore.gz")]
    subprocess.run(["/bin/sh", "-euc", BACK, "journal-back", *words], check=True)


def is_restored(journal: Path) -> None:
    """Leave what a volume has once its master has restored."""
    (journal / f".before-{OPERATION}").write_text("journal\n")
    (journal / ".restoring").write_text(f"{OPERATION}\n")
    (journal / f"raft-before-{OPERATION}" / "group" / "current").mkdir(parents=True)
    (journal / f"raft-before-{OPERATION}" / "group" / "current" / "raft-meta").write_text("of before")


@pytest.mark.parametrize("written", [True, False], ids=["with entries", "still empty"])
def test_a_volume_that_was_away_while_the_others_went_back_is_refused_and_rejoins(written: bool, check: Check):
    is_restored(check.journal)
    (check.journal / ".first-start").touch()
    if written:
        check.write_journal()
    else:
        (check.journal / "raft").mkdir()
    waits = check.start_waiting()
    assert "of a restore in place that went back" in check.said.read_text()

    check.permission.write_text(UID)

    assert waits.wait(10) == 0
    assert not any((check.journal / "raft").iterdir())
    assert (check.journal / f"raft-before-{UID}").is_dir()
    assert not (check.journal / ".restoring").exists()
    goes_back(check.journal)
    assert (check.journal / "raft").is_dir(), "a late Job finds nothing to do"
    check.write_journal()
    assert check.run() == 0


def test_a_late_way_back_ends_the_wait(check: Check):
    is_restored(check.journal)
    check.write_journal()
    waits = check.start_waiting()

    goes_back(check.journal)

    assert waits.wait(10) == 0
    assert (check.journal / "raft" / "group" / "current" / "raft-meta").read_text() == "of before"


@pytest.mark.parametrize("case", ["in-place-aside"])
def test_masters_that_restore_start_with_the_journal_of_the_restore(check: Check):
    is_restored(check.journal)
    (check.journal / "raft").mkdir()
    (check.journal / ".first-start").touch()
    assert check.run() == 0

    check.write_journal()
    assert check.run() == 0


@pytest.mark.parametrize("case", ["in-place-aside"])
@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_a_volume_that_is_replaced_while_masters_restore_is_emptied_on_the_way_back(filled: bool, check: Check):
    if filled:
        check.write_journal()
    waits = check.start_waiting()
    check.permission.write_text(UID)
    assert waits.wait(10) == 0
    check.write_journal()
    assert check.run() == 0

    goes_back(check.journal)

    assert not (check.journal / "raft").exists(), "its master rejoins"


@pytest.mark.parametrize("case", ["in-place-proven"])
def test_once_the_names_are_proven_late_jobs_find_nothing_to_do(check: Check):
    is_restored(check.journal)
    check.write_journal()
    assert check.run() == 0
    assert check.run() == 0

    aside = journal_script("journal-aside.sh")
    folder = str(check.journal / f"raft-before-{OPERATION}")
    subprocess.run(["/bin/sh", "-euc", aside, "x", str(check.journal), OPERATION, folder], check=True)
    goes_back(check.journal)
    empty = journal_script("journal-for-restore.sh")
    words = [str(check.journal), "empty", OPERATION, "2", "", "", "", "", folder]
    assert subprocess.run(["/bin/sh", "-euc", empty, "x", *words], check=False).returncode == 1

    assert list((check.journal / "raft").iterdir())
    assert check.run() == 0
