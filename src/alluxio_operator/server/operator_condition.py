"""Tells the Operator Lifecycle Manager whether a new version may take over, in the OperatorCondition that it made.

It names the object in OPERATOR_CONDITION_NAME and gives the right to write it, and to no other. Nothing depends on this
being told in time: what can't be written is logged and tried again.
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
"""Seconds between two looks at the verdict."""
REFRESH = 60.0
"""Seconds after which what was written is read again: somebody may have changed it."""
RETRY = 10.0
"""Seconds between two tries when the API server refuses."""
PATIENCE = 5.0
"""Seconds for one call."""


class Conditions(Protocol):
    """What is needed of the API server's client."""

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
    """Keeps the condition Upgradeable of one OperatorCondition as `verdict` says."""

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
        self._told: Verdict | None = None
        self._look_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="operator-condition", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def close(self) -> None:
        """Tell no more; what was told stays."""
        self._stop.set()

    def look(self) -> None:
        """Write the verdict if it changed, or if what was written may have been changed by somebody."""
        now = self._clock()
        verdict = self._verdict()
        # None: it couldn't be told a moment ago.
        if now < self._look_at and self._told in (None, verdict):
            return
        try:
            self._tell(verdict)
        except NotFound:
            # Removed with its version: the pod is about to end, or to be told another name.
            log.debug("there is no %s", self._path)
            self._told, self._look_at = None, now + RETRY
        except (ApiError, DeadlineExceeded) as error:
            log.warning("the OperatorCondition could not be written", extra={"error": str(error)})
            self._told, self._look_at = None, now + RETRY
        else:
            self._told, self._look_at = verdict, now + REFRESH

    def _tell(self, verdict: Verdict) -> None:
        kube = self._kube.within(Deadline.after(PATIENCE, self._clock))
        found = kube.get(self._path).get("spec", {}).get("conditions") or []
        before: dict[str, Any] = next((one for one in found if one["type"] == TYPE), {})
        status = "True" if verdict.upgradeable else "False"
        said = {"type": TYPE, "status": status, "reason": verdict.reason, "message": verdict.message}
        if all(before.get(name) == value for name, value in said.items()):
            return
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        said["lastTransitionTime"] = since or self._wall().strftime("%Y-%m-%dT%H:%M:%SZ")
        # A merge replaces the whole list, so that of others is sent along.
        others = [one for one in found if one["type"] != TYPE]
        kube.merge(self._path, {"spec": {"conditions": [*others, said]}})
        log.info("told whether a new version may take over", extra={"upgradeable": status, "why": verdict.message})

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:  # a bug here must not end the telling for good
                log.exception("the OperatorCondition could not be kept")
            if self._stop.wait(PERIOD):
                return
