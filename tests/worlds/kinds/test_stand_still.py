"""No wait is a hot loop: every gate and operation stands still for an hour, and its reconciles, writes and calls count.

`docs/architecture.md` says how often: after 1 s at first, later after up to 15 s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.support import (
    gate_sites,
    standing_changes,
    standing_in_place,
    standing_members,
    standing_removals,
    standing_restores,
    standing_volumes,
)
from tests.support.backup import BackupWorld
from tests.support.drill import DrillWorld
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.stand_still import HOUR, SETTLED, StandStill, Stretch
from tests.support.standing_backups import BACKUPS
from tests.support.standing_clusters import CLUSTERS, lone
from tests.support.standing_drills import DRILLS
from tests.support.standing_prestos import PRESTOS
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.kube.errors import ApiError, Conflict, Refused
from alluxio_operator.transport.deadline import DeadlineExceeded

ALL = {f"cluster: {name}": case for name, case in CLUSTERS.items()}
ALL |= {f"backup: {name}": case for name, case in BACKUPS.items()}
ALL |= {f"drill: {name}": case for name, case in DRILLS.items()}
ALL |= {f"presto: {name}": case for name, case in PRESTOS.items()}
OTHERS = {standing_changes, standing_in_place, standing_members, standing_removals, standing_restores, standing_volumes}
assert OTHERS, "their cases are registered"

MOST = 750
"""Reconciles of an hour: one a second in the first minute, then fewer, and one in 15 s from the 15th minute on.

That makes 400, and a gate that closes by a time-out begins anew."""
SILENT = NoAnswer("no answer in time")


def servers_of(world: OwnerWorld) -> Any:
    if isinstance(world, DrillWorld):
        return None
    return world.alluxio if isinstance(world, World | BackupWorld) else world.servers  # type: ignore[attr-defined]


def silence(world: OwnerWorld) -> None:
    """Let no server answer from now on."""
    if isinstance(world, PrestoWorld):
        world.servers.answer, world.servers.processors = SILENT, None
        return
    if isinstance(world, DrillWorld):
        return
    assert isinstance(world, World | BackupWorld)
    alluxio = world.alluxio
    alluxio.master = alluxio.begins = alluxio.backed_up = alluxio.takes = alluxio.written = alluxio.deletes = SILENT
    alluxio.answers, alluxio.indexes, alluxio.job_master = {}, {}, False


def check(done: Stretch, every: float, writes: int) -> None:
    most = max(MOST, HOUR / every + 60)
    assert done.count() <= most, f"{done.count()} reconciles in an hour"
    assert done.count(SETTLED) <= (HOUR - SETTLED) / every + 10, f"{done.count(SETTLED)} reconciles in half an hour"
    assert len(done.needless_writes()) <= writes, done.needless_writes()
    assert max((done.calls[name] for name in ("backup", "test_write")), default=0) <= 70, done.calls


@pytest.mark.parametrize("name", ALL)
def test_an_hour_of_stand_still_costs_little(name: str):
    case = ALL[name]
    world = case.make()
    done = StandStill(world, servers_of(world)).pass_an_hour()

    assert world.condition(case.condition)["reason"] == case.reason
    check(done, case.every, case.writes)
    assert repeated(world) == {}


@pytest.mark.parametrize("name", {case.condition: name for name, case in ALL.items()}.values())
def test_an_hour_in_which_no_server_answers_costs_little(name: str):
    case = ALL[name]
    world = case.make()
    world.reconcile(everything=True)
    silence(world)

    check(StandStill(world, servers_of(world)).pass_an_hour(), case.every, case.writes)


def repeated(world: OwnerWorld) -> dict[str, int]:
    """Return conditions, with reasons, of which the operator posted several Warnings, instead of one with a count."""
    own = [
        one
        for one in world.kube.objects.values()
        if one["kind"] == "Event" and one.get("reportingComponent") and one["type"] == "Warning"
    ]
    counted = Counter(f"{one['message'].partition(':')[0]}: {one['reason']}" for one in own)
    return {reason: number for reason, number in counted.items() if number > 2}


@pytest.mark.parametrize("name", [next(iter(ALL)), list(ALL)[-1]])
def test_an_hour_without_leaps_is_no_longer(name: str):
    case = ALL[name]
    world, same = case.make(), case.make()
    each = StandStill(world, servers_of(world), leaps=False).pass_an_hour()
    leaping = StandStill(same, servers_of(same)).pass_an_hour()

    check(each, case.every, case.writes)
    assert each.count() <= leaping.count() <= 1.2 * each.count()


def test_every_gate_and_every_operation_that_waits_has_a_case():
    seen: set[tuple[str, int]] = set()
    for case in ALL.values():
        world = case.make()
        for seconds in (0.0, *case.later):
            world.pass_time(seconds)
            with gate_sites.recorded(seen):
                world.reconcile(everything=True)
    missing = [
        str(site)
        for site in gate_sites.sites()
        if not any((site.path, line) in seen for line in range(site.first, site.last + 1))
    ]

    assert missing == []


# --- an API server that refuses ------------------------------------------------------------------------------------

Fault = Callable[[str], Exception]
FAULTS: dict[str, Fault] = {
    "409": lambda call: Conflict(call, 409, "the object has been modified"),
    "403": lambda call: Refused(call, 403, "denied by a policy"),
    "500": lambda call: ApiError(call, 500, "etcd is away"),
    "429": lambda call: ApiError(call, 429, "too many requests", retry_after=1.0),
    "no answer": lambda call: ApiError(call, 0, "connection refused"),
    "time-out": lambda call: DeadlineExceeded(call),
}


MADE: dict[str, Callable[[], OwnerWorld]] = {
    "new cluster": World,
    "new presto": PrestoWorld,
    "changed cluster": lambda: _changed_cluster(),
    "changed presto": lambda: _changed_presto(),
}


@pytest.mark.parametrize(
    ("make", "fault", "part"),
    [
        *((make, fault, "") for make in ("new cluster", "new presto") for fault in FAULTS),
        *((make, fault, "") for make in ("changed cluster", "changed presto") for fault in ("409", "403")),
        *((make, fault, part) for make in MADE for fault, part in (("409", "/status"), ("403", "/events"))),
    ],
)
def test_an_api_server_that_refuses_writes_is_asked_less_and_less(make: str, fault: str, part: str):
    world = MADE[make]()
    tries = 0

    def refuse(verb: str, path: str) -> None:
        nonlocal tries
        if verb not in ("get", "list") and (path.endswith(part) or f"{part}/" in path):
            tries += 1
            raise FAULTS[fault](f"{verb} {path}")

    world.kube.before_call = refuse
    done = StandStill(world, servers_of(world)).pass_an_hour()

    assert not done.hot
    assert done.count() <= MOST
    assert done.count(SETTLED) <= 130
    assert tries <= 130, "an hour of back-off"


def _changed_cluster() -> World:
    world = lone()
    world.edit_spec(properties={"alluxio.user.metrics.collection.enabled": "true"})
    return world


def _changed_presto() -> PrestoWorld:
    presto = PrestoWorld()
    presto.settle()
    presto.edit_spec(coordinator={"ports": {"http": 8081}})
    return presto
