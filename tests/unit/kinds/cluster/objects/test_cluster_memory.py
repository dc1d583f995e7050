"""The division of memory: sums that provably fit, and sums that don't, shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import cluster_spec

from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.objects import memory
from alluxio_operator.kinds.cluster.objects.memory import ROCKSDB
from alluxio_operator.workloads.memory import MI, OVERHEAD, SMALLEST_HEAP, Division

GI = 1024 * MI
ROLES = {
    "master": "masters",
    "worker": "workers",
    "jobmaster": "jobService.master",
    "jobworker": "jobService.worker",
    "logserver": "logServer",
    "proxy": "proxy",
    "fuse": "fuse",
}
OFF_BY_DEFAULT = ("proxy", "fuse")


def divided(role: str, **over: Any) -> Division | Problem:
    """Return the division of one role; `over` is laid over the role's part of the spec."""
    part: dict[str, Any] = {**over, **({"enabled": True} if role in OFF_BY_DEFAULT else {})}
    for key in reversed(ROLES[role].split(".")):
        part = {key: part}
    return memory.divisions(cluster_spec(**part))[role]


def division(role: str, **over: Any) -> Division:
    found = divided(role, **over)
    assert isinstance(found, Division), found
    return found


def problem(role: str, **over: Any) -> Problem:
    found = divided(role, **over)
    assert isinstance(found, Problem), found
    return found


def limit(memory: str) -> dict[str, Any]:
    return {"resources": {"limits": {"memory": memory}}}


# --- nothing said -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "heap", "direct", "more"),
    [
        ("master", 1024, 128, ROCKSDB),
        ("worker", 1024, 512, 0),
        ("jobmaster", 512, 64, 0),
        ("jobworker", 512, 256, 0),
        ("logserver", 128, 16, 0),
        ("proxy", 512, 256, 0),
        ("fuse", 512, 512, 0),
    ],
)
def test_a_role_of_which_nothing_is_said_gets_a_limit_that_is_the_sum_of_its_parts(
    role: str, heap: int, direct: int, more: int
):
    found = division(role)

    tiers = GI if role == "worker" else 0
    assert (found.heap, found.direct, found.overhead, found.tiers) == (heap * MI, direct * MI, OVERHEAD + more, tiers)
    assert found.limit == found.heap + found.direct + found.overhead + found.tiers
    assert found.request == found.limit, "what is used is set aside"


def test_roles_that_dont_run_need_no_memory():
    spec = cluster_spec(jobService={"enabled": False}, logServer={"enabled": False})

    assert set(memory.divisions(spec)) == {"master", "worker"}


@pytest.mark.parametrize("place", ["cluster", "role"])
def test_a_metastore_on_the_heap_needs_no_room_for_rocksdb(place: str):
    heap = {"properties": {"alluxio.master.metastore": "HEAP"}}
    spec = cluster_spec(**heap) if place == "cluster" else cluster_spec(masters=heap)

    found = memory.divisions(spec)["master"]

    assert isinstance(found, Division)
    assert found.overhead == OVERHEAD


def test_the_roles_own_metastore_wins_over_the_clusters():
    spec = cluster_spec(
        properties={"alluxio.master.metastore": "HEAP"},
        masters={"properties": {"alluxio.master.metastore": "ROCKS"}},
    )

    found = memory.divisions(spec)["master"]

    assert isinstance(found, Division)
    assert found.overhead == OVERHEAD + ROCKSDB


# --- limit, heap, requests ----------------------------------------------------------------------------------------


def test_the_heap_is_what_a_limit_leaves_in_whole_mebibytes():
    found = division("jobmaster", resources={"limits": {"memory": str(1000 * MI + 12345)}})

    assert found.heap == 1000 * MI - OVERHEAD - 64 * MI
    assert found.limit == 1000 * MI + 12345


def test_a_heap_that_is_given_stays_and_the_limit_keeps_its_slack():
    found = division("jobmaster", jvm={"heap": "256Mi"}, **limit("2Gi"))

    assert (found.heap, found.limit) == (256 * MI, 2 * GI)


def test_a_heap_without_a_limit_leads_to_the_limit():
    found = division("jobmaster", jvm={"heap": "3Gi", "directMemory": "1Gi"})

    assert found.limit == 3 * GI + GI + OVERHEAD


def test_a_limit_that_is_exactly_the_sum_fits_and_one_byte_less_does_not():
    needed = 256 * MI + 64 * MI + OVERHEAD

    assert division("jobmaster", jvm={"heap": "256Mi"}, **limit(str(needed))).limit == needed
    assert problem("jobmaster", jvm={"heap": "256Mi"}, **limit(str(needed - 1)))


def test_a_limit_that_leaves_less_than_the_smallest_heap_is_a_problem():
    smallest = SMALLEST_HEAP + 64 * MI + OVERHEAD

    assert division("jobmaster", **limit(str(smallest))).heap == SMALLEST_HEAP
    assert "heap 64Mi" in problem("jobmaster", **limit(str(smallest - 1))).message


