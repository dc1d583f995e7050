"""The operator in a simulated world: its queue, its wake-ups, its crashes, and the faults of its calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry
from tests.simulation.alluxio import AlluxioAsked, Masters, PrestoAsked
from tests.simulation.cluster import Cluster
from tests.simulation.state import OWNERS
from tests.support.rendering import RENDERER

from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.children import CHILD_KINDS, MANAGED_BY, owner_of, version_of
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Reconciler, Request
from alluxio_operator.kinds.backup.reconcile import backup_reconciler
from alluxio_operator.kinds.cluster.reconcile import cluster_reconciler
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kinds.presto.reconcile import presto_reconciler
from alluxio_operator.kube.errors import ApiError, Conflict, Refused
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.server.queue import Backoff
from alluxio_operator.server.queue_state import merged
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import CallFailed, Deadline

Json = dict[str, Any]

NAMESPACE = "data"
CLUSTER = OwnerKey("AlluxioCluster", NAMESPACE, "small")
PRESTO = OwnerKey("Presto", NAMESPACE, "queries")
RESYNC = 1200.0
GATHERING = 0.8
LAG = 4.0
"""Seconds that a requeue takes at least: the operator is busy with others."""
TAKEOVER = 6.0
"""Seconds until another replica leads after a crash."""
BACKOFF = Backoff()
MOST_RECONCILES = 600
"""Of one stretch of time; more is a hot loop."""

logging.getLogger("alluxio_operator").setLevel(logging.CRITICAL)


class Violation(BaseException):
    """A rule was broken. Not an Exception, so that no handler of the operator catches it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{rule}: {message}")
        self.rule, self.message = rule, message


@dataclass(frozen=True)
class Known:
    """A fault of today's code that is on record as a case: its rule, and words of its message."""

    rule: str
    pattern: str
    case: str
    """Name of the file in `cases` that shows it."""


class Stopped(BaseException):
    """The operator's process ends here."""


@cache
def _metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@dataclass
class Faults:
    """What goes wrong with the operator's calls now."""

    stop_in: int | None = None
    """Writes until the operator ends; before the write, or after it with `stop_after`."""
    stop_after: bool = False
    lost_in: int | None = None
    """Writes until an answer is lost."""
    conflict_in: int | None = None
    """Status writes until another client has written the resource first."""
    refused: str = ""
    """Kind of object whose writes the API server refuses."""
    refused_until: float = 0.0
    api_down_until: float = 0.0
    late_until: float = 0.0
    """Until then watches deliver late."""
    deaf_until: float = 0.0
    """Until then the operator gets no answer from Alluxio."""


@dataclass
class Record:
    """One reconcile as invariants see it."""

    key: OwnerKey
    began: float
    uid: str
    writes: int
    status: Json
    fresh: bool


@dataclass
class _Due:
    at: float
    request: Request


