"""Lists a leader's whole namespace page by page, and sums up what single workers hold.

One page is one ListStatusPartial: the leader holds its shared locks for about 0.1 s (two busy cores), and only the
entries of the page in memory. A recursive ListStatus holds the read lock of the root folder until its end, and queues
all its messages in memory if the client reads slowly (read in the sources of 2.9.4). Neither looks into the UFS here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import grpc

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, Holders
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import Connection, connect
from alluxio_operator.alluxio.rpc.leader import FILES, LISTING_BYTES, NOT_REACHED, listing_options, refusal
from alluxio_operator.alluxio.rpc.listing import UnreadableError, files_in
from alluxio_operator.alluxio.rpc.risk_sums import RiskSums
from alluxio_operator.backup_file.wire import MalformedError, value_of

METHOD: Final = f"{FILES}ListStatusPartial"
PAGE: Final = 1000
"""Entries of a page: 0.3 MB for files of one block. Larger pages cost the leader as much (run on 2.9.4)."""
STEP_SECONDS: Final = 1.0
"""A step begins no page after that time."""
TIMEOUT: Final = 10.0
"""Seconds for a step with its handshake."""
MOST_ENTRIES: Final = 200_000_000
"""Entries after which a listing ends without a result: what answers is no leader."""

TRUNCATED: Final = messages.ListStatusPartialAnswer.DESCRIPTOR.fields_by_name["truncated"].number


class PagedRiskListing:
    """One listing; `clock` returns monotonic seconds."""

    def __init__(
        self,
        host: str,
        port: int,
        holders: Holders,
        now_ms: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host, self._port, self._clock = host, port, clock
        self._sums = RiskSums(holders, now_ms)
        self._after = ""
        self._page = PAGE
        self._entries = self._received = 0
        self._seconds = 0.0

    def step(self) -> AtRisk | NoAnswer | None:
        """List for about a second; return the result at the end, None if there is more."""
        began = self._clock()
        try:
            with connect(self._host, self._port, TIMEOUT, LISTING_BYTES) as connection:
                more = True
                while more and self._clock() - began < STEP_SECONDS:
                    more = self._next_page(connection)
        except grpc.RpcError as error:
            reason = refusal(error.code(), error.details() or "")
            return NoAnswer(reason, reached=reason not in NOT_REACHED)
        except UnreadableError as error:
            return NoAnswer(str(error))
        finally:
            self._seconds += self._clock() - began
        return None if more else self._sums.result(self._received, self._seconds)

    def _next_page(self, connection: Connection) -> bool:
        """List one page; return True if there are more."""
        options = messages.ListStatusPartialOptions(
            options=listing_options(), start_after=self._after, batch_size=self._page
        )
        try:
            question = messages.ListStatusPartialRequest(path="/", options=options)
            answer = connection.call_bytes(METHOD, question)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED or self._page == 1:
                raise
            # Files of very many blocks: the page is larger than a message may be.
            self._page = max(1, self._page // 4)
            return True
        self._received += len(answer)
        last = self._after
        for file in files_in([answer], lambda: connection.left <= 0):
            self._sums.add(file)
            self._entries += 1
            last = file.path
        more = _is_truncated(answer)
        if more and last == self._after:
            raise UnreadableError("its listing doesn't end")
        if self._entries > MOST_ENTRIES:
            raise UnreadableError(f"its listing has more than {MOST_ENTRIES:,} entries")
        self._after = last
        self._page = min(PAGE, self._page * 2)
        return more


def _is_truncated(answer: bytes) -> bool:
    try:
        return bool(value_of(answer, TRUNCATED))
    except MalformedError as error:
        raise UnreadableError("its listing can't be read") from error
