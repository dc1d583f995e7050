"""Metrics of the data that single workers hold: exact bytes of the last listing, made at each scrape.

A thousand clusters of ten workers are 40,000 series. As objects of the client library they would take some 40 MB.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from alluxio_operator.alluxio.at_risk import AtRisk, WorkerRisk

PREFIX: Final = "alluxio_operator_at_risk"
OWNER: Final = ("namespace", "name")
MOST_WORKERS: Final = 100
"""Workers of a cluster with series of their own: those with the most unpersisted bytes."""
OTHERS: Final = "(others)"
"""Label of the sum of the workers beyond that number."""

OF_WORKER: Final[Mapping[str, tuple[str, str]]] = {
    "unpersisted": ("unpersisted_bytes", "Bytes in no UFS that only this worker has: lost if it dies."),
    "on_restart": (
        "unpersisted_on_restart_bytes",
        "Of the unpersisted bytes, those on tiers that a new pod of the worker doesn't find.",
    ),
    "cached_once": (
        "cached_once_bytes",
        "Bytes in the UFS that only this worker caches: read again from there if it dies.",
    ),
    "pinned": ("pinned_bytes", "Of the bytes that only this worker has, those of pinned files."),
}
OF_CLUSTER: Final[Mapping[str, str]] = {
    "unpersisted_files": "Files with bytes in no UFS that only one worker has.",
    "unavailable_bytes": "Bytes in no UFS that no worker has now: lost, or on a worker that doesn't run.",
    "incomplete_files": "Files that are being written, or whose writer ended before it closed them.",
    "oldest_timestamp_seconds": "Unix time of the last change of the oldest file with unpersisted bytes.",
    "listing_timestamp_seconds": "Unix time at which the listing behind these figures began.",
    "listing_seconds": "Seconds that the leader worked for that listing.",
    "listing_received_bytes": "Bytes that the leader sent for it.",
    "listing_entries": "Files and folders in it.",
}


class AtRiskMetrics(Collector):
    """The last listing of each cluster. Without one a cluster has no series: unknown is never 0."""

    def __init__(self) -> None:
        self._listings: dict[tuple[str, str], tuple[AtRisk, float]] = {}
        self._lock = threading.Lock()

    def set(self, namespace: str, name: str, found: AtRisk, began: float) -> None:
        """Replace the figures of a cluster by those of a listing that began at a Unix time."""
        with self._lock:
            self._listings[namespace, name] = found, began

    def forget(self, namespace: str, name: str) -> None:
        """Drop the figures of a cluster."""
        with self._lock:
            self._listings.pop((namespace, name), None)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the families."""
        with self._lock:
            known = sorted(self._listings.items(), key=lambda one: one[0])
        for field, (name, text) in OF_WORKER.items():
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=(*OWNER, "worker"))
            for owner, (found, _) in known:
                for worker, value in _by_worker(found.workers, field):
                    family.add_metric((*owner, worker), value)
            yield family
        for name, text in OF_CLUSTER.items():
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=OWNER)
            for owner, (found, began) in known:
                number = _of_cluster(found, began)[name]
                if number is not None:
                    family.add_metric(owner, number)
            yield family


def _by_worker(workers: Mapping[str, WorkerRisk], field: str) -> Iterable[tuple[str, int]]:
    own = heapq.nlargest(MOST_WORKERS, workers, key=lambda name: (workers[name].unpersisted, name))
    for name in sorted(own):
        yield name, getattr(workers[name], field)
    if len(workers) > len(own):
        yield OTHERS, sum(getattr(workers[name], field) for name in set(workers) - set(own))


def _of_cluster(found: AtRisk, began: float) -> Mapping[str, float | None]:
    oldest = found.total.oldest_ms
    return {
        "unpersisted_files": found.total.files,
        "unavailable_bytes": found.unavailable,
        "incomplete_files": found.incomplete,
        "oldest_timestamp_seconds": None if oldest is None else oldest / 1000,
        "listing_timestamp_seconds": began,
        "listing_seconds": found.seconds,
        "listing_received_bytes": found.received,
        "listing_entries": found.entries,
    }
