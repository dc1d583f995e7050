"""The operator stopped before and after each of its writes: whatever it had begun, the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.crashes import INSTALLATION, install, jobs_made, outcome, stopped_at_each
from tests.support.world import World

from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION

Json = dict[str, Any]


def fresh() -> World:
    return World(resource())


@cache
def used_claim() -> Json:
    world = fresh()
    world.settle()
    return world.kube.object("PersistentVolumeClaim", "data", "journal-small-master-0")


def adopting() -> World:
    """A cluster whose resource was deleted and comes back; its volume stayed."""
    world = World(resource(uid="ffffffff-0000-0000-0000-000000000000"))
    world.kube.put(used_claim())
    return world


def changing() -> World:
    """A cluster that runs, and of which much is wished otherwise at once."""
    world = fresh()
    world.settle()
    world.edit_spec(
        jobService={"enabled": False},
        deletionPolicy="Delete",
        masters={"properties": {"alluxio.master.ttl.checker.interval": "1m"}},
        workers={"replicas": 2},
    )
    world.kube.writes.clear()
    return world


def undisturbed(make: Callable[[], World]) -> World:
    world = make()
    assert not install(world)
    assert world.phase == "Ready"
    return world


@pytest.mark.parametrize(("make", "jobs"), [(fresh, 1), (adopting, 1), (changing, 0)])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_it_ends_the_same(make: Callable[[], World], jobs: int, after: bool):
    expected = undisturbed(make)
    assert len(jobs_made(expected)) == jobs

    for world, where in stopped_at_each(make, expected.kube.writes, INSTALLATION, after=after):
        assert outcome(world) == outcome(expected), where
        assert jobs_made(world) == jobs_made(expected), f"{where}: the journal's Job had one name only"


def test_the_simulation_reaches_every_kind_of_write():
    written = {(verb, path.split("/")[-2]) for verb, path in undisturbed(fresh).kube.writes}

    assert {
        ("replace", "small"),
        ("apply", "persistentvolumeclaims"),
        ("apply", "jobs"),
        ("apply", "statefulsets"),
        ("apply", "services"),
        ("create", "events"),
    } <= written


@pytest.mark.parametrize("make", [fresh, adopting])
def test_a_job_is_never_applied_before_the_status_names_its_operation(make: Callable[[], World]):
    world = make()
    operations: list[str] = []

    def watch(verb: str, path: str) -> None:
        if verb == "apply" and "/jobs/" in path:
            recorded = world.status["journal"]["operation"]
            operations.append(recorded)
            assert path.endswith(f"-journal-{recorded}"), "the operation is in the status before its side effect"

    world.kube.before_call = watch
    install(world)

    assert operations


def test_an_operation_that_changes_is_recorded_before_its_job_too():
    # While the creating Job runs, somebody marks the claim as one that holds a journal.
    world = fresh()
    world.reconcile()
    world.kube.edit("PersistentVolumeClaim", "data", "journal-small-master-0", mark_as_used)

    recorded = []
    world.kube.before_call = lambda verb, path: (
        recorded.append(world.status["journal"]["operation"]) if verb == "apply" and "/jobs/" in path else None
    )
    world.reconcile()

    assert recorded == ["0a1b2c3da"]
    assert world.kube.of_kind("Job") == ["small-journal-0a1b2c3da"], "and the creating Job is gone"


def mark_as_used(claim: Json) -> None:
    claim["metadata"].setdefault("annotations", {})[JOURNAL_ANNOTATION] = "initialized"
