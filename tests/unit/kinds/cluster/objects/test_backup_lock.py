"""The lock of a backup: the leader waits for seconds, a user's own value wins, and no pod restarts for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import cluster

from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.objects import backup_lock, properties
from alluxio_operator.kinds.cluster.objects.backup_lock import lock_properties

LOCK = "alluxio.master.shell.backup.state.lock"
OWN = {f"{LOCK}.grace.mode": "FORCED", f"{LOCK}.sleep.duration": "1s"}


def set_on_the_leader(**over: Any) -> dict[str, str]:
    made = cluster(**over)
    return dict(lock_properties(made.spec, properties.for_role(made.spec, made.names, names.MASTER)))


def master_hash(**over: Any) -> str:
    values = JournalValues(job=None, operation="", initialized=True, members=None)
    return str(context_of(cluster(**over), values)["roles"][names.MASTER]["configHash"])


def test_a_backup_waits_once_and_for_seconds():
    assert set_on_the_leader() == {
        f"{LOCK}.grace.mode": "TIMEOUT",
        f"{LOCK}.try.duration": "5s",
        f"{LOCK}.timeout": "5s",
    }


@pytest.mark.parametrize("place", [{"properties": OWN}, {"masters": {"properties": OWN}}])
def test_a_value_of_the_user_wins(place: dict[str, Any]):
    found = set_on_the_leader(**place)

    assert (found[f"{LOCK}.grace.mode"], found[f"{LOCK}.sleep.duration"]) == ("FORCED", "1s")


def test_a_jvm_option_is_not_overridden():
    options = [f"-D{LOCK}.grace.mode=FORCED"]

    assert f"{LOCK}.grace.mode" not in set_on_the_leader(masters={"jvm": {"options": options}})


@pytest.mark.parametrize("version", ["2.9.3", "2.9.4"])
def test_masters_do_not_restart_for_it(version: str, monkeypatch: pytest.MonkeyPatch):
    now = master_hash(version=version)

    assert master_hash(version=version, properties=OWN) == now
    monkeypatch.setitem(properties.DEFAULTS_OF_ROLES, names.MASTER, {})  # type: ignore[arg-type]
    assert master_hash(version=version) == now, "clusters of an older operator keep their pods"


def test_masters_that_take_no_update_restart_for_it():
    fixed = {"alluxio.conf.dynamic.update.enabled": "false"}

    assert master_hash(properties=fixed) != master_hash(properties={**fixed, **OWN})


def test_only_masters_have_the_properties():
    made = cluster()

    for role in (names.WORKER, names.JOB_MASTER, names.FUSE):
        assert not backup_lock.KEYS & properties.for_role(made.spec, made.names, role).keys()
