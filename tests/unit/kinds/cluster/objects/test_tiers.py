"""The worker's cache: what Alluxio is told of it, and the volumes that it lies on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import cluster_spec

from alluxio_operator.api.alluxiocluster import Workers
from alluxio_operator.api.base import in_bytes
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import memory, tiers
from alluxio_operator.kinds.cluster.objects.tiers import MI, TierVolume
from alluxio_operator.workloads.memory import Division

NAMES = Names("small", "data")
GI = 1024 * MI
MEM = {"name": "MEM", "quota": "2Gi"}
SSD = {"name": "SSD", "quota": "90Gi"}
HDD = {"name": "HDD", "quota": "1Ti"}
CLAIM = {"claim": {"size": "100Gi", "storageClassName": "fast"}}
HOST = {"hostPath": {"path": "/data/alluxio"}}


def workers(*given_tiers: dict[str, Any], **over: Any) -> Workers:
    return cluster_spec(workers={"tiers": list(given_tiers), **over}).workers


def volume(tier: dict[str, Any], **over: Any) -> TierVolume:
    [found] = tiers.tier_volumes(workers(tier, **over), NAMES)
    return found


# --- what Alluxio is told -----------------------------------------------------------------------------------------


def test_the_levels_are_the_tiers_in_their_order():
    found = tiers.tier_properties(workers(MEM, SSD, HDD))

    assert found["alluxio.worker.tieredstore.levels"] == 3
    assert [
        tuple(found[f"alluxio.worker.tieredstore.level{level}.{key}"] for key in ("alias", "dirs.path", "dirs.quota"))
        for level in range(3)
    ] == [("MEM", "/tiers/mem", 2 * GI), ("SSD", "/tiers/ssd", 90 * GI), ("HDD", "/tiers/hdd", 1024 * GI)]


@pytest.mark.parametrize(
    ("tier", "medium"),
    [({"name": "HDD"}, "HDD"), ({"name": "SSD", "medium": "HDD"}, "HDD"), ({"name": "SSD", "medium": "MEM"}, "MEM")],
)
def test_a_tier_lies_on_the_medium_of_its_name_unless_said(tier: dict[str, str], medium: str):
    assert tiers.tier_properties(workers(tier))["alluxio.worker.tieredstore.level0.dirs.mediumtype"] == medium


RESERVE = "alluxio.worker.management.tier.align.reserved.bytes"


def test_a_single_tier_reserves_nothing():
    assert RESERVE not in tiers.tier_properties(workers(MEM))


@pytest.mark.parametrize(
    ("quotas", "reserve"),
    [(("256Mi", "1Gi"), 32 * MI), (("16Gi", "1Ti"), GI), (("1Ti", "4Gi"), GI // 2)],
)
def test_each_of_several_tiers_reserves_an_eighth_of_the_smallest_up_to_alluxios_own(
    quotas: tuple[str, str], reserve: int
):
    fast, slow = quotas

    found = tiers.tier_properties(workers({**MEM, "quota": fast}, {**SSD, "quota": slow}))
    assert found[RESERVE] == reserve


def test_the_reserve_may_be_given():
    assert tiers.tier_properties(workers(MEM, SSD, tierReserve="100Mi"))[RESERVE] == 100 * MI


@given(st.lists(st.integers(1, 2**45), min_size=2, max_size=3))
def test_whatever_the_quotas_the_reserve_leaves_room_in_each_tier(quotas: list[int]):
    made = workers(
        *({"name": name, "quota": quota} for name, quota in zip(("MEM", "SSD", "HDD"), quotas, strict=False))
    )

    assert 0 <= tiers.reserve(made) < min(quotas)


# --- volumes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quota", "size"), [("1Gi", "1040Mi"), ("1G", "970Mi"), ("1", "17Mi")])
def test_a_tier_in_memory_is_a_little_larger_than_its_quota(quota: str, size: str):
    found = volume({"quota": quota})

    assert found.source == {"emptyDir": {"medium": "Memory", "sizeLimit": size}}
    assert found.on_node_disk == 0


def test_a_tier_on_the_nodes_disk_fits_whole_blocks_and_counts_as_its_storage():
    found = volume({"name": "SSD", "quota": "16Gi"})

    assert found.source == {"emptyDir": {"sizeLimit": "17424Mi"}}
    assert found.on_node_disk == in_bytes("17Gi") + 16 * MI


def test_a_claim_of_a_statefulset_comes_from_its_template():
    found = volume({**SSD, "storage": CLAIM})

    assert (found.source, found.on_node_disk) == (None, 0)
    assert found.claim == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "100Gi"}},
        "storageClassName": "fast",
    }


def test_a_claim_of_a_daemonset_goes_with_its_pod():
    found = volume({**SSD, "storage": {"claim": {"size": "100Gi"}}}, workload="DaemonSet", replicas=None)

    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Gi"}}}
    assert (found.claim, found.source) == (None, {"ephemeral": {"volumeClaimTemplate": {"spec": claim}}})


def test_each_cluster_has_its_folder_on_a_node_and_each_statefulset_pod_one_in_it():
    stateful = volume({**HDD, "storage": HOST})
    daemon = volume({**HDD, "storage": HOST}, workload="DaemonSet", replicas=None)

    folder = {"hostPath": {"path": "/data/alluxio/data/small", "type": "DirectoryOrCreate"}}
    assert stateful.source == daemon.source == folder
    assert (stateful.per_pod, daemon.per_pod) == (True, False)


def test_folders_of_the_node_are_given_to_alluxio_and_nothing_else_is():
    stateful = workers({**MEM}, {**SSD, "storage": CLAIM}, {**HDD, "storage": HOST})
    daemon = workers({**HDD, "storage": HOST}, workload="DaemonSet", replicas=None, shortCircuit={"policy": "Uuid"})

    assert tiers.host_folders(stateful, NAMES) == {
        "folders": ["/tiers/hdd/$(POD_NAME)"],
        "mounts": [{"name": "tier-hdd", "mountPath": "/tiers/hdd"}],
    }
    assert tiers.host_folders(daemon, NAMES)["folders"] == ["/tiers/hdd", "/alluxio-sockets"]
    assert tiers.host_folders(workers(MEM, SSD), NAMES) == {"folders": [], "mounts": []}


# --- memory -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_tiers", "counted"),
    [
        ([MEM, SSD, HDD], 2 * GI),
        ([SSD], 0),
        ([MEM, {**SSD, "medium": "MEM", "quota": "1Gi"}], 3 * GI),
        ([{"name": "MEM", "medium": "SSD", "quota": "1Gi"}], 0),
    ],
)
def test_only_tiers_in_memory_count_against_the_memory_limit(given_tiers: list[dict[str, Any]], counted: int):
    found = memory.divisions(cluster_spec(workers={"tiers": given_tiers}))["worker"]

    assert isinstance(found, Division)
    assert found.tiers == counted


# --- problems -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quota", ["0", "500m", "0.5"])
def test_a_tier_that_holds_nothing_is_a_problem(quota: str):
    [problem] = tiers.problems(workers({"quota": quota}))

    assert (problem.field, problem.value) == ("spec.workers.tiers[MEM].quota", quota)


def test_a_reserve_that_is_all_of_a_tier_is_a_problem_and_names_the_tier():
    [problem] = tiers.problems(workers({**MEM, "quota": "256Mi"}, SSD, tierReserve="256Mi"))

    assert str(problem) == (
        'spec.workers.tierReserve "256Mi" leaves no room for blocks in tier MEM (256Mi); '
        "lower it or raise spec.workers.tiers[MEM].quota"
    )


def test_a_reserve_of_a_single_tier_is_not_used_and_no_problem():
    assert list(tiers.problems(workers(MEM, tierReserve="1Ti"))) == []
