"""The command that a Job runs: `python -m alluxio_operator.backup_file check FILE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from alluxio_operator.backup_file.clean import clean
from alluxio_operator.backup_file.count import Summary, summarize
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.process import end_on_sigterm
from alluxio_operator.backup_file.renumber import write_renumbered
from alluxio_operator.backup_file.result import Result
from alluxio_operator.backup_file.stream import Limits
from alluxio_operator.backup_file.trial import write_trial


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return 0, 1 if another try may help, 2 for a wrong command line, 3 if the file is refused."""
    options = parser().parse_args(arguments)
    if options.command == "renumber":
        return renumber(options)
    try:
        result = check(options)
    except Exception as error:  # noqa: BLE001 (the Job reports every error in its result)
        problem = f"{type(error).__name__}: {error}"
        result = Result.of_error(
            BackupFileError(Reason.INTERNAL, problem, remedy="report it with the log of the Job's pod")
        )
    text = result.as_json()
    print(text)
    if options.result:
        try:
            options.result.write_text(text)
        except OSError as error:
            print(f"error: {options.result} can't be written: {error.strerror}", file=sys.stderr)
            return 1
    return result.exit_code


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m alluxio_operator.backup_file", description="Check and clean backup files of Alluxio."
    )
    commands = result.add_subparsers(required=True, metavar="COMMAND", dest="command")
    text = "read a backup to its end, count its entries, and write a clean form of it"
    command = commands.add_parser("check", help=text, description=text)
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--marker", type=Path, metavar="FILE.complete", help="fail unless this file exists")
    command.add_argument("--expect", type=int, metavar="N", help="fail unless the backup has N entries")
    command.add_argument("--clean", type=Path, metavar="FILE", help="write a form without credentials and jobs")
    text = "write a form whose mounts are read-only, for a restore as a test: of the clean form, if that is written"
    command.add_argument("--trial", type=Path, metavar="FILE", help=text)
    command.add_argument("--result", type=Path, metavar="FILE", help="write the result here, too")
    command.add_argument(
        "--max-expanded-bytes",
        type=int,
        default=Limits().expanded,
        metavar="N",
        help="fail if the file expands further; default: %(default)s",
    )
    text = "copy a backup, with another number for the next block"
    command = commands.add_parser("renumber", help=text, description=text)
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("copy", type=Path, metavar="COPY")
    command.add_argument("--container", type=int, required=True, metavar="N", help="next number of a container")
    command.add_argument("--sha256", default="", metavar="SUM", help="fail unless the file has this checksum")
    command.add_argument("--expect", type=int, metavar="N", help="fail unless the backup has N entries")
    command.add_argument("--free", type=int, default=0, metavar="KIB", help="fail unless COPY's volume has as much")
    command.add_argument("--name", default="", metavar="TEXT", help="how the spec names the backup")
    return result


def check(options: argparse.Namespace) -> Result:
    """Return what the check of a file found."""
    limits = Limits(expanded=options.max_expanded_bytes)
    known: list[Summary] = []

    def accept(summary: Summary) -> None:
        known.append(summary)
        _require_count(summary, options.expect)

    try:
        _require_marker(options.marker)
        with _opened(options.file) as file:
            if options.clean:
                cleaned = clean(file, options.clean, limits, accept)
            else:
                cleaned = None
                accept(summarize(file, limits))
        if options.trial:
            kept = cleaned.summary if cleaned else known[0]
            with _opened(options.clean or options.file) as file:
                write_trial(file, options.trial, kept.sha256, limits)
        return Result.of_success(cleaned or known[0])
    except BackupFileError as error:
        return Result.of_error(error, known[0] if known else None)


def renumber(options: argparse.Namespace) -> int:
    """Copy a backup; the last line of the log becomes the container's termination message."""
    try:
        with _opened(options.file) as file:
            write_renumbered(
                file, options.copy, options.container,
                sha256=options.sha256, entries=options.expect, free=options.free * 1024,
            )  # fmt: skip
    except BackupFileError as error:
        word = _WORDS.get(error.reason, "RestoreSourceDamaged")
        print(f"{word}: {options.name}: {error}", file=sys.stderr)
        return 1
    print(f"{options.copy} is written, with {options.container} as the next number of a block")
    return 0


_WORDS: Final = {
    Reason.MISSING: "RestoreSourceMissing",
    Reason.NO_SPACE: "NoSpace",
    Reason.UNWRITABLE: "Unwritable",
}
"""Words with which the termination message begins, by reason."""


def _require_marker(marker: Path | None) -> None:
    if marker is None:
        return
    try:
        exists = marker.is_file()
    except OSError as error:
        raise _unreadable(marker, error) from error
    if not exists:
        problem = f"Alluxio's marker {marker} of a complete backup is missing"
        raise BackupFileError(Reason.NO_MARKER, problem)


def _require_count(summary: Summary, expected: int | None) -> None:
    if expected is not None and summary.entries != expected:
        problem = f"the file has {summary.entries} entries, and Alluxio reported {expected}"
        raise BackupFileError(Reason.COUNT_MISMATCH, problem)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise BackupFileError(
            Reason.MISSING, f"there is no file {path}", remedy="check the folder and the volume of the backup"
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> BackupFileError:
    return BackupFileError(
        Reason.UNREADABLE,
        f"{path} can't be read: {error.strerror or error}",
        remedy="check the volume, and that the process may read the file",
    )


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
