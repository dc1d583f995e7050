"""The condition Upgradeable for the Operator Lifecycle Manager (OLM): False blocks an upgrade of the operator.

OLM creates an OperatorCondition, names it in OPERATOR_CONDITION_NAME and grants the right to write only that object. No
reconcile depends on the write: an error is logged, and a later attempt follows.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from alluxio_operator.engine.upgradeable import Verdict
from alluxio_operator.kube.errors import ApiError, NotFound
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

log = logging.getLogger(__name__)

PATH = "/apis/operators.coreos.com/v2/namespaces/{namespace}/operatorconditions/{name}"
TYPE = "Upgradeable"

PERIOD = 1.0
"""Seconds between two checks of the verdict."""
REFRESH = 60.0
"""Seconds until the condition is read again, because another client may have changed it."""
RETRY = 10.0
"""Seconds until the next attempt after an error of the API server."""
PATIENCE = 5.0
"""Seconds for one call."""


class Conditions(Protocol):
    """The part of the API client that this module uses."""

    def within(self, deadline: Deadline) -> Conditions:
        """Return the client bound to a deadline."""
        ...

    def get(self, path: str) -> dict[str, Any]:
        """Read an object."""
        ...

    def merge(self, path: str, patch: dict[str, Any]) -> dict[str, Any]:
        """Merge a patch into an object."""
        ...


class OperatorCondition:
    """Keeps the condition Upgradeable of one OperatorCondition equal to `verdict`."""

    def __init__(
        self,
        kube: Conditions,
        namespace: str,
        name: str,
        verdict: Callable[[], Verdict],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._kube = kube
        self._path = PATH.format(namespace=namespace, name=name)
        self._verdict = verdict
        self._clock = clock
        self._wall = wall
        self._written: Verdict | None = None
        self._next_read = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="operator-condition", daemon=True)

    def start(self) -> None:
        """Start to write the condition."""
        self._thread.start()

    def close(self) -> None:
        """Stop writing; the condition keeps its last state."""
        self._stop.set()

    def update(self) -> None:
        """Write the verdict if it changed, or if another client may have changed the condition."""
        now = self._clock()
        verdict = self._verdict()
        # None: the last attempt failed.
        if now < self._next_read and self._written in (None, verdict):
            return
        try:
            self._write(verdict)
        except NotFound:
            # OLM removed it with its version: the pod is about to end, or to get another name.
            log.debug("there is no %s", self._path)
            self._written, self._next_read = None, now + RETRY
        except (ApiError, DeadlineExceeded) as error:
            log.warning("the OperatorCondition could not be written", extra={"error": str(error)})
            self._written, self._next_read = None, now + RETRY
        else:
            self._written, self._next_read = verdict, now + REFRESH

    def _write(self, verdict: Verdict) -> None:
        kube = self._kube.within(Deadline.after(PATIENCE, self._clock))
        found = kube.get(self._path).get("spec", {}).get("conditions") or []
        before: dict[str, Any] = next((one for one in found if one["type"] == TYPE), {})
        status = "True" if verdict.upgradeable else "False"
        condition = {"type": TYPE, "status": status, "reason": verdict.reason, "message": verdict.message}
        if all(before.get(name) == value for name, value in condition.items()):
            return
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        condition["lastTransitionTime"] = since or self._wall().strftime("%Y-%m-%dT%H:%M:%SZ")
        # A merge replaces the whole list, so the patch includes the conditions of other clients.
        others = [one for one in found if one["type"] != TYPE]
        kube.merge(self._path, {"spec": {"conditions": [*others, condition]}})
        log.info("condition Upgradeable written", extra={"upgradeable": status, "why": verdict.message})

    def _run(self) -> None:
        while True:
            try:
                self.update()
            except Exception:  # a bug here must not end the thread
                log.exception("the OperatorCondition could not be updated")
            if self._stop.wait(PERIOD):
                return
