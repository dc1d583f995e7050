"""Asks the live cluster which of the files that don't match it has changed itself, without a look at the UFS."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import grpc

from alluxio_operator.alluxio.rpc.connection import Connection, connect
from alluxio_operator.read_back import through
from alluxio_operator.read_back.address import Address
from alluxio_operator.read_back.compare import FAILURES, Verdict, has_changed
from alluxio_operator.read_back.sample import Record

Judged = tuple[Record, Verdict]

ROUNDS: Final = 3
"""Connections, one after the other, for the files without an answer."""
PAUSE: Final = 2.0
SECONDS: Final = 20.0
SECONDS_EACH: Final = 0.1
"""Time of a connection: at the least, and for each file more."""
ODD: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)
"""Codes that are about the connection or the server; others are about the file that was asked for."""


def excused(verdicts: Iterable[Judged], live: Address | None, until: float) -> tuple[list[Judged], bool]:
    """Return the verdicts after a look at what the live cluster knows, and whether it answered for all.

    A file that it has changed is no fault. One for which it gives no answer is neither a change nor a loss.
    """
    judged = list(verdicts)
    suspects = [record for record, verdict in judged if verdict in FAILURES]
    answers, answered = _answers(suspects, live, until) if live is not None else ({}, False)

    def after(record: Record, verdict: Verdict) -> Verdict:
        if verdict not in FAILURES:
            return verdict
        if record.path not in answers:
            return Verdict.UNSURE
        return Verdict.CHANGED if answers[record.path] else verdict

    return [(record, after(record, verdict)) for record, verdict in judged], answered


def _answers(suspects: Sequence[Record], live: Address, until: float) -> tuple[Mapping[str, bool], bool]:
    """Return, by path, whether the cluster has changed a file, and whether it answered for all."""
    known: dict[str, bool] = {}
    left = list(suspects)
    for number in range(ROUNDS):
        if number:
            time.sleep(PAUSE)
        seconds = min(SECONDS + SECONDS_EACH * len(left), max(1.0, until - time.monotonic()))
        reached = False
        try:
            with connect(live.host, live.port, seconds) as master:
                reached = True
                known |= _asked(master, left)
        except grpc.RpcError:
            reached = False
        # The one that ended the connection comes last.
        left = [one for one in left if one.path not in known]
        left = [*left[1:], *left[:1]]
        if reached and not left:
            return known, True
    return known, False


def _asked(master: Connection, suspects: Iterable[Record]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for record in suspects:
        try:
            found[record.path] = has_changed(record, through.status(master, record.path))
        except grpc.RpcError as error:
            if error.code() in ODD:
                break
    return found
