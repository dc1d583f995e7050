"""The operator's own metrics, all named alluxio_operator_*; one object holds them, so each test has its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from alluxio_operator.engine.work import Reason
from alluxio_operator.telemetry.at_risk import AtRiskMetrics

STAGES = ("observe", "validate", "decide", "render", "apply", "report")
"""The stages of a reconcile, in order."""

NAMESPACE = "alluxio_operator"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The metrics of one process; durations in seconds."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or _process_registry()
        self.reconciles = self._counter("reconcile", "Reconciles by their outcome.", "kind", "outcome")
        self.reconcile_duration = self._histogram("reconcile_duration_seconds", "How long a reconcile took.", "kind")
        self.overruns = self._counter("reconcile_overruns", "Reconciles that overran their deadline.", "kind")
        self.stage_duration = self._histogram(
            "stage_duration_seconds", "Duration of one stage of a reconcile.", "stage"
        )
        self.queue_depth = self._gauge("queue_depth", "Waiting owners by reason.", "reason")
        self.queue_wait = self._histogram("queue_wait_seconds", "Time that an owner waited for a worker.")
        self.queue_retries = self._counter("queue_retries", "Reconciles requeued after a failure.")
        self.hook_wakeups = self._counter("hook_wakeups", "Wake-ups that hooks sent.", "hook")
        self.watch_events = self._counter("watch_events", "Changes of children that woke their owner.", "kind")
        self.watch_restarts = self._counter("watch_restarts", "Watches that had to restart.", "kind", "cause")
        self.owners = self._gauge("owners", "Resources when they were last listed.")
        self.unlisted = self._gauge(
            "unlisted",
            "1 if the resources of a kind can't be listed (empty namespace: all).",
            "kind",
            "namespace",
        )
        self.child_events_source = self._gauge(
            "child_events_source", "1 for the active source of child events: hooks or watch.", "source"
        )
        self.child_events_outgrown = self._gauge(
            "child_events_outgrown",
            "1 if the number of resources makes the next start switch from hooks to the watch.",
        )
        self._journal_free = self._gauge(
            "journal_free_percent",
            "Free space on a master's journal volume, while the master reports that little is left.",
            "namespace", "name", "master",
        )  # fmt: skip
        self._journal_lock = threading.Lock()
        self._backup_taken = self._gauge(
            "backup_verified_timestamp_seconds",
            "Unix time at which the newest verified backup of a cluster with schedules began.",
            "namespace", "name",
        )  # fmt: skip
        self._backup_bytes = self._gauge(
            "backup_verified_bytes",
            "Size of the newest verified backup of a cluster with schedules.",
            "namespace",
            "name",
        )
        self._backup_restore = self._gauge(
            "backup_verified_restore_seconds",
            "Seconds that a master took to restore the newest verified backup of a cluster with schedules.",
            "namespace", "name",
        )  # fmt: skip
        self._drill_passed = self._gauge(
            "drill_passed_timestamp_seconds",
            "Unix time at which the newest drill that passed ended, of a cluster with a schedule of drills.",
            "namespace", "name",
        )  # fmt: skip
        self._drill_rpo = self._gauge(
            "drill_passed_rpo_seconds",
            "Seconds from the recovery point to the start of the newest drill that passed.",
            "namespace", "name",
        )  # fmt: skip
        self._drill_rto = self._gauge(
            "drill_passed_rto_seconds",
            "Seconds that the newest drill that passed took until the restored cluster had served a file.",
            "namespace", "name",
        )  # fmt: skip
        self.at_risk = AtRiskMetrics()
        self.registry.register(self.at_risk)
        self.leader = self._gauge("leader", "1 while this replica leads, else 0.")
        for stage in STAGES:
            self.stage_duration.labels(stage)

    def watch_queue(self, depth: Callable[[Reason], int]) -> None:
        """Read the queue's depth at each scrape, not at each change."""
        for reason in Reason:
            self.queue_depth.labels(reason.name.lower()).set_function(partial(depth, reason))

    def journal_free(self, namespace: str, name: str, percent: Mapping[str, float]) -> None:
        """Replace the free space of a cluster's journal volumes, by master."""
        with self._journal_lock:
            samples = [sample.labels for family in self._journal_free.collect() for sample in family.samples]
            for labels in samples:
                master = labels["master"]
                if (labels["namespace"], labels["name"]) == (namespace, name) and master not in percent:
                    self._journal_free.remove(namespace, name, master)
            for master, value in percent.items():
                self._journal_free.labels(namespace, name, master).set(value)

    def verified_backup(self, namespace: str, name: str, values: tuple[float, int, int] | None) -> None:
        """Set time, bytes and restore seconds of a cluster's newest verified backup; None if it has none."""
        self._set((self._backup_taken, self._backup_bytes, self._backup_restore), namespace, name, values)

    def passed_drill(self, namespace: str, name: str, values: tuple[float, int, int] | None) -> None:
        """Set time, RPO and RTO of a cluster's newest drill that passed; None if it has none."""
        self._set((self._drill_passed, self._drill_rpo, self._drill_rto), namespace, name, values)

    @staticmethod
    def _set(gauges: Iterable[Gauge], namespace: str, name: str, values: tuple[float, ...] | None) -> None:
        for number, gauge in enumerate(gauges):
            if values is None:
                with contextlib.suppress(KeyError):
                    gauge.remove(namespace, name)
            else:
                gauge.labels(namespace, name).set(values[number])

    @contextmanager
    def stage(self, name: str, clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
        """Measure the block as the stage `name`."""
        began = clock()
        try:
            yield
        finally:
            self.stage_duration.labels(name).observe(clock() - began)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace=NAMESPACE, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, namespace=NAMESPACE, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, namespace=NAMESPACE, registry=self.registry, buckets=_SECONDS)


def _process_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry
