"""The number of a Presto's workers by schedule and by load, and how often the load is looked at."""

from __future__ import annotations

import pytest
from tests.support.builders import NAMESPACE
from tests.support.presto import NAME, World, resource

from alluxio_operator.alluxio.answers import NoAnswer


def test_by_day_and_by_night():
    day = {"name": "day", "start": "0 7 * * *", "end": "0 19 * * *", "replicas": 2}
    world = World(resource(autoscaling={"minReplicas": 0, "maxReplicas": 2, "schedules": [day]}))
    # 03:04:05 by the clock of the tests.
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 0
    assert world.condition("WorkersActive")["reason"] == "ScaledToZero"
    assert world.status["autoscaling"]["nextChange"] == "2030-01-02T07:00:00Z"

    world.pass_time(4 * 3600)
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 2
    assert world.status["autoscaling"]["reason"] == "schedule day"
    assert world.status["history"][-1]["message"] == "from 0 to 2 workers: schedule day"

    world.pass_time(12 * 3600)
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 0


def test_the_spec_is_never_written():
    day = {"name": "day", "start": "0 0 * * *", "end": "0 0 * * *", "replicas": 2}
    world = World(resource(autoscaling={"maxReplicas": 2, "schedules": [day]}))
    world.settle()

    found = world.kube.object("Presto", NAMESPACE, NAME)
    assert "replicas" not in found["spec"].get("workers", {})
    assert found["metadata"]["generation"] == 1


def test_a_query_that_waits_brings_the_first_worker_and_no_restart():
    world = World(resource(autoscaling={"minReplicas": 0, "maxReplicas": 2, "load": {"queriesPerWorker": 2}}))
    world.settle()
    config = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoconfig")["data"]
    assert "query-manager.required-workers-max-wait=15m" in config["coordinator.properties"]
    before = world.hash_of("coordinator")

    world.servers.queued = 1
    world.turn()
    world.settle()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 1
    assert world.hash_of("coordinator") == before


LOAD = {"minReplicas": 1, "maxReplicas": 4, "load": {"queriesPerWorker": 2, "scaleDownAfterSeconds": 300}}
HOUR = 3600


@pytest.mark.parametrize(("settled", "asked", "waits"), [(0, 8, "moreSince"), (8, 0, "fewerSince")])
def test_an_expired_wait_without_a_coordinator_is_no_hot_loop(settled: int, asked: int, waits: str):
    world = World(resource(autoscaling=LOAD))
    world.servers.queued = settled
    world.settle()
    world.pass_time(60)
    world.settle()
    world.servers.queued = asked
    world.turn()
    world.reconcile()
    assert waits in world.status["autoscaling"]
    world.servers.answer = NoAnswer("connection refused")

    assert world.stand_still(HOUR) < 500
    assert waits in world.status["autoscaling"], "it goes on once the coordinator answers"


def test_without_a_coordinator_the_load_is_not_polled_for():
    world = World(resource(autoscaling=LOAD))
    world.settle()
    world.servers.answer = NoAnswer("connection refused")
    world.stand_still(HOUR)

    assert world.reconcile().requeue_after == 15


def test_a_load_is_looked_at_every_five_seconds():
    world = World(resource(autoscaling=LOAD))
    world.settle()

    assert world.reconcile().requeue_after == 5
    assert world.stand_still(HOUR) == HOUR / 5