class World(Cluster):
    """Cluster, operator, and the resources that users have created."""

    def __init__(self, seed: int, nodes: int, known: Collection[Known] = ()) -> None:
        super().__init__(seed, nodes)
        self.known = known
        self.skew = 0.0
        self.last_spec: Json = {}
        """Spec of the cluster when it was deleted last."""
        self.journals_deleted = False
        """Whether users have deleted PVCs of journals."""
        self.faults = Faults()
        self.ufs = UfsHealth()
        self.trace: list[str] = []
        self.reconciled: Callable[[Record], None] = lambda record: None
        self.ticked: Callable[[], None] = lambda: None
        self.violate = self._violate
        self.alluxio = AlluxioAsked(self, self._is_deaf)
        self.presto = PrestoAsked(self)
        self.store.watched = self._changed
        self.store.before_call = self._before_call
        self.store.after_write = self._after_write
        self.reconciles = 0
        self.in_reconcile = False
        self.disturbed = False
        self._queue: dict[OwnerKey, _Due] = {}
        self._failures: dict[OwnerKey, int] = {}
        self._starts_at = 0.0
        self._resync_at = RESYNC
        self._calls = 0
        self._ticked_at = 0.0
        self._states: dict[str, Any] = {}
        self._start()

    # --- time ----------------------------------------------------------------------------------------------------

    def clock(self) -> datetime:
        """Return the time by the operator's clock."""
        return self.now + timedelta(seconds=self.skew)

    def advance(self, seconds: float, most: int = MOST_RECONCILES) -> None:
        """Let time pass."""
        end, count = self.t + seconds, self.reconciles
        while True:
            due = min((one.at for one in self._queue.values()), default=float("inf"))
            if self._starts_at > self.t or not self._by_kind:
                due = self._starts_at
            at = min(self.next_due(), due, self._resync_at, end)
            self.t = max(self.t, at)
            if at >= end and min(self.next_due(), due) > end:
                return
            if self.next_due() <= self.t:
                self.tick()
            self._operate()
            if self.reconciles - count > most:
                raise Violation("no_hot_loop", f"{self.reconciles - count} reconciles in {seconds:.0f} s")

    def tick(self) -> None:
        super().tick()
        self._ticked_at = self.t
        self.ticked()

    # --- operator ------------------------------------------------------------------------------------------------

    def crash_operator(self) -> None:
        """End the operator; another replica takes over."""
        self._by_kind: Mapping[str, Reconciler] = {}
        self._queue.clear()
        self._failures.clear()
        self._starts_at = self.t + TAKEOVER

    def _start(self) -> None:
        store: Any = self.store
        changes = ChangesUnderWay()
        image = OwnImage("operator")
        backups = Parts(BACKUP, store, RENDERER, "backup", _metrics(), self.clock, image=image)
        self._by_kind = {
            CLUSTER.kind: cluster_reconciler(
                store, self.alluxio, RENDERER, _metrics(), self.clock, changes.note, lambda *_: self.ufs, image
            ),
            BACKUP: backup_reconciler(self.alluxio, backups),
            PRESTO.kind: presto_reconciler(store, self.presto, RENDERER, _metrics(), self.clock, changes.note),
        }
        self._states.clear()
        for obj in self.store.objects.values():
            self._note_state(obj)
        self._queue_all()
        self._resync_at = self.t + RESYNC

    def _queue_all(self) -> None:
        for kind in OWNERS:
            for obj in self.store.kind(kind):
                self.enqueue(Request(OwnerKey(kind, NAMESPACE, obj["metadata"]["name"]), Reason.RESYNC), 0)

    def enqueue(self, request: Request, seconds: float) -> None:
        """Reconcile an owner after a delay, or earlier if it waits already."""
        waiting = self._queue.get(request.key)
        at = self.t + seconds
        if waiting is not None:
            request, at = merged(waiting.request, request), min(waiting.at, at)
        self._queue[request.key] = _Due(at, request)

    def _operate(self) -> None:
        if not self._by_kind:
            if self.t >= self._starts_at:
                self.trace.append(f"{self.t:8.1f}  the operator starts")
                self._start()
            else:
                return
        if self.t >= self._resync_at:
            self._resync_at = self.t + RESYNC
            for reconciler in self._by_kind.values():
                for request in reconciler.drifted([NAMESPACE]):
                    self.enqueue(request, 0)
            self._queue_all()
        for key in sorted(self._queue):
            if key in self._queue and self._queue[key].at <= self.t:
                self._reconcile(self._queue.pop(key).request)

    def _reconcile(self, request: Request) -> None:
        key = request.key
        if self._ticked_at < self.t:
            # Workers send heartbeats although nothing else happens.
            self.tick()
        writes, began, uid = len(self.store.writes), self.t, self.uid_of(key.kind, key.namespace, key.name)
        self.reconciles += 1
        self.in_reconcile, self.disturbed = True, False
        try:
            outcome = self._by_kind[key.kind](request, Deadline.after(60))
        except Stopped:
            self.trace.append(f"{self.t:8.1f}  the operator ends in the midst of {key.name}: {self._last_write()}")
            self.crash_operator()
            return
        except CallFailed as error:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            self.enqueue(request, max(BACKOFF.delay(failures, 0.5), error.retry_after or 0))
            self.trace.append(f"{self.t:8.1f}  {key.name}: {error}")
            return
        finally:
            self.in_reconcile = False
        self._failures.pop(key, None)
        if outcome.requeue_after is not None:
            self.enqueue(
                Request(key, Reason.REQUEUE), LAG if 0 < outcome.requeue_after < LAG else outcome.requeue_after
            )
        obj = self.store.find(key.kind, key.namespace, key.name)
        written = self.store.writes[writes:]
        if written:
            self._trace_writes(key, written, obj)
        if obj is not None and outcome.requeue_after != 0.0:
            self.reconciled(Record(key, began, uid, len(written), obj.get("status", {}), not self.disturbed))

    def _trace_writes(self, key: OwnerKey, written: list[tuple[str, str]], obj: Json | None) -> None:
        names = [f"{verb} {path.partition(f'/{NAMESPACE}/')[2]}" for verb, path in written if "/events/" not in path]
        status = (obj or {}).get("status", {})
        self.trace.append(f"{self.t:8.1f}  {key.name} [{status.get('phase', '')}] {', '.join(names[:8])}")
        if status.get("summary"):
            self.trace.append(f"{'':8}    {status['summary'][:160]}")

    def _last_write(self) -> str:
        return " ".join(self.store.calls[-1]) if self.store.calls else ""

    # --- wake-ups ------------------------------------------------------------------------------------------------

    def _changed(self, before: Json, after: Json) -> None:
        self.noticed(before, after)
        obj = after or before
        kind, meta = obj["kind"], obj["metadata"]
        if kind in OWNERS:
            old, new = before.get("metadata", {}), after.get("metadata", {})
            edited = old.get("generation") != new.get("generation")
            if edited or old.get("annotations") != new.get("annotations"):
                self._wake_operator(Request(OwnerKey(kind, meta["namespace"], meta["name"]), Reason.EDIT))
            return
        if not self._note_state(obj, gone=not after):
            return
        owner = owner_of(obj)
        if owner is not None and owner.kind in OWNERS:
            # The deletion is a version of its own.
            child = ChildRef(kind, meta["name"], version_of(obj) if after else f"{version_of(obj)}-deleted")
            request = Request(owner, Reason.CHILD, frozenset({child}))
            reconciler = self._by_kind.get(owner.kind)
            # After an apply has returned, the cache knows the version of the operator's own write.
            own = self.in_reconcile and not KINDS[kind].has_generation
            if reconciler is not None and not own and (self.in_reconcile or reconciler.is_news(request)):
                self._wake_operator(request)

    def _note_state(self, obj: Json, *, gone: bool = False) -> bool:
        """Return True if a watch reports the change: what matters of the object differs."""
        kind = _child_kinds().get(obj["kind"])
        if kind is None or obj["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") != MANAGED_BY:
            return False
        path = KINDS[obj["kind"]].path(obj["metadata"]["namespace"], obj["metadata"]["name"])
        state = None if gone else kind.state_of(obj)
        known, self._states[path] = self._states.get(path), state
        return bool(known != state)

    def _wake_operator(self, request: Request) -> None:
        late = 30 * self.chance("late watch") if self.t < self.faults.late_until else 0
        self.enqueue(request, GATHERING + late)

    # --- faults --------------------------------------------------------------------------------------------------

    def _before_call(self, verb: str, path: str) -> None:
        if not self.in_reconcile:
            return
        self._calls += 1
        if self.t < self.faults.api_down_until:
            raise ApiError(f"{verb} {path}", 0, "no answer")
        if self._calls % 7 == 0 and self.next_due() <= self.t + 0.2:
            # A call takes time: others act in the midst of a reconcile.
            self.t = max(self.t, self.next_due())
            self.in_reconcile = False
            try:
                self.tick()
            finally:
                self.in_reconcile = True
            self.disturbed = True
        if verb in ("get", "list"):
            return
        faults = self.faults
        if self.t < faults.refused_until and f"/{faults.refused}/" in path:
            raise Refused(f"{verb} {path}", 403, "exceeded quota: simulated")
        if path.endswith("/status") and faults.conflict_in is not None:
            faults.conflict_in -= 1
            if faults.conflict_in <= 0:
                faults.conflict_in = None
                raise Conflict(f"{verb} {path}", 409, "the object has been modified")
        if faults.stop_in is not None and not faults.stop_after:
            faults.stop_in -= 1
            if faults.stop_in <= 0:
                faults.stop_in = None
                raise Stopped

    def _after_write(self, verb: str, path: str) -> None:
        if not self.in_reconcile:
            return
        faults = self.faults
        if faults.lost_in is not None:
            faults.lost_in -= 1
            if faults.lost_in <= 0:
                faults.lost_in = None
                raise ApiError(f"{verb} {path}", 0, "the answer was lost")
        if faults.stop_in is not None and faults.stop_after:
            faults.stop_in -= 1
            if faults.stop_in <= 0:
                faults.stop_in = None
                raise Stopped

    def _is_deaf(self, masters: Masters) -> bool:
        return self.t < self.faults.deaf_until

    def _violate(self, rule: str, message: str) -> None:
        if not any(one.rule == rule and one.pattern in message for one in self.known):
            raise Violation(rule, message)

    # --- users ---------------------------------------------------------------------------------------------------

    def create(self, key: OwnerKey, spec: Json) -> None:
        """Create a resource as a user."""
        meta = {"namespace": key.namespace, "name": key.name}
        self.store.put({"apiVersion": API_VERSION, "kind": key.kind, "metadata": meta, "spec": spec})

    def spec(self, key: OwnerKey) -> Json | None:
        """Return the spec of a resource; None if it doesn't exist."""
        obj = self.store.find(key.kind, key.namespace, key.name)
        return obj["spec"] if obj else None

    def edit(self, key: OwnerKey, spec: Json) -> None:
        """Replace the spec of a resource as a user."""
        obj = self.store.find(key.kind, key.namespace, key.name)
        if obj is not None:
            self.store.put({**obj, "spec": spec})

    def status(self, key: OwnerKey) -> Json:
        """Return the status of a resource."""
        obj = self.store.find(key.kind, key.namespace, key.name)
        return obj.get("status", {}) if obj else {}


@cache
def _child_kinds() -> Mapping[str, Any]:
    return {one.kind: one for one in CHILD_KINDS}
