"""The command that a Job runs: `python -m alluxio_operator.read_back --master HOST:PORT --worker HOST:PORT ...`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import grpc

from alluxio_operator.alluxio.rpc.connection import Connection, connect
from alluxio_operator.alluxio.rpc.leader import refusal
from alluxio_operator.backup_file.process import end_on_sigterm
from alluxio_operator.backup_file.store import add_bucket_options, open_bucket
from alluxio_operator.read_back import through
from alluxio_operator.read_back.address import Address
from alluxio_operator.read_back.compare import FAULTS, Through, Verdict, suspicion
from alluxio_operator.read_back.directly import Bucket, Storage, UnreadableError, Volume
from alluxio_operator.read_back.live import excused
from alluxio_operator.read_back.result import EXAMPLES, LONGEST_MESSAGE, OK, REFUSED, RETRY, Result
from alluxio_operator.read_back.sample import Record, Sample, Share

MANY: Final = 1024**3
"""Bytes of a message: 10,000 files of a list come in one of some megabytes."""
PAUSE: Final = 1.0
PATIENCE: Final = 300.0
"""Seconds in which a worker that has served a file has to serve the next one, also if it restarts meanwhile."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, and write the result. Return 0 once all was read, 1 if another try may help, 3 if none does."""
    options = parser().parse_args(arguments)
    try:
        result, code = run(options), OK
    except UnreadableError as error:
        result, code = Result(ok=False, message=str(error)), RETRY
    except grpc.RpcError as error:
        said = refusal(error.code(), error.details() or "")
        result, code = Result(ok=False, message=f"the restored cluster doesn't answer: {said}"), RETRY
    except Exception as error:  # noqa: BLE001 (the Job reports every error in its result)
        problem = f"{type(error).__name__}: {error}"[:LONGEST_MESSAGE]
        result, code = Result(ok=False, message=problem), REFUSED
    text = result.as_json()
    print(text)
    options.result.write_text(text)
    return code


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m alluxio_operator.read_back", description=__doc__)
    result.add_argument("--master", type=Address.parse, required=True, help="of the restored cluster, HOST:PORT")
    result.add_argument("--worker", type=Address.parse, required=True, help="of the restored cluster, HOST:PORT")
    result.add_argument("--live", type=Address.parse, help="leading master of the live cluster, HOST:PORT")
    result.add_argument("--files", type=int, default=100, help="most files to read; default: %(default)s")
    result.add_argument("--bytes", type=int, default=1024**3, help="most bytes to read; default: %(default)s")
    result.add_argument("--seed", default="", help="another seed chooses other files")
    result.add_argument("--seconds", type=float, default=3600, help="time for all; default: %(default)s")
    result.add_argument("--volume", action="store_true", help="the root mount is a volume, mounted at its own path")
    result.add_argument("--result", type=Path, required=True, metavar="FILE", help="where to write the result")
    add_bucket_options(result, required=False)
    return result


def run(options: argparse.Namespace) -> Result:
    """Return what the reading found; raise grpc.RpcError if the restored cluster doesn't answer."""
    until = time.monotonic() + options.seconds
    samples: list[Sample] = []
    _served(options.master, until, lambda master: samples.append(_filled(options, master)))
    sample = samples[-1]
    storage = _storage(options)
    shares = sample.shares(options.bytes)
    first_read_ms = _now_ms()
    verdicts: list[tuple[Record, Verdict]] = []
    for number, (share, found) in enumerate(_read_all(options.worker, shares, until)):
        if number == 0:
            first_read_ms = _now_ms()
        asked = storage if storage is not None and storage.can_read(share.record.ufs_path) else None
        direct = asked.read(share.record.ufs_path, share.bytes) if asked is not None else None
        verdicts.append((share.record, suspicion(share.record, found, direct, independent=asked is not None)))
    verdicts, answered = excused(verdicts, options.live, until)
    counted = Counter(verdict for _, verdict in verdicts)
    return Result(
        listed=sample.listed,
        sampled=len(shares),
        matched=counted[Verdict.MATCHED],
        changed=counted[Verdict.CHANGED],
        missing=counted[Verdict.MISSING],
        different=counted[Verdict.DIFFERENT],
        unreadable=counted[Verdict.UNREADABLE],
        unsure=counted[Verdict.UNSURE],
        only_in_alluxio=sample.only_in_alluxio,
        other_mounts=sample.other_mounts,
        partly=sum(not one.is_whole for one in shares),
        non_empty=sample.non_empty,
        bytes=sum(one.bytes for one, (_, said) in zip(shares, verdicts, strict=True) if said is Verdict.MATCHED),
        first_read_ms=first_read_ms,
        compared=storage.name if storage else "Length",
        live=answered,
        examples=tuple(_example(record, verdict) for record, verdict in verdicts if verdict in FAULTS)[:EXAMPLES],
    )


def _filled(options: argparse.Namespace, master: Connection) -> Sample:
    sample = Sample(options.files, options.seed)
    for record in through.listed(master):
        sample.add(record)
    return sample


def _served(address: Address, until: float, use: Callable[[Connection], None]) -> None:
    """Use a connection as soon as the server takes one, and again if the server ends meanwhile."""
    while True:
        left = until - time.monotonic()
        try:
            with connect(address.host, address.port, max(1.0, left), MANY) as connection:
                use(connection)
                return
        except grpc.RpcError as error:
            if not _is_passing(error) or left < PAUSE:
                raise
            time.sleep(PAUSE)


def _read_all(address: Address, shares: Sequence[Share], until: float) -> Iterator[tuple[Share, Through]]:
    """Yield what was read of each file; raise grpc.RpcError if no worker answers.

    A new connection follows on an error, which may be that of the connection. A worker may not have a name yet, or
    restart between two files: that says nothing of a file.
    """
    left, patience = list(shares), until
    while left:
        try:
            with connect(address.host, address.port, max(1.0, until - time.monotonic()), MANY) as worker:
                while left:
                    found = through.read(worker, left[0])
                    yield left.pop(0), found
                    patience = min(until, time.monotonic() + PATIENCE)
                    if found.error:
                        break
        except grpc.RpcError as error:
            if not _is_passing(error) or patience - time.monotonic() < PAUSE:
                raise
            time.sleep(PAUSE)


def _is_passing(error: grpc.RpcError) -> bool:
    return error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED)


def _storage(options: argparse.Namespace) -> Storage | None:
    if options.volume:
        return Volume()
    return Bucket(open_bucket(options)) if options.bucket else None


def _example(record: Record, verdict: Verdict) -> str:
    return f"{verdict}: {record.path}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