def test_a_request_of_its_own_is_kept():
    found = division("jobmaster", resources={"requests": {"memory": "100Mi"}})

    assert found.request == 100 * MI


def test_a_request_above_the_limit_names_the_limit():
    found = problem("jobmaster", resources={"requests": {"memory": "9Gi"}, "limits": {"memory": "2Gi"}})

    assert found.field == "spec.jobService.master.resources.requests.memory"
    assert found.value == "9Gi"
    assert found.message == "is larger than the limit of 2Gi"
    assert "lower the request" in found.remedy


def test_a_request_above_the_derived_limit_is_a_problem_too():
    assert (
        "is larger than the limit of 960Mi" in problem("jobmaster", resources={"requests": {"memory": "9Gi"}}).message
    )


# --- sums that don't fit are shown --------------------------------------------------------------------------------


def test_a_tier_larger_than_the_limit_shows_the_sum_and_what_helps():
    found = problem("worker", jvm={"heap": "1Gi"}, tiers=[{"quota": "4Gi"}], **limit("2Gi"))

    assert found.field == "spec.workers.resources.limits.memory"
    assert found.value == "2Gi"
    assert found.message == (
        "is too small: heap 1Gi + direct memory 512Mi + overhead 384Mi + tiers in memory 4Gi = 6016Mi"
    )
    assert found.remedy == "raise it to 6016Mi or more, or lower spec.workers.jvm.heap or spec.workers.tiers[].quota"


def test_the_sum_of_a_role_without_tiers_names_none():
    found = problem("jobmaster", jvm={"heap": "1Gi"}, **limit("1Gi"))

    assert found.message == "is too small: heap 1Gi + direct memory 64Mi + overhead 384Mi = 1472Mi"
    assert "quota" not in found.remedy


def test_the_limit_that_is_advised_is_one_that_works():
    advised = problem("worker", jvm={"heap": "1Gi"}, tiers=[{"quota": "4Gi"}], **limit("2Gi")).remedy.split()[3]

    assert division("worker", jvm={"heap": "1Gi"}, tiers=[{"quota": "4Gi"}], **limit(advised))


# --- the edges ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heap", ["0", "1", "100m", "63Mi"])
def test_a_heap_that_no_process_can_live_with_is_a_problem(heap: str):
    found = problem("jobmaster", jvm={"heap": heap})

    assert found.field == "spec.jobService.master.jvm.heap"
    assert found.value == heap
    assert found.remedy == "set it to 64Mi or more"


@pytest.mark.parametrize("direct", ["0", "100m"])
def test_direct_memory_of_nothing_is_a_problem_since_java_takes_it_for_no_bound(direct: str):
    found = problem("jobmaster", jvm={"directMemory": direct})

    assert found.field == "spec.jobService.master.jvm.directMemory"
    assert found.value == direct
    assert "1Mi or more" in found.remedy


def test_a_limit_of_nothing_is_too_small():
    assert problem("jobmaster", **limit("0")).field == "spec.jobService.master.resources.limits.memory"


def test_a_request_of_nothing_is_allowed():
    assert division("jobmaster", resources={"requests": {"memory": "0"}}).request == 0


# --- what always holds --------------------------------------------------------------------------------------------

SIZES = st.one_of(
    st.none(),
    st.integers(0, 64 * GI).map(str),
    st.integers(0, 9000).map(lambda n: f"{n}Mi"),
    st.integers(0, 30).map(lambda n: f"{n}Gi"),
    st.decimals(0, 40, places=3, allow_nan=False).map(lambda d: f"{d}G"),
)


def given_sizes(**sizes: str | None) -> dict[str, str]:
    return {key: value for key, value in sizes.items() if value is not None}


@given(heap=SIZES, direct=SIZES, most=SIZES, least=SIZES, quota=SIZES)
def test_whatever_is_given_the_parts_fit_the_limit_or_the_problem_says_what_to_do(
    heap: str | None, direct: str | None, most: str | None, least: str | None, quota: str | None
):
    found = divided(
        "worker",
        jvm=given_sizes(heap=heap, directMemory=direct),
        resources={"limits": given_sizes(memory=most), "requests": given_sizes(memory=least)},
        tiers=[given_sizes(quota=quota)],
    )

    if isinstance(found, Problem):
        assert found.field.startswith("spec.workers.")
        assert found.message
        assert found.remedy
        return
    assert found.heap + found.direct + found.overhead + found.tiers <= found.limit
    assert found.request <= found.limit
    assert found.heap >= SMALLEST_HEAP
    assert found.direct > 0
    assert f"-Xmx{found.heap}" in found.jvm_flags
    assert f"-XX:MaxDirectMemorySize={found.direct}" in found.jvm_flags


def test_everything_in_a_jvm_that_can_grow_is_bounded_by_a_flag():
    bounded = [flag.split("=")[0] for flag in division("master").jvm_flags if "=" in flag]

    assert bounded == [
        "-XX:MaxDirectMemorySize",
        "-XX:MaxMetaspaceSize",
        "-XX:ReservedCodeCacheSize",
        "-Dio.netty.maxDirectMemory",
    ]
