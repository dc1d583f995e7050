"""The operator stopped before and after each of its writes: whatever it had begun, the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.world import World

from alluxio_operator.cluster.observed import JOURNAL_ANNOTATION

Json = dict[str, Any]


class Stopped(BaseException):
    """The operator's process ends here. Not an Exception, so that no handler may take it for trouble."""


def stop_at(world: World, count: int, *, after: bool) -> None:
    """Stop the operator before or after its `count`-th write."""
    seen = 0

    def write(verb: str, path: str) -> None:
        nonlocal seen
        if verb in ("get", "list"):
            return
        seen += 1
        if seen == count:
            raise Stopped(f"{verb} {path}")

    if after:
        world.kube.after_write = write
    else:
        world.kube.before_call = write


def install(world: World, rounds: int = 12) -> bool:
    """Run an installation to its end, start the operator anew when it was stopped; tell whether it was."""
    stopped = False
    for _ in range(rounds):
        written = len(world.kube.writes)
        completed = False
        try:
            world.reconcile()
            completed = True
        except Stopped:
            stopped = True
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()
        world.turn()
        assert not refusals(world), "what a stopped operator left behind is never in the way of the next one"
        if completed and world.phase == "Ready" and len(world.kube.writes) == written:
            return stopped
    raise AssertionError(f"not installed: {world.status}")


def refusals(world: World) -> list[str]:
    return [c["message"] for c in world.status.get("conditions", ()) if c["reason"] == "Refused"]


def outcome(world: World) -> tuple[Json, Json]:
    """Return what is left in the end: objects and status without versions, times and events."""
    objects = {}
    for path, obj in world.kube.objects.items():
        if obj["kind"] in ("Event", "Pod", "AlluxioCluster"):
            continue
        dropped = ("uid", "resourceVersion", "creationTimestamp", "generation")
        objects[path] = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in dropped}}
        objects[path].pop("status", None)
    status = {**world.status, "conditions": [{**c, "lastTransitionTime": ""} for c in world.status["conditions"]]}
    # When a change began, and what is left of it to do, depends on the reconcile that was completed first.
    status["history"] = [change["what"] for change in status["history"]]
    return objects, status


def jobs_made(world: World) -> set[str]:
    return {path.rsplit("/", 1)[1] for verb, path in world.kube.writes if verb == "apply" and "/jobs/" in path}


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

    for count in range(1, len(expected.kube.writes) + 1):
        world = make()
        stop_at(world, count, after=after)

        assert install(world), f"write {count} was not reached"

        where = f"stopped {'after' if after else 'before'} write {count}: {expected.kube.writes[count - 1]}"
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
        ("delete", "jobs"),
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
