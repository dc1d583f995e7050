"""What somebody does to the operator's objects is undone at once, by hooks and by the server's own watches alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dev.cluster.paths import find_paths
from tests.faults.records import Record
from tests.faults.reference import Form
from tests.faults.scenarios import installed
from tests.faults.world import KEEPS_ITS_LEASE, NAME, World, WorldMaker, pause

from alluxio_operator.environment import CHILD_EVENTS, HOOKS, WATCH
from alluxio_operator.kube.kinds import KINDS

SOURCES = (HOOKS, WATCH)
AT_ONCE = 60.0
"""Seconds: far less than the twenty minutes to the next resync, far more than it takes on a busy machine."""
BEFORE_IT_WATCHES = 2.0
"""Seconds in which a server that knew of the deletion would have undone it."""
LOOKS = 'alluxio_operator_reconcile_duration_seconds_count{kind="AlluxioCluster"}'


def path_of(world: World, kind: str, name: str) -> str:
    """Return the path of an object of the cluster."""
    return KINDS[kind].path(world.namespace, f"{NAME}-{name}")


def delete(world: World, kind: str, name: str) -> Callable[[], bool]:
    """Delete an object; return whether another one is there."""
    path = path_of(world, kind, name)
    uid = world.api.call("GET", path, ok=True).body["metadata"]["uid"]
    world.api.call("DELETE", path, ok=True)

    def is_back() -> bool:
        answer = world.api.call("GET", path)
        return answer.status == 200 and answer.body["metadata"]["uid"] != uid

    return is_back


def change(world: World, kind: str, name: str, patch: dict[str, Any], part: str) -> Callable[[], bool]:
    """Change a part of an object; return whether it is as it was."""
    path = path_of(world, kind, name)
    before = world.api.call("GET", path, ok=True).body[part]
    assert world.api.merge(path, patch).body[part] != before

    return lambda: world.api.call("GET", path, ok=True).body[part] == before


ACTS: dict[str, Callable[[World], Callable[[], bool]]] = {
    "a ConfigMap deleted": lambda world: delete(world, "ConfigMap", "client"),
    "a Service deleted": lambda world: delete(world, "Service", "client"),
    "a ConfigMap changed": lambda world: change(
        world, "ConfigMap", "client", {"data": {"alluxio-site.properties": "drift"}}, "data"
    ),
    "a StatefulSet changed": lambda world: change(world, "StatefulSet", "master", {"spec": {"replicas": 0}}, "spec"),
}


def undone(new_world: WorldMaker, source: str) -> dict[str, float]:
    """Disturb a cluster at rest; return the seconds until each act was undone."""
    with closing(new_world({CHILD_EVENTS: source} | KEEPS_ITS_LEASE)) as world:
        installed(world)
        assert world.first.metric(f'alluxio_operator_child_events_source{{source="{source}"}}') == 1
        found = {}
        for name, act in ACTS.items():
            began = time.monotonic()
            world.until(act(world), AT_ONCE)
            found[name] = round(time.monotonic() - began, 2)
            world.wait_until_ready()
        assert not world.tracebacks(), world.tracebacks()[0]
        return found


def undone_from_the_start(new_world: WorldMaker, source: str) -> float:
    """Delete an object between the first look of an operator that starts and the moment from which events come.

    By hooks that is when shell-operator watches, and no event ever tells of the deletion. Return the seconds until the
    object is back, from that moment on.
    """
    with TemporaryDirectory() as folder:
        go_on = Path(folder) / "go-on"
        settings = KEEPS_ITS_LEASE | {
            CHILD_EVENTS: source,
            "ALLUXIO_OPERATOR_SHELL_OPERATOR": str(late_shell_operator(go_on)),
        }
        with closing(new_world(settings)) as world:
            return _undone_from_the_start(world, go_on, events_come_late=source == HOOKS)


def _undone_from_the_start(world: World, go_on: Path, *, events_come_late: bool) -> float:
    go_on.touch()
    installed(world)
    world.first.stop()
    go_on.unlink()
    world.first.start()
    world.until(lambda: world.first.metric(LOOKS))
    is_back = delete(world, "ConfigMap", "client")
    if events_come_late:
        pause(BEFORE_IT_WATCHES)
        assert not is_back(), "something else than an event woke the owner"
    go_on.touch()
    began = time.monotonic()
    world.until(is_back, AT_ONCE)
    return round(time.monotonic() - began, 2)


def late_shell_operator(go_on: Path) -> Path:
    """Return a program that becomes shell-operator once a file is there."""
    program = go_on.with_name("late-shell-operator")
    real = find_paths(os.environ).bin / "shell-operator"
    program.write_text(f'#!/bin/sh\nwhile [ ! -e {go_on} ]; do sleep 0.05; done\nexec {real} "$@"\n')
    program.chmod(0o755)
    return program


def begin(form: Form) -> dict[str, Future[Any]]:
    """Begin all of them."""
    return {
        f"{one.__name__} {source}": form.pool.submit(one, form.new_world, source)
        for one in (undone, undone_from_the_start)
        for source in SOURCES
    }


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_done_to_children_is_undone_at_once(source: str, begun: dict[str, Any], record: Record):
    record(f"undone by {source}", **begun[__name__][f"undone {source}"].result())


@pytest.mark.parametrize("source", SOURCES)
def test_a_deletion_that_no_event_tells_of_is_undone_soon(source: str, begun: dict[str, Any], record: Record):
    seconds = begun[__name__][f"undone_from_the_start {source}"].result()
    record(f"undone from the start by {source}", seconds=seconds)
