"""The scripts that rename a journal and give it its name back, ended before any of their steps and run again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.scripts import journal_script

OPERATION = "i4f2c1a"


def lines(script: str) -> int:
    return len(journal_script(script).splitlines())


def run(script: str, journal: Path, *more: str, stop_after: str = "", commands: Path | None = None) -> int:
    """Run a script; with `commands`, a folder of programs of which those named in `stop_after` end it."""
    text = journal_script(script)
    path = f"{commands}:/usr/bin:/bin" if commands else "/usr/bin:/bin"
    words = [str(journal), OPERATION, str(journal / f"raft-before-{OPERATION}"), *more]
    done = subprocess.run(
        ["/bin/sh", "-euc", text, script, *words], env={"PATH": path, "STOP": stop_after}, check=False
    )
    return done.returncode


def aside(journal: Path, **how: object) -> int:
    return run("journal-aside.sh", journal, **how)  # type: ignore[arg-type]


def back(journal: Path, **how: object) -> int:
    return run("journal-back.sh", journal, str(journal / ".restore.gz"), **how)  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    (folder / "raft" / "group" / "current").mkdir(parents=True)
    (folder / "raft" / "group" / "current" / "raft-meta").write_text("of before")
    (folder / ".emptied").write_text("2")
    (folder / ".restoring").write_text("0a1b2c3dc")
    return folder


def restored(journal: Path) -> None:
    """Let the masters write a new journal."""
    (journal / "raft" / "new").mkdir()
    (journal / "raft" / "new" / "entries").write_text("half")
    (journal / ".restore.gz").write_text("copy")


def has_journal_of_before(journal: Path) -> bool:
    meta = journal / "raft" / "group" / "current" / "raft-meta"
    return meta.is_file() and meta.read_text() == "of before"


def test_a_journal_is_renamed_and_an_empty_one_prepared(journal: Path):
    assert aside(journal) == 0

    assert (journal / f"raft-before-{OPERATION}" / "group" / "current" / "raft-meta").read_text() == "of before"
    assert not list((journal / "raft").iterdir())
    assert (journal / ".restoring").read_text().strip() == OPERATION
    assert (journal / ".first-start").exists()
    assert not (journal / ".emptied").exists()


def test_a_second_run_leaves_what_the_masters_wrote(journal: Path):
    aside(journal)
    restored(journal)
    assert aside(journal) == 0

    assert (journal / "raft" / "new" / "entries").exists()


def test_it_gets_its_name_back(journal: Path):
    aside(journal)
    restored(journal)
    assert back(journal) == 0
    assert back(journal) == 0

    assert has_journal_of_before(journal)
    assert sorted(one.name for one in journal.iterdir()) == [f".over-{OPERATION}", "raft"]


def test_a_lost_journal_leaves_nothing_that_looks_like_one(tmp_path: Path):
    folder = tmp_path / "empty"
    folder.mkdir()
    aside(folder)
    assert not (folder / f"raft-before-{OPERATION}").exists()
    shutil.rmtree(folder / "raft")
    (folder / "raft").mkdir()
    restored(folder)
    assert back(folder) == 0

    assert [one.name for one in folder.iterdir()] == [f".over-{OPERATION}"]


def test_going_back_touches_no_journal_that_was_never_set_aside(journal: Path):
    assert back(journal) == 0

    assert has_journal_of_before(journal)


def programs(tmp_path: Path, number: int, *, after: bool) -> Path:
    """Return a folder with programs that end the script before or after the `number`-th call of any of them."""
    folder = tmp_path / f"bin-{number}-{after}"
    folder.mkdir()
    (folder / "count").write_text("0")
    for name in ("mv", "mkdir", "rm", "rmdir", "sync"):
        real = shutil.which(name)
        kill = "kill -KILL $PPID; exit 1"
        (folder / name).write_text(
            f"#!/bin/sh\nn=$(($(/bin/cat {folder}/count) + 1))\necho $n > {folder}/count\n"
            + (f'if [ "$n" = {number} ]; then {kill}; fi\n' if not after else "")
            + f'{real} "$@"\nstatus=$?\n'
            + (f'if [ "$n" = {number} ]; then {kill}; fi\n' if after else "")
            + "exit $status\n"
        )
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 25))
def test_it_may_end_anywhere_and_keeps_the_journal_of_before(journal: Path, tmp_path: Path, number: int, after: bool):
    aside(journal, commands=programs(tmp_path, number, after=after))
    assert (has_journal_of_before(journal)) != (journal / f"raft-before-{OPERATION}" / "group").exists()
    assert aside(journal) == 0
    assert (journal / f"raft-before-{OPERATION}" / "group" / "current" / "raft-meta").exists()
    restored(journal)

    (tmp_path / "back").mkdir()
    back(journal, commands=programs(tmp_path / "back", number, after=after))
    assert has_journal_of_before(journal) != (journal / f"raft-before-{OPERATION}" / "group").exists()
    assert back(journal) == 0

    assert has_journal_of_before(journal)
    assert not (journal / ".restoring").exists()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 25))
def test_going_back_from_anywhere_of_the_first_step_keeps_it(journal: Path, tmp_path: Path, number: int, after: bool):
    aside(journal, commands=programs(tmp_path, number, after=after))
    assert back(journal) == 0

    assert has_journal_of_before(journal)


def test_a_late_pod_that_sets_aside_leaves_the_journal_that_is_back(journal: Path):
    aside(journal)
    back(journal)
    assert aside(journal) == 0

    assert has_journal_of_before(journal)


def test_a_pod_that_comes_only_after_the_way_back_sets_nothing_aside(journal: Path):
    back(journal)
    assert aside(journal) == 0

    assert has_journal_of_before(journal)


def test_a_record_without_content_sets_nothing_aside(journal: Path):
    (journal / f".before-{OPERATION}").write_text("")
    assert aside(journal) == 1
    assert has_journal_of_before(journal)

    assert back(journal) == 0
    assert has_journal_of_before(journal)


def test_a_record_that_lost_its_content_still_leads_back(journal: Path):
    aside(journal)
    restored(journal)
    (journal / f".before-{OPERATION}").write_text("")
    assert back(journal) == 0

    assert has_journal_of_before(journal)


def test_the_way_back_stops_where_nobody_knows_whether_there_was_a_journal(journal: Path):
    aside(journal)
    restored(journal)
    (journal / f".before-{OPERATION}").write_text("")
    (journal / f"raft-before-{OPERATION}").rename(journal / "moved")
    assert back(journal) == 1

    assert (journal / "raft" / "new" / "entries").exists()


def test_a_journal_of_nobody_knows_whom_is_kept_on_the_way_back(journal: Path):
    aside(journal)
    restored(journal)
    (journal / ".restoring").write_text("")
    assert back(journal) == 0

    assert has_journal_of_before(journal)
    assert (journal / f"raft-other-{OPERATION}" / "new" / "entries").exists()


def test_a_journal_that_appeared_meanwhile_is_not_taken_for_an_empty_one(journal: Path):
    aside(journal)
    restored(journal)
    (journal / ".restoring").unlink()
    assert aside(journal) == 1

    assert (journal / "raft" / "new" / "entries").exists()
    assert not (journal / f"raft-before-{OPERATION}" / "raft").exists()


def test_without_the_journal_on_record_nothing_is_set_aside(journal: Path):
    (journal / f".before-{OPERATION}").write_text("journal")
    shutil.rmtree(journal / "raft")
    assert aside(journal) == 1

    assert not (journal / "raft").exists()


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5, 6])
def test_the_journal_of_a_restore_that_went_back_elsewhere_is_kept(journal: Path, tmp_path: Path, number: int):
    (journal / ".before-i0000000").write_text("journal")
    (journal / "raft-before-i0000000").mkdir()
    if number:
        aside(journal, commands=programs(tmp_path, number, after=True))
    assert aside(journal) == 0
    assert (journal / "raft-other-i0000000" / "group" / "current" / "raft-meta").exists()
    restored(journal)
    assert back(journal) == 0

    assert not (journal / "raft").exists()
    assert not list(journal.glob(".before-*"))
    assert (journal / "raft-before-i0000000").is_dir()


@pytest.mark.parametrize("options", [True, False], ids=["mv -T", "mv without -T"])
def test_two_pods_at_once_put_no_journal_into_the_one_of_before(journal: Path, tmp_path: Path, options: bool):
    folder, kept = tmp_path / "bin", journal / f"raft-before-{OPERATION}"
    folder.mkdir()
    # The other pod renames the journal just before this one does.
    other = f"if [ -d {journal}/raft/group ]; then /bin/mv {journal}/raft {kept}; mkdir {journal}/raft; fi"
    refuses = "" if options else '[ "$1" != -T ] || exit 1'
    (folder / "mv").write_text(f'#!/bin/sh\ncase "$*" in */raft\\ *) {other};; esac\n{refuses}\nexec /bin/mv "$@"\n')
    (folder / "mv").chmod(0o755)

    assert aside(journal, commands=folder) != 0
    assert [one.name for one in kept.iterdir()] == ["group"]

    assert aside(journal) == 0
    assert back(journal) == 0
    assert has_journal_of_before(journal)
