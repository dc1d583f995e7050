"""Leader election with a Lease, so that only one of several replicas acts.

The official Python client's election can't be stopped, has no release and uses the wall clock. This module does what
client-go does. `decide` is the rule, without I/O. The age of a Lease counts on the local monotonic clock from the
moment at which this process observed its last change; the times in the Lease are for people.
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
"""A standby waits up to this fraction longer than the retry period, so that two standbys don't ask in step."""


class KubeLeases(Protocol):
    """The part of the API client that the election uses."""

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
        """Replace an object. Raise Conflict if its resourceVersion is out of date."""
        ...


@dataclass(frozen=True, slots=True)
class Times:
    """Times in seconds: validity of a Lease, time until a holder that can't renew gives up, time between attempts."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class ObservedLease:
    """The Lease as last observed; `changed_at`: local time at which this version was first observed."""

    lease: Mapping[str, Any]
    changed_at: float

    @property
    def holder(self) -> str:
        """Identity of the holder; empty after a release."""
        return str(self.lease.get("spec", {}).get("holderIdentity") or "")

    @property
    def version(self) -> str:
        """The resourceVersion, which changes with each write."""
        return str(self.lease["metadata"]["resourceVersion"])

    def expired(self, now: float, default: float) -> bool:
        """Return True if the Lease has expired. Its own duration counts, because settings of replicas may differ."""
        duration = self.lease.get("spec", {}).get("leaseDurationSeconds") or default
        return now >= self.changed_at + float(duration)


class Step(Enum):
    """Next step of a candidate."""

    CREATE = auto()
    TAKE = auto()
    RENEW = auto()
    WAIT = auto()
    LOST = auto()


def decide(identity: str, seen: ObservedLease | None, leading: bool, now: float, times: Times) -> Step:
    """Return the next step of a candidate; `seen` is None if the Lease doesn't exist."""
    if seen is None:
        # A user deleted the Lease. The replica that creates it now leads, so the former holder must not continue.
        return Step.LOST if leading else Step.CREATE
    if leading:
        return Step.RENEW if seen.holder == identity else Step.LOST
    if not seen.holder or seen.expired(now, times.duration):
        return Step.TAKE
    return Step.WAIT


class Election:
    """One candidate (`identity`) for the Lease `name`; `clock` is monotonic, `wall` is the time written for people."""

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
        self._seen: ObservedLease | None = None
        self._renewed_at: float | None = None
        self._io = threading.Lock()

    def leading(self) -> bool:
        """Return True if this candidate has become the leader."""
        return self._renewed_at is not None

    def lost(self) -> bool:
        """Return True after the renew deadline, even while a renewal request hangs."""
        return self._renewed_at is not None and self._clock() >= self._renewed_at + self._times.renew_deadline

    def in_touch(self) -> bool:
        """Return True if the Lease was read at least once: the API server answers and grants access."""
        return self._seen is not None

    def run(self, stop: threading.Event) -> None:
        """Acquire and renew the Lease until `stop` is set or the Lease is lost."""
        while not stop.is_set():
            if self.attempt() is Step.LOST:
                self._renewed_at = -math.inf
                return
            pause = self._times.retry
            stop.wait(pause if self.leading() else pause * (1 + JITTER * self._chance()))

    def attempt(self) -> Step:
        """Do one round: read the Lease if necessary, decide, write; return the step."""
        with self._io:
            try:
                return self._attempt()
            except (ApiError, DeadlineExceeded) as error:
                # This replica holds the Lease until the renew deadline, which `lost` checks.
                log.warning("lease could not be read or written", extra={"error": str(error)})
                return Step.WAIT

    def release(self) -> None:
        """Release the Lease, so that another replica can take over without waiting for its expiry."""
        with self._io:
            if not self.leading() or self._seen is None or self.lost():
                return
            try:
                self._write({"holderIdentity": "", "leaseDurationSeconds": 1})
            except (ApiError, DeadlineExceeded) as error:
                log.warning("lease could not be released and will expire", extra={"error": str(error)})
            else:
                log.info("lease released")
            self._renewed_at = None

    def _attempt(self) -> Step:
        # A holder knows the Lease's version and writes at once; it reads the Lease only if that fails.
        if not self.leading():
            self._read()
        step = decide(self._identity, self._seen, self.leading(), self._clock(), self._times)
        try:
            return self._do(step)
        except (Conflict, NotFound):
            self._read()
            if not self.leading():
                return Step.WAIT
            step = decide(self._identity, self._seen, True, self._clock(), self._times)
            return self._do(step)

    def _do(self, step: Step) -> Step:
        # Count from before the request, because its answer may be late.
        began = self._clock()
        if step is Step.CREATE:
            self._record(self._bounded().create(self._leases, self._body(self._spec(acquire=True))))
        elif step is Step.TAKE:
            self._write(self._spec(acquire=True))
        elif step is Step.RENEW:
            self._write(self._spec(acquire=False))
        elif step is Step.LOST:
            holder = self._seen.holder if self._seen else ""
            log.error("another replica took the lease", extra={"holder": holder})
            return step
        else:
            return step
        if not self.leading():
            log.info("lease acquired", extra={"identity": self._identity})
        self._renewed_at = began
        return step

    def _read(self) -> None:
        try:
            self._record(self._bounded().get(f"{self._leases}/{self._name}"))
        except NotFound:
            self._seen = None

    def _record(self, lease: Mapping[str, Any]) -> None:
        seen = ObservedLease(lease, self._clock())
        if self._seen is None or self._seen.version != seen.version:
            changed = self._seen is None or self._seen.holder != seen.holder
            if changed and seen.holder not in ("", self._identity):
                log.info("another replica holds the lease", extra={"holder": seen.holder})
            self._seen = seen

    def _write(self, changes: Mapping[str, Any]) -> None:
        self._record(self._bounded().replace(f"{self._leases}/{self._name}", self._body(changes)))

    def _bounded(self) -> KubeLeases:
        # Half of the renew deadline, so that a hanging call leaves time for another one.
        return self._kube.within(Deadline.after(self._times.renew_deadline / 2, self._clock))

    def _body(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        new = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self._name}}
        lease: Mapping[str, Any] = self._seen.lease if self._seen else new
        return {**lease, "spec": {**lease.get("spec", {}), **changes}}

    def _spec(self, *, acquire: bool) -> dict[str, Any]:
        now = self._wall().isoformat(timespec="microseconds").replace("+00:00", "Z")
        spec: dict[str, Any] = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, math.ceil(self._times.duration)),
            "renewTime": now,
        }
        if acquire:
            before = self._seen.lease.get("spec", {}).get("leaseTransitions") if self._seen else -1
            spec |= {"acquireTime": now, "leaseTransitions": int(before or 0) + 1}
        return spec
