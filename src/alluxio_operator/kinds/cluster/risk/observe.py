"""Has the leader's namespace listed in the background, and reads the last result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from alluxio_operator.alluxio.answers import Alluxio, NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, RiskListing
from alluxio_operator.api.alluxiocluster import Workers
from alluxio_operator.engine.background import THREADS, Background
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.masters.quorum import serving_leader
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.ports import rpc_port
from alluxio_operator.kinds.cluster.risk.holders import holders_of
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.telemetry.metrics import Metrics

RiskListings = Background[AtRisk | NoAnswer]
MINUTE = 60.0


def listings(metrics: Metrics, *, threads: int = THREADS) -> RiskListings:
    """Return the listings of all clusters, whose results become metrics."""

    def tell(key: OwnerKey, found: AtRisk | NoAnswer, began: datetime) -> None:
        if isinstance(found, AtRisk):
            metrics.at_risk.set(key.namespace, key.name, found, began.timestamp())

    return Background(lambda found: isinstance(found, NoAnswer), tell, threads=threads)


def with_at_risk(
    alluxio: Alluxio, known: RiskListings, metrics: Metrics, key: OwnerKey, model: Cluster, observed: Observed
) -> Observed:
    """Return the observation with the last listing, and let the next one run when it is due."""
    workers = model.spec.workers
    if not workers.at_risk_interval_minutes:
        forget(known, metrics, key)
        return observed
    every = workers.at_risk_interval_minutes * MINUTE
    reading = known.want(key, model.uid, every, _beginning(alluxio, observed, workers))
    return replace(observed, at_risk=reading)


def _beginning(alluxio: Alluxio, observed: Observed, workers: Workers) -> Callable[[], RiskListing] | None:
    """Return what begins a listing at the leader of now; None if none serves."""
    pod = serving_leader(observed)
    if pod is None:
        return None
    port, holders = rpc_port(pod, observed.resource), holders_of(observed, workers)
    return partial(alluxio.risk_listing, pod.ip, port, holders)


def forget(known: RiskListings, metrics: Metrics, key: OwnerKey) -> None:
    """End the listings of a cluster, and drop its metrics."""
    known.forget(key)
    metrics.at_risk.forget(key.namespace, key.name)
