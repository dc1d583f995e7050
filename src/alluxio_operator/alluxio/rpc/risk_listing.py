"""Lists a leader's whole namespace page by page, and sums up what single workers hold."""

from __future__ import annotations

import time
from collections.abc import Callable

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, Holders
from alluxio_operator.alluxio.rpc.pages import Pages
from alluxio_operator.alluxio.rpc.risk_sums import RiskSums


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
        self._pages = Pages(host, port, clock)
        self._sums = RiskSums(holders, now_ms)

    def step(self) -> AtRisk | NoAnswer | None:
        """List for about a second; return the result at the end, None if there is more."""
        more = self._pages.step(self._sums.add)
        if isinstance(more, NoAnswer):
            return more
        return None if more else self._sums.result(self._pages.received, self._pages.seconds)
