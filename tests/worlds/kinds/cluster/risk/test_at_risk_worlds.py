"""Listings beside whole reconciles: what they find comes into status, condition and metrics, and never holds up one."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.support.builders import NOW, resource
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, PathRisk, WorkerRisk
from alluxio_operator.engine.conditions import moment
from alluxio_operator.kinds.cluster.risk.observe import forget, listings
from alluxio_operator.telemetry.metrics import Metrics

GI = 2**30
WORKER = "small-worker-0"


def found(size: int, **over: Any) -> AtRisk:
    risk = WorkerRisk(unpersisted=size, on_restart=size, files=1, oldest_ms=0)
    return AtRisk(total=risk, workers={WORKER: risk}, paths=(PathRisk("/a", size, 1, 0),), **over)


def settled(at_risk: AtRisk | NoAnswer | None, **workers: Any) -> World:
    world = World(resource(workers=workers))
    world.alluxio.at_risk = at_risk
    world.settle()
    return world


def pass_minutes(world: World, minutes: int) -> None:
    for _ in range(minutes // 5):
        world.pass_time(300)
        world.reconcile()


def test_the_first_listing_comes_within_minutes_and_its_time_is_on_record():
    world = settled(found(5 * GI))
    before = world.now
    assert "atRisk" not in world.status
    pass_minutes(world, 10)
    status = world.status["atRisk"]
    assert before <= moment(status["asOf"]) <= world.now
    assert status["workers"] == [
        {
            "name": WORKER,
            "unpersisted": "5Gi",
            "unpersistedOnRestart": "5Gi",
            "cachedOnce": "0",
            "pinned": "0",
            "files": 1,
            "oldest": "1970-01-01T00:00:00Z",
        }
    ]
    assert [one["path"] for one in status["paths"]] == ["/a"]


def test_the_leader_is_asked_with_the_workers_that_exist():
    world = settled(found(1))
    pass_minutes(world, 10)
    assert set(world.alluxio.holders[-1].workers.values()) == {WORKER}


def test_figures_that_stay_the_same_write_nothing():
    world = settled(found(5 * GI))
    pass_minutes(world, 10)
    status, writes, tests = world.status["atRisk"], len(world.kube.writes), len(world.alluxio.test_writes)
    pass_minutes(world, 120)
    assert len(world.alluxio.holders) >= 8
    assert world.status["atRisk"] == status
    # Only the hourly test write of the root mount is on record.
    assert len(world.kube.writes) - writes == len(world.alluxio.test_writes) - tests


def test_the_condition_is_there_with_a_limit_only_and_ready_does_not_wait_for_it():
    assert not any(one["type"] == "AtRiskWithinLimit" for one in settled(found(1)).status["conditions"])
    world = settled(found(5 * GI), atRiskLimit="1Gi")
    assert world.condition("AtRiskWithinLimit")["reason"] == "NotListed"
    pass_minutes(world, 45)
    condition = world.condition("AtRiskWithinLimit")
    assert (condition["status"], condition["reason"]) == ("False", "AboveLimit")
    assert f"{WORKER} alone has 5Gi" in condition["message"]
    assert world.phase == "Ready"
    assert "AboveLimit" in world.events()


def test_the_condition_clears_once_the_data_is_persisted():
    world = settled(found(5 * GI), atRiskLimit="1Gi")
    pass_minutes(world, 45)
    world.alluxio.at_risk = found(0)
    pass_minutes(world, 20)
    assert world.condition("AtRiskWithinLimit")["reason"] == "WithinLimit"


def test_an_operator_that_restarts_keeps_the_last_figures_with_their_time():
    world = settled(found(5 * GI), atRiskLimit="1Gi")
    pass_minutes(world, 45)
    before = world.status["atRisk"]
    world.alluxio.at_risk = None
    world.start_operator()
    pass_minutes(world, 30)
    assert world.status["atRisk"] == before
    assert world.condition("AtRiskWithinLimit")["reason"] == "AboveLimit"


def test_a_leader_that_does_not_answer_is_on_record_beside_the_last_figures():
    world = settled(found(5 * GI))
    pass_minutes(world, 10)
    as_of = world.status["atRisk"]["asOf"]
    world.alluxio.at_risk = NoAnswer("no answer in time")
    pass_minutes(world, 20)
    status = world.status["atRisk"]
    assert (status["asOf"], status["unpersisted"]) == (as_of, "5Gi")
    assert status["message"] == "no answer in time"


def test_while_no_master_serves_nobody_is_asked():
    world = settled(found(1))
    pass_minutes(world, 10)
    asked = len(world.alluxio.holders)
    world.alluxio.master = NoAnswer("connection refused")
    pass_minutes(world, 60)
    assert len(world.alluxio.holders) == asked


def test_without_an_interval_nothing_is_listed_and_the_figures_are_dropped():
    world = settled(found(5 * GI))
    pass_minutes(world, 10)
    world.edit_spec(workers={"atRiskIntervalMinutes": 0})
    asked = len(world.alluxio.holders)
    pass_minutes(world, 60)
    assert "atRisk" not in world.status
    assert len(world.alluxio.holders) == asked


# --- metrics ---------------------------------------------------------------------------------------------------------


def sample(metrics: Metrics, metric: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"alluxio_operator_at_risk_{metric}", labels)


def test_metrics_have_exact_bytes_of_the_last_listing():
    metrics = Metrics(CollectorRegistry())
    owner = {"namespace": "data", "name": "small"}
    world = settled(found(5 * GI + 1, unavailable=3, received=70, entries=9, seconds=0.5))
    assert sample(metrics, "unpersisted_bytes", **owner, worker=WORKER) is None, "unknown is no 0"
    known = listings(metrics, threads=0)
    try:
        metrics.at_risk.set("data", "small", world.alluxio.at_risk, 1700.0)  # type: ignore[arg-type]
        assert sample(metrics, "unpersisted_bytes", **owner, worker=WORKER) == 5 * GI + 1
        assert sample(metrics, "unpersisted_on_restart_bytes", **owner, worker=WORKER) == 5 * GI + 1
        assert sample(metrics, "cached_once_bytes", **owner, worker=WORKER) == 0
        assert sample(metrics, "pinned_bytes", **owner, worker=WORKER) == 0
        assert sample(metrics, "unavailable_bytes", **owner) == 3
        assert sample(metrics, "listing_timestamp_seconds", **owner) == 1700
        assert sample(metrics, "listing_received_bytes", **owner) == 70
    finally:
        forget(known, metrics, world.key)
    assert sample(metrics, "unavailable_bytes", **owner) is None


def test_workers_beyond_a_number_share_a_series():
    metrics = Metrics(CollectorRegistry())
    rows = {f"w-{number:03d}": WorkerRisk(unpersisted=number) for number in range(105)}
    metrics.at_risk.set("data", "small", AtRisk(workers=rows), 0.0)
    owner = {"namespace": "data", "name": "small"}
    assert sample(metrics, "unpersisted_bytes", **owner, worker="(others)") == sum(range(5))
    assert sample(metrics, "unpersisted_bytes", **owner, worker="w-104") == 104
    assert sample(metrics, "unpersisted_bytes", **owner, worker="w-004") is None


@pytest.mark.parametrize("result", [NoAnswer("no")])
def test_a_failed_listing_is_no_figure(result: NoAnswer):
    metrics = Metrics(CollectorRegistry())
    known = listings(metrics, threads=0)
    known._tell(World().key, result, NOW)
    assert sample(metrics, "listing_timestamp_seconds", namespace="data", name="small") is None
