"""Stop an operator before or after any of its writes, restart it, and return the final state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from tests.support.owner_world import OwnerWorld

Json = dict[str, Any]
W = TypeVar("W", bound=OwnerWorld)

INSTALLATION = 12
"""Reconciles within which an installation is complete."""


class Stopped(BaseException):
    """The operator's process ends here. Not an Exception, so that no error handler catches it."""


def stop_at(world: OwnerWorld, count: int, *, after: bool) -> None:
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


def run(world: OwnerWorld, rounds: int) -> bool:
    """Reconcile until nothing changes, and restart a stopped operator; return True if it was stopped."""
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
        if completed and is_ready(world) and len(world.kube.writes) == written:
            return stopped
    raise AssertionError(f"not done: {world.status}")


def install(world: OwnerWorld) -> bool:
    """Complete an installation; return True if the operator was stopped."""
    return run(world, INSTALLATION)


def stopped_at_each(
    make: Callable[[], W], writes: Sequence[tuple[str, str]], rounds: int, *, after: bool
) -> Iterator[tuple[W, str]]:
    """Yield for each write a world whose operator was stopped there and then completed, and words that name the write.

    `writes` are those of an undisturbed world.
    """
    for count, write in enumerate(writes, start=1):
        world = make()
        stop_at(world, count, after=after)

        assert run(world, rounds), f"write {count} was not reached"

        yield world, f"stopped {'after' if after else 'before'} write {count}: {write}"


def jobs_made(world: OwnerWorld) -> set[str]:
    """Return the names of the Jobs that were applied."""
    return {path.rsplit("/", 1)[1] for verb, path in world.kube.writes if verb == "apply" and "/jobs/" in path}


def is_ready(world: OwnerWorld) -> bool:
    """Return True if the resource is Ready, also after a rollback."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in world.status["conditions"])


def refusals(world: OwnerWorld) -> list[str]:
    """Return the messages of the API server's rejections."""
    return [c["message"] for c in world.status.get("conditions", ()) if c["reason"] == "Refused"]


def outcome(world: OwnerWorld) -> tuple[Json, Json]:
    """Return the final objects and status, without versions, times and Events."""
    objects = {}
    for path, obj in world.kube.objects.items():
        if obj["kind"] in ("Event", "Pod", world.key.kind):
            continue
        dropped = ("uid", "resourceVersion", "creationTimestamp", "generation")
        objects[path] = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in dropped}}
        objects[path].pop("status", None)
    status = {**world.status, "conditions": [{**c, "lastTransitionTime": ""} for c in world.status["conditions"]]}
    if "writeProof" in status:
        # A restarted operator reconciles at other times.
        status["writeProof"] = {key: value for key, value in status["writeProof"].items() if key != "checked"}
    # The start of a change, and its remaining work, depend on the first completed reconcile.
    status["history"] = [change["what"] for change in status["history"]]
    if "writeProof" in status:
        # Names the leader's pod by its uid.
        status["writeProof"] = {**status["writeProof"], "leader": "", "checked": ""}
    return objects, status
