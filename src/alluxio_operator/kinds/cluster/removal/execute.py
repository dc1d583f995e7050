"""Performs the effects of a removal; copies run in threads of their own, since one may take half a minute."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from alluxio_operator.alluxio.answers import Alluxio, NoAnswer
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.ports import rpc_port
from alluxio_operator.kinds.cluster.removal.effects import Decommission
from alluxio_operator.transport.deadline import Deadline

log = logging.getLogger(__name__)

COPIES: Final = 8
"""Copies of all clusters at the same time."""


class CopyThreads:
    """Runs copies, few at a time. With no `threads`, each runs at once: for tests."""

    def __init__(self, threads: int = COPIES) -> None:
        self._threads = threads
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = False

    def run(self, copy: Callable[[], None]) -> None:
        """Run a copy, which must not raise."""
        if not self._threads:
            copy()
            return
        with self._lock:
            if not self._started:
                self._started = True
                for number in range(self._threads):
                    # A daemon: a copy that hangs must not keep the process from ending.
                    threading.Thread(target=self._work, name=f"copy-{number}", daemon=True).start()
        self._waiting.put(copy)

    def _work(self) -> None:
        while True:
            self._waiting.get()()


def decommission(alluxio: Alluxio, observed: Observed, effect: Decommission, deadline: Deadline) -> str | NoAnswer:
    """Ask the leader; the next reconcile reads from it what has become of the request."""
    port = rpc_port(effect.leader, observed.resource)
    answer = alluxio.decommission_worker(effect.leader.ip, port, (effect.host, effect.web_port), deadline)
    log.info("the leader %s was asked to decommission %s: %s", effect.leader.name, effect.host, answer or "done")
    return answer
