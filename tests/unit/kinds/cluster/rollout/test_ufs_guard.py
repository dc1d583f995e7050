"""No planned restart of a master while the storage below isn't known to be well."""

from __future__ import annotations

import pytest
from tests.support.builders import initialized, later, observed
from tests.support.rollout import HASHES, NEW, OLD, WELL, Json, begun, broken, deleted, made, masters

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, RolloutStatus
from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.rollout.health import Roles
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep, next_rollout_step
from alluxio_operator.kinds.cluster.rollout.ufs_guard import guarded
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth

AWAY = UfsHealth("http://namenode.data.svc:8020: connection refused")


def step(
    pods: list[Json], health: UfsHealth | None, rollout: RolloutStatus | None = None, *, wanted: bool = True
) -> RolloutStep:
    found = observed(
        *pods,
        ClusterStatus(journal=initialized(members=3), rollout=rollout),
        answers={f"small-master-{ordinal}": answer for ordinal, answer in WELL.items()},
        job_master=True,
    )
    workers = sum(one["metadata"]["name"].startswith("small-worker") for one in pods)
    roles = Roles(found, quorum_of(found, 3), HASHES, {"worker": workers}, later(10))
    return guarded(next_rollout_step(roles, Upgrade(), later(10)), health, wanted=wanted)


def test_nothing_begins_before_the_storage_was_asked():
    found = step(masters(OLD, OLD, OLD), None)

    assert (found.status, deleted(found), found.needs_ufs_probe) == (None, [], True)


def test_a_master_goes_when_the_storage_answers():
    found = step(masters(OLD, OLD, OLD), UfsHealth())

    assert deleted(found) == ["small-master-2"]
    assert not found.needs_ufs_probe


def test_no_master_goes_while_the_storage_is_away():
    found = step(masters(OLD, OLD, OLD), AWAY)

    assert (found.status, deleted(found), found.needs_ufs_probe, found.in_progress) == (None, [], False, False)
    assert (found.gate.passed, found.gate.reason) == (False, "HeldForUfs")
    for part in ("small-master-2", "connection refused", "spec.upgrade.waitForUfs"):
        assert part in found.gate.message


def test_a_step_that_is_on_record_and_has_done_nothing_is_taken_back():
    found = step(masters(OLD, OLD, OLD), AWAY, begun("master", "master-2", since=0))

    assert (found.status, deleted(found)) == (None, [])


def test_a_step_whose_master_is_being_replaced_goes_on():
    record = begun("master", "master-2-before", since=0)
    found = step([*masters(OLD, OLD), broken("master", 2, NEW)], AWAY, record)

    assert found.status == record
    assert found.gate.reason == "Replacing"


@pytest.mark.parametrize(("health", "goes"), [(UfsHealth(), ["small-master-2"]), (AWAY, []), (None, [])])
def test_a_master_that_seems_to_fail_may_only_wait_for_its_storage(health: UfsHealth | None, goes: list[str]):
    found = observed(
        *masters(NEW, NEW),
        broken("master", 2),
        ClusterStatus(journal=initialized(members=3)),
        answers={f"small-master-{ordinal}": WELL[ordinal] for ordinal in (0, 1)},
    )
    roles = Roles(found, quorum_of(found, 3), HASHES, {}, later(10))

    assert deleted(guarded(next_rollout_step(roles, Upgrade(), later(10)), health, wanted=True)) == goes


def test_workers_do_not_wait_for_the_storage():
    pods = [*masters(NEW, NEW, NEW), made("jobmaster", by=NEW), made("worker")]

    assert deleted(step(pods, AWAY)) == ["small-worker-0"]


def test_who_does_not_wish_to_wait_does_not():
    assert deleted(step(masters(OLD, OLD, OLD), None, wanted=False)) == ["small-master-2"]
