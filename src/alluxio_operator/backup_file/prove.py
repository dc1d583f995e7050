"""Waits until a master on this host has restored a backup, and compares what it serves with what the file holds.

A Job runs it as `python -m alluxio_operator.backup_file.prove` beside the master. Source of the gauges: MetricKey of
2.9.4.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

from urllib3.exceptions import HTTPError

from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.process import end_on_sigterm
from alluxio_operator.backup_file.result import Result
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.http import HttpAnswer, HttpClient

METRICS: Final = "http://127.0.0.1:19999/metrics/json/"
SERVES: Final = "http://127.0.0.1:19999/api/v1/master/info"
RESTORED: Final = "Master.LastBackupRestoreCount"
INODES: Final = "Master.TotalPaths"
DELETED: Final = "Master.PathsDeleted"
"""A counter. A master begins with the deletion of paths whose time to live is over (InodeTtlChecker)."""
NONE: Final = -1
"""Value of RESTORED until the end of the restore."""
PAUSE: Final = 0.5
"""Seconds between two looks."""
LOOKS: Final = 120
"""Looks at DELETED of a master that serves fewer paths than the file has."""
ANSWER_SECONDS: Final = 10.0
LARGEST_ANSWER: Final = 4 * 1024**2
CLIENT: Final = HttpClient()


@dataclass(frozen=True, slots=True)
class Proof:
    """What a restored master serves."""

    entries: int
    inodes: int
    seconds: int
    """From the start of this program, which starts with the master, until the master served."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the proof in a termination message; None if it is none."""
        try:
            given = json.loads(text)
            return cls(int(given["entries"]), int(given["inodes"]), int(given["seconds"]))
        except (ValueError, KeyError, TypeError):
            return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Wait for the master, and write a proof or a refusal. Return 0, 1 if another try may help, 3 if it is refused."""
    options = parser().parse_args(arguments)
    started = time.monotonic()
    try:
        text, code = json.dumps(asdict(prove(options.check, options.work, started))), 0
    except Exception as caught:  # noqa: BLE001 (the master goes on until this container says that it is done)
        error = caught if isinstance(caught, BackupFileError) else internal(caught)
        result = Result.of_error(error)
        text, code = result.as_json(), result.exit_code
    print(text)
    options.result.write_text(text)
    # The master ends with this file, also after a refusal.
    (options.work / "done").touch()
    return code


def internal(error: Exception) -> BackupFileError:
    """Return the refusal for an error of this program."""
    problem = f"{type(error).__name__}: {error}"
    return BackupFileError(Reason.INTERNAL, problem, remedy="report it with the log of the Job's pod")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m alluxio_operator.backup_file.prove", description=__doc__)
    result.add_argument("--check", type=Path, required=True, metavar="FILE", help="result of the check of the file")
    result.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="folder shared with the master")
    result.add_argument("--result", type=Path, required=True, metavar="FILE", help="where to write the result")
    return result


def prove(check: Path, work: Path, started: float) -> Proof:
    """Return what the master serves, once it does; BackupFileError if it ends, or serves something else.

    A path whose time to live is over may be gone already: a master that deletes such paths may serve fewer.
    """
    entries, inodes = expected(Result.parse(check.read_text()))
    # Its safe mode ends some seconds after its start, also while it restores: until then the number is -1.
    while (numbers := _restored()) is None:
        if (work / "ended").exists():
            problem = "the master ended before it had restored the backup; the log of container master has the cause"
            raise BackupFileError(Reason.NOT_RESTORED, problem)
        time.sleep(PAUSE)
    proof = Proof(numbers[RESTORED], numbers.get(INODES, NONE), round(time.monotonic() - started))
    if proof.entries != entries:
        problem = f"the master restored {proof.entries} entries of the {entries} in the file"
        raise BackupFileError(Reason.COUNT_MISMATCH, problem)
    if proof.inodes != inodes and not (0 < proof.inodes < inodes and _deletes()):
        problem = f"the restored master serves {proof.inodes} files and directories of the {inodes} in the file"
        raise BackupFileError(Reason.COUNT_MISMATCH, problem)
    return proof


def expected(checked: Result) -> tuple[int, int]:
    """Return the entries and inodes of the kept file: the clean one, if the check wrote one. Its trial has as many."""
    if checked.summary is None:
        raise BackupFileError(
            Reason.INTERNAL, "the check of the file left no result", remedy="see the log of container check"
        )
    entries = checked.cleaned["entries"] if checked.cleaned is not None else checked.summary.entries
    return entries, checked.summary.files + checked.summary.directories


def _restored() -> Mapping[str, int] | None:
    """Return the numbers of a master that has restored; None if it hasn't yet, or doesn't answer.

    A master under load answers late, and one that has ended is noticed by its file.
    """
    if not _serves():
        return None
    numbers = _numbers()
    return numbers if numbers.get(RESTORED, NONE) > NONE else None


def _deletes() -> bool:
    """Return True if the master has deleted paths. It counts them after the last path of a directory."""
    for look in range(LOOKS):
        if look:
            time.sleep(PAUSE)
        if _numbers().get(DELETED, 0) > 0:
            return True
    return False


def _serves() -> bool:
    try:
        return _get(SERVES).status == HTTPStatus.OK
    except (HTTPError, OSError):
        return False


def _numbers() -> Mapping[str, int]:
    """Return those of the three that the master reports; none of them if it gives no answer in time."""

    def values(document: Any) -> Mapping[str, int]:
        gauges, counters = document["gauges"], document.get("counters", {})
        found = {name: int(gauges[name]["value"]) for name in (RESTORED, INODES) if name in gauges}
        return {**found, DELETED: int(counters.get(DELETED, {}).get("count", 0))}

    try:
        return _get(METRICS).read_json(values)
    except (HTTPError, OSError):
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise BackupFileError(
            Reason.INTERNAL, f"the master's metrics can't be read: {error}", remedy="try again"
        ) from error


def _get(url: str) -> HttpAnswer:
    return CLIENT.get(url, Deadline.after(ANSWER_SECONDS), seconds=ANSWER_SECONDS, max_bytes=LARGEST_ANSWER)


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
