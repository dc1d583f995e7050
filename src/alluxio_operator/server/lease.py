"""Leader election on a Lease, so that of two replicas only one acts.

The official client's election cannot be stopped, has no release and measures with the wall clock; this
module does what client-go does. `decide` is the rule, without I/O. A lease's age is counted on the local
monotonic clock from when its last change was seen here; the times that are written in it are for people.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Protocol

from alluxio_operator.kube.errors import ApiError, Conflict, NotFound
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

log = logging.getLogger(__name__)

LEASES = "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
JITTER = 0.2
"""A standby waits up to this part longer than the retry period, so that two do not ask in step."""


class KubeLeases(Protocol):
    """What the election needs of the API server's client."""

    def within(self, deadline: Deadline) -> KubeLeases:
        """Return the client bound to a deadline."""
        ...

    def get(self, path: str) -> dict[str, Any]:
        """Read an object."""
        ...

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object in the collection `path`."""
        ...

    def replace(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Replace an object; raises Conflict when its resourceVersion is out of date."""
        ...


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: how long a lease counts, when a holder that cannot renew gives up, and between two tries."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A lease as it was last seen: `changed_at` is the local time at which it was first seen like this."""

    lease: Mapping[str, Any]
    changed_at: float

    @property
    def holder(self) -> str:
        """Return who holds it; empty when it was released."""
        return str(self.lease.get("spec", {}).get("holderIdentity") or "")

    @property
    def version(self) -> str:
        """Return what changes with each write."""
        return str(self.lease["metadata"]["resourceVersion"])

    def expired(self, now: float, default: float) -> bool:
        """Tell whether it ran out; the duration in it counts, as replicas may differ in theirs."""
        duration = self.lease.get("spec", {}).get("leaseDurationSeconds") or default
        return now >= self.changed_at + float(duration)


class Step(Enum):
    """What to do about the lease."""

    CREATE = auto()
    TAKE = auto()
    RENEW = auto()
    WAIT = auto()
    LOST = auto()


def decide(identity: str, seen: Seen | None, leading: bool, now: float, times: Times) -> Step:
    """Return what to do about the lease that was `seen` (None: there is none)."""
    if seen is None:
        # Somebody deleted it. Whoever creates it now leads, so a former holder cannot just go on.
        return Step.LOST if leading else Step.CREATE
    if leading:
        return Step.RENEW if seen.holder == identity else Step.LOST
    if not seen.holder or seen.expired(now, times.duration):
        return Step.TAKE
    return Step.WAIT


class Election:
    """One candidate (`identity`) for the lease `name`; `clock` is monotonic, `wall` the date for people."""

    def __init__(
        self,
        kube: KubeLeases,
        namespace: str,
        name: str,
        identity: str,
        times: Times,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._kube = kube
        self._leases = LEASES.format(namespace=namespace)
        self._name = name
        self._identity = identity
        self._times = times
        self._clock = clock
        self._wall = wall
        self._chance = chance
        self._seen: Seen | None = None
        self._renewed_at: float | None = None
        self._io = threading.Lock()

    def leading(self) -> bool:
        """Tell whether this candidate has become the leader."""
        return self._renewed_at is not None

    def lost(self) -> bool:
        """Tell whether the lease must be taken for lost, also while a request for its renewal hangs."""
        return self._renewed_at is not None and self._clock() >= self._renewed_at + self._times.renew_deadline

    def in_touch(self) -> bool:
        """Tell whether the lease has been seen at all: the API server answers and permits it."""
        return self._seen is not None

    def run(self, stop: threading.Event) -> None:
        """Try until `stop` is set or the lease is lost."""
        while not stop.is_set():
            if self.attempt() is Step.LOST:
                self._renewed_at = -math.inf
                return
            pause = self._times.retry
            stop.wait(pause if self.leading() else pause * (1 + JITTER * self._chance()))

    def attempt(self) -> Step:
        """Do one round: look at the lease where need be, decide, write; return what was decided."""
        with self._io:
            try:
                return self._attempt()
            except (ApiError, DeadlineExceeded) as error:
                # The lease stays ours until the renew deadline: `lost` watches that.
                log.warning("lease could not be read or written", extra={"error": str(error)})
                return Step.WAIT

    def release(self) -> None:
        """Give the lease back, so that another replica need not wait for it to run out."""
        with self._io:
            if not self.leading() or self._seen is None or self.lost():
                return
            try:
                self._write({"holderIdentity": "", "leaseDurationSeconds": 1})
            except (ApiError, DeadlineExceeded) as error:
                log.warning("lease could not be released and will run out", extra={"error": str(error)})
            else:
                log.info("lease released")
            self._renewed_at = None

    def _attempt(self) -> Step:
        # A holder knows the lease's version and writes at once; only when that fails does it look.
        if not self.leading():
            self._look()
        step = decide(self._identity, self._seen, self.leading(), self._clock(), self._times)
        try:
            return self._do(step)
        except (Conflict, NotFound):
            self._look()
            if not self.leading():
                return Step.WAIT
            step = decide(self._identity, self._seen, True, self._clock(), self._times)
            return self._do(step)

    def _do(self, step: Step) -> Step:
        # Counted from before the request, as its answer may come late.
        began = self._clock()
        if step is Step.CREATE:
            self._note(self._bounded().create(self._leases, self._body(self._spec(acquire=True))))
        elif step is Step.TAKE:
            self._write(self._spec(acquire=True))
        elif step is Step.RENEW:
            self._write(self._spec(acquire=False))
        elif step is Step.LOST:
            holder = self._seen.holder if self._seen else ""
            log.error("lease was lost to another replica", extra={"holder": holder})
            return step
        else:
            return step
        if not self.leading():
            log.info("lease acquired", extra={"identity": self._identity})
        self._renewed_at = began
        return step

    def _look(self) -> None:
        try:
            self._note(self._bounded().get(f"{self._leases}/{self._name}"))
        except NotFound:
            self._seen = None

    def _note(self, lease: Mapping[str, Any]) -> None:
        seen = Seen(lease, self._clock())
        if self._seen is None or self._seen.version != seen.version:
            changed = self._seen is None or self._seen.holder != seen.holder
            if changed and seen.holder not in ("", self._identity):
                log.info("lease is held by another replica", extra={"holder": seen.holder})
            self._seen = seen

    def _write(self, changes: Mapping[str, Any]) -> None:
        self._note(self._bounded().replace(f"{self._leases}/{self._name}", self._body(changes)))

    def _bounded(self) -> KubeLeases:
        # Half of it, so that a call that hangs leaves time for another one.
        return self._kube.within(Deadline.after(self._times.renew_deadline / 2, self._clock))

    def _body(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        new = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self._name}}
        lease: Mapping[str, Any] = self._seen.lease if self._seen else new
        return {**lease, "spec": {**lease.get("spec", {}), **changes}}

    def _spec(self, *, acquire: bool) -> dict[str, Any]:
        now = self._wall().isoformat(timespec="microseconds").replace("+00:00", "Z")
        spec: dict[str, Any] = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._times.duration)),
            "renewTime": now,
        }
        if acquire:
            before = self._seen.lease.get("spec", {}).get("leaseTransitions") if self._seen else -1
            spec |= {"acquireTime": now, "leaseTransitions": int(before or 0) + 1}
        return spec
