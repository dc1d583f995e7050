"""Workers that count as holders of a block, and tiers that outlive their pods."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAME, cluster_spec, observed, ready_pod, resource

from alluxio_operator.alluxio.at_risk import Holders
from alluxio_operator.kinds.cluster.risk.holders import holders_of

HOST = {"hostPath": {"path": "/mnt/disk"}}
CLAIM = {"claim": {"size": "2Gi"}}


def holders(*pods: Any, **over: Any) -> Holders:
    workers = {"workload": "StatefulSet", "replicas": 2, **over}
    if workers["workload"] == "DaemonSet":
        workers["replicas"] = None
    return holders_of(observed(resource(), *pods), cluster_spec(workers=workers).workers)


def test_a_worker_of_a_statefulset_is_known_by_its_host_also_without_a_pod():
    known = holders(ready_pod("worker", f"{NAME}-worker-0", ip="10.0.0.9")).workers
    assert known == {
        f"{NAME}-worker-0.{NAME}-worker.data.svc": f"{NAME}-worker-0",
        f"{NAME}-worker-1.{NAME}-worker.data.svc": f"{NAME}-worker-1",
        "10.0.0.9": f"{NAME}-worker-0",
    }


def test_a_worker_beyond_the_replicas_counts_while_its_pod_exists():
    known = holders(ready_pod("worker", f"{NAME}-worker-7", ip="10.0.0.9")).workers
    assert known["10.0.0.9"] == f"{NAME}-worker-7"


def test_a_worker_of_a_daemonset_is_known_by_the_address_of_its_pod():
    known = holders(ready_pod("worker", f"{NAME}-worker-x7k2p", ip="10.0.0.9"), workload="DaemonSet").workers
    assert known["10.0.0.9"] == f"{NAME}-worker-x7k2p"
    assert f"{NAME}-worker-0" not in known.values()


def test_other_roles_hold_nothing():
    assert "10.0.0.9" not in holders(ready_pod("master", f"{NAME}-master-0", ip="10.0.0.9")).workers


@pytest.mark.parametrize(
    ("workload", "storage", "medium", "lasts"),
    [
        ("StatefulSet", {}, "SSD", False),
        ("StatefulSet", CLAIM, "SSD", True),
        ("DaemonSet", CLAIM, "SSD", False),
        ("DaemonSet", HOST, "SSD", True),
        ("DaemonSet", {}, "SSD", False),
    ],
)
def test_a_tier_lasts_if_its_storage_does(workload: str, storage: Any, medium: str, lasts: bool):
    tiers = [{"name": medium, "storage": storage}]
    assert holders(workload=workload, tiers=tiers).lasting == (frozenset({medium}) if lasts else frozenset())


def test_memory_never_lasts():
    assert holders(tiers=[{"name": "MEM"}]).lasting == frozenset()
