"""A drill whose operator is killed before or after each of its writes ends as if nothing had been."""

import pytest
from tests.support import builders
from tests.support.crashes import Stopped, jobs_made, stop_at
from tests.support.drill import NAME, THROW_AWAY, DrillWorld, read_at

ROUNDS = 30


def finished(stop: int = 0, *, after: bool = False, fails: bool = False) -> tuple[DrillWorld, bool]:
    world = DrillWorld()
    world.result = read_at(world, 95, **({"missing": 1, "matched": 99} if fails else {}))
    if stop:
        stop_at(world, stop, after=after)
    stopped = False
    for _ in range(ROUNDS):
        try:
            world.reconcile()
        except Stopped:
            stopped = True
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()
        if world.status.get("finished"):
            return world, stopped
        world.turn()
        world.pass_time(5)
    raise AssertionError(f"not finished: {world.status}")


WRITES = len(finished()[0].kube.writes)


def end(world: DrillWorld) -> dict[str, object]:
    status = world.status
    fields = ("phase", "passed", "backup", "entries", "files", "failure", "reason", "throwAway", "rpoSeconds")
    return {name: status.get(name) for name in fields}


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("stop", range(1, WRITES + 1))
def test_killed_at_a_write(stop, after, fails):
    undisturbed, _ = finished(fails=fails)
    world, stopped = finished(stop, after=after, fails=fails)
    assert stopped or stop > WRITES - 3, "the write was not reached"
    assert end(world) | {"rpoSeconds": 0} == end(undisturbed) | {"rpoSeconds": 0}
    assert world.rest() == []
    assert jobs_made(world) == {f"{NAME}-prepare", f"{NAME}-read"}
    created = [path for verb, path in world.kube.writes if verb == "create" and "/alluxioclusters/" in path]
    assert [path.rsplit("/", 1)[1] for path in created] == [THROW_AWAY]
    assert builders.NAME in {obj["metadata"]["name"] for obj in world.kube.objects.values()}


@pytest.mark.parametrize("step", range(12))
def test_a_drill_that_is_deleted_midway_leaves_nothing_to_the_operator(step):
    """The garbage collector removes what names the drill as its owner: everything is, or is owned by what is."""
    world = DrillWorld()
    for _ in range(step):
        world.reconcile()
        world.turn()
        world.pass_time(5)
    made = [
        one
        for one in world.kube.objects.values()
        if one["kind"] not in ("Event", "Pod", "AlluxioBackup", "AlluxioDrill") and one["metadata"]["name"] != "small"
    ]
    owners = {one["metadata"]["name"]: one["metadata"]["ownerReferences"][0]["name"] for one in made}
    assert all(owner in (NAME, THROW_AWAY) for owner in owners.values())
