"""Jobs as processes: side by side, one line for each that ends, and none left behind by a failure."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from dev.jobs import runner
from dev.jobs.job import Job
from dev.jobs.runner import JobFailed, ended, run


def shell(name: str, script: str, *needs: str, lane: str = "", seconds: float = 0) -> Job:
    return Job(name, ("/bin/sh", "-euc", script), frozenset(needs), lane, seconds)


def gone(pid_file: Path) -> bool:
    """Tell whether a process has ended; a zombie counts as ended."""
    status = Path("/proc", pid_file.read_text().strip(), "stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_jobs_run_side_by_side_and_in_order(tmp_path: Path):
    # Each of the first two ends only when the other has begun.
    meet = "touch {0}; until [ -e {1} ]; do sleep 0.02; done"
    jobs = [
        shell("a", meet.format(tmp_path / "a", tmp_path / "b")),
        shell("b", meet.format(tmp_path / "b", tmp_path / "a")),
        shell("c", f"test -e {tmp_path}/a; test -e {tmp_path}/b", "a", "b"),
    ]
    said: list[str] = []

    took = run(jobs, {}, tmp_path / "logs", said.append)

    assert took.keys() == {"a", "b", "c"}
    assert [line.split()[:2] for line in said][-1] == ["3/3", "c"]


def test_a_job_has_its_own_directory_and_environment(tmp_path: Path):
    job = Job("a", ("/bin/sh", "-c", 'pwd; echo "$WORD $PATH"'), directory=tmp_path, environment={"WORD": "word"})

    run([job], {}, tmp_path / "logs", print)

    printed = (tmp_path / "logs" / "a.log").read_text().splitlines()
    assert printed == [str(tmp_path), f"word {os.environ['PATH']}"]


def test_a_failure_is_named_with_the_end_of_its_log(tmp_path: Path):
    with pytest.raises(
        JobFailed, match=r"(?s)image of presto failed after 0 s \(exit 3\).*image-of-presto.log:\nno jars"
    ):
        run([shell("image of presto", "echo no jars; exit 3")], {}, tmp_path, print)


def test_a_failure_ends_the_others_and_what_they_started(tmp_path: Path):
    started = tmp_path / "started"
    jobs = [
        shell("long", f"sleep 600 & echo $! > {started}.new; mv {started}.new {started}; wait"),
        shell("broken", f"until [ -e {started} ]; do sleep 0.02; done; exit 1"),
        shell("later", f"touch {tmp_path}/later", "long"),
    ]
    began = time.monotonic()

    with pytest.raises(JobFailed, match="broken failed"):
        run(jobs, {}, tmp_path / "logs", print)

    assert time.monotonic() - began < 10
    assert gone(started)
    assert not (tmp_path / "later").exists()


def test_a_job_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "PATIENCE", 0.3)
    started = tmp_path / "started"
    jobs = [
        shell(
            "stubborn", f"trap '' TERM; echo $$ > {started}.new; mv {started}.new {started}; while :; do sleep 1; done"
        ),
        shell("broken", f"until [ -e {started} ]; do sleep 0.02; done; exit 1"),
    ]

    with pytest.raises(JobFailed, match="broken failed"):
        run(jobs, {}, tmp_path / "logs", print)

    assert gone(started)


def test_an_interrupt_ends_all_jobs(tmp_path: Path):
    started = tmp_path / "started"

    def interrupt() -> None:
        while not started.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    # A shell that starts the tests in the background lets them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(
            [shell("long", f"echo $$ > {started}.new; mv {started}.new {started}; exec sleep 600")],
            {},
            tmp_path / "logs",
            print,
        )
    thread.join()
    signal.signal(signal.SIGINT, before)

    assert gone(started)


def test_without_news_the_run_says_what_it_waits_for(tmp_path: Path):
    said: list[str] = []
    jobs = [shell("kubernetes", "sleep 0.5", seconds=540), shell("base", "sleep 0.5")]

    run(jobs, {}, tmp_path, said.append, heartbeat=0.1)

    assert said[0].strip() in (
        "waiting for kubernetes (0 of about 540 s), base (0 s)",
        "waiting for base (0 s), kubernetes (0 of about 540 s)",
    )


def test_a_program_that_is_not_there_ends_the_others_too(tmp_path: Path):
    started = tmp_path / "started"
    jobs = [
        shell("a", f"echo $$ > {started}; exec sleep 600"),
        shell("b", f"until [ -s {started} ]; do sleep 0.02; done"),
        Job("missing", ("/no/such/program",), frozenset({"b"})),
    ]

    with pytest.raises(JobFailed, match=r"missing could not be started: .*/no/such/program"):
        run(jobs, {}, tmp_path / "logs", print)

    assert gone(started)


def test_the_python_of_this_project_is_a_command_like_any(tmp_path: Path):
    took = run([Job("python", (sys.executable, "-c", ""))], {}, tmp_path, print)

    assert took["python"] < 30


def test_all_jobs_run_to_their_end_whatever_comes_of_one(tmp_path: Path):
    jobs = [shell("good", "sleep 0.2"), shell("bad", "echo one; echo two; echo three; exit 2")]
    said: list[str] = []

    found = {each.job.name: each for each in ended(jobs, {}, tmp_path, said.append)}

    assert {name: each.code for name, each in found.items()} == {"good": 0, "bad": 2}
    assert found["bad"].output(2) == "two\nthree"
    assert [line.endswith("FAILED") for line in said] == [True, False]
