"""Lists a leader's whole namespace page by page, and finds the blocks of workers that go.

The process that leads must stay the same: another one has other workers decommissioned, and so other locations.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import Held, HeldQuestion
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import USER, Connection
from alluxio_operator.alluxio.rpc.held_sums import HeldSums
from alluxio_operator.alluxio.rpc.leader import FILES, NEVER
from alluxio_operator.alluxio.rpc.listing import UnreadableError
from alluxio_operator.alluxio.rpc.pages import Pages
from alluxio_operator.alluxio.rpc.workers import leader_of


class PagedHeldListing:
    """One listing; `clock` returns monotonic seconds, `now` those of the operator's clock."""

    def __init__(
        self,
        host: str,
        port: int,
        question: HeldQuestion,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self._pages = Pages(host, port, clock)
        self._sums = HeldSums(question)
        self._leader: str | None = None
        self._started_ms = 0
        self._superuser = False

    def step(self) -> Held | NoAnswer | None:
        """List for about a second; return the result at the end, None if there is more."""
        more = self._pages.step(self._sums.add, self._check)
        if isinstance(more, NoAnswer):
            return more
        if more:
            return None
        finished_ms = int(self._now() * 1000)
        leader = self._leader or ""
        return self._sums.result(
            self._started_ms,
            finished_ms,
            leader,
            self._pages.received,
            self._pages.seconds,
            superuser=self._superuser,
        )

    def _check(self, connection: Connection) -> None:
        if self._leader is None:
            # Before the first page: what happens from then on may be missed.
            self._started_ms = int(self._now() * 1000)
            self._superuser = _owns_root(connection)
        leader = leader_of(connection)
        if self._leader not in (None, leader):
            raise UnreadableError("another process leads than at the listing's start")
        self._leader = leader


def _owns_root(connection: Connection) -> bool:
    """Return True if the operator's user may enter every folder, which Alluxio allows the root folder's owner."""
    options = messages.GetStatusOptions(
        load_metadata_type=NEVER, common=messages.CommonOptions(sync_interval_ms=-1), update_timestamps=False
    )
    question = messages.GetStatusRequest(path="/", options=options)
    return connection.call(f"{FILES}GetStatus", question, messages.GetStatusAnswer).info.owner == USER
