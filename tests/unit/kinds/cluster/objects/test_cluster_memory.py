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
from alluxio_operator.workloads.memory import (
    CODE_CACHE,
    METASPACE,
    MI,
    NATIVE,
    OVERHEAD,
    SMALLEST_HEAP,
    Division,
    accepted,
)

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

    assert found.limit == 3 * GI + GI + found.overhead


# --- the collector of a large heap, and options of the JVM --------------------------------------------------------


def collector_room(found: Division) -> int:
    return found.limit - found.heap - found.direct - found.tiers - METASPACE - CODE_CACHE - NATIVE


@pytest.mark.parametrize(("heap", "measured"), [(4, 207), (8, 386), (16, 674), (64, 2471)])
def test_a_large_heap_leaves_room_for_its_collector(heap: int, measured: int):
    assert collector_room(division("proxy", jvm={"heap": f"{heap}Gi"})) >= measured * MI


@pytest.mark.parametrize("most", ["700Mi", "2Gi", "9Gi", "64Gi", "200Gi"])
def test_a_heap_from_a_limit_is_the_largest_whose_collector_fits(most: str):
    found = division("jobmaster", **limit(most))

    assert found.heap + found.direct + found.overhead <= found.limit
    assert problem("jobmaster", jvm={"heap": f"{found.heap // MI + 1}Mi"}, **limit(most))
    assert division("jobmaster", jvm={"heap": f"{found.heap // MI}Mi"}, **limit(most)).overhead == found.overhead


def test_heaps_up_to_a_gibibyte_have_the_same_overhead():
    assert {division("proxy", jvm={"heap": heap}).overhead for heap in ("64Mi", "512Mi", "1Gi")} == {OVERHEAD}


@pytest.mark.parametrize(
    ("options", "more"),
    [
        (["-XX:ReservedCodeCacheSize=512m"], 512 * MI - CODE_CACHE),
        (["-XX:MaxMetaspaceSize=1g"], 1024 * MI - METASPACE),
        (["-XX:ReservedCodeCacheSize=32m"], 0),
        (["-Xss3m"], 200 * MI),
        (["-XX:+UseG1GC"], 0),
    ],
)
def test_options_of_the_jvm_are_part_of_the_sum(options: list[str], more: int):
    assert division("proxy", jvm={"options": options}).limit == division("proxy").limit + more


def test_an_option_that_doesnt_fit_the_limit_is_a_problem():
    assert division("proxy", jvm={"heap": "512Mi"}, **limit("1200Mi"))

    found = problem("proxy", jvm={"heap": "512Mi", "options": ["-XX:ReservedCodeCacheSize=512m"]}, **limit("1200Mi"))

    assert "overhead 832Mi" in found.message


def test_a_serial_collector_needs_less_than_the_one_that_the_jvm_may_choose():
    serial = division("proxy", jvm={"heap": "16Gi", "options": ["-XX:+UseSerialGC"]})

    assert serial.limit < division("proxy", jvm={"heap": "16Gi"}).limit - 500 * MI


def test_more_processors_need_more_room():
    many = division("proxy", jvm={"heap": "8Gi"}, resources={"limits": {"cpu": "32"}})

    assert many.limit > division("proxy", jvm={"heap": "8Gi"}, resources={"limits": {"cpu": "2"}}).limit


# --- what an operator with an older rule accepted -----------------------------------------------------------------


def before(heap: str, limit: str, overhead: str = "384Mi", generation: int = 1, **status: Any) -> dict[str, Any]:
    memory = {"role": "proxy", "heap": heap, "direct": "256Mi", "overhead": overhead, "tiers": "0", "limit": limit}
    return {
        "metadata": {"generation": 1},
        "status": {"observedGeneration": generation, "memory": [memory], **status},
    }


def after(resource: dict[str, Any], **over: Any) -> Division | Problem:
    spec = cluster_spec(proxy={"enabled": True, **over})
    return memory.divisions(spec, accepted(resource))["proxy"]


OLD_SUM = f"{8192 + 256 + 384}Mi"
EDITED = {"generation": 0}


@pytest.mark.parametrize(
    ("recorded", "over"),
    [
        (before("8Gi", OLD_SUM), {"jvm": {"heap": "8Gi"}, **limit(OLD_SUM)}),
        (before("8Gi", OLD_SUM), {"jvm": {"heap": "8Gi"}}),
        (before("8Gi", OLD_SUM), limit(OLD_SUM)),
        (before("8Gi", OLD_SUM, **EDITED), {"jvm": {"heap": "8Gi"}, **limit(OLD_SUM)}),
        (before("8Gi", OLD_SUM, **EDITED), {"jvm": {"heap": "8Gi"}}),
        (before("8Gi", OLD_SUM, **EDITED), limit(OLD_SUM)),
    ],
)
def test_what_runs_is_kept_and_its_shortage_reported(recorded: dict[str, Any], over: dict[str, Any]):
    found = after(recorded, **over)

    assert isinstance(found, Division), found
    assert (found.heap, found.limit) == (8 * GI, 8832 * MI), "another size would restart the pods"
    assert found.heap + found.direct + found.overhead <= found.limit
    spec = cluster_spec(proxy={"enabled": True, **over})
    (warning,) = memory.warnings(spec, accepted(recorded), memory.divisions(spec, accepted(recorded)))
    assert warning.field == "spec.proxy.resources.limits.memory"
    assert warning.value == OLD_SUM
    assert f"raise it to {(8832 * MI + found.missing) // MI}Mi or more" in warning.remedy


def test_the_advised_limit_ends_the_shortage():
    given = {"jvm": {"heap": "8Gi"}}
    short = after(before("8Gi", OLD_SUM), **given)
    assert isinstance(short, Division)
    found = after(before("8Gi", OLD_SUM, **EDITED), **given, **limit(str(short.limit + short.missing)))

    assert isinstance(found, Division)
    assert not found.missing


@pytest.mark.parametrize(
    "over",
    [
        {"jvm": {"heap": "9Gi"}, **limit(f"{9216 + 256 + 384}Mi")},
        {"jvm": {"heap": "8Gi"}, **limit("8800Mi")},
        {"jvm": {"heap": "8Gi", "options": ["-XX:ReservedCodeCacheSize=512m"]}, **limit(OLD_SUM)},
        {"jvm": {"heap": "8Gi", "directMemory": "255Mi"}, **limit(OLD_SUM)},
    ],
    ids=["heap", "limit", "option", "direct"],
)
def test_a_change_of_the_sizes_has_to_fit(over: dict[str, Any]):
    assert isinstance(after(before("8Gi", OLD_SUM, **EDITED), **over), Problem)


def test_a_spec_that_was_refused_isnt_accepted_by_the_next_reconcile():
    refused = before("8Gi", OLD_SUM, conditions=[{"type": "SpecValid", "status": "False"}])
    option = {"jvm": {"heap": "8Gi", "options": ["-XX:ReservedCodeCacheSize=512m"]}, **limit(OLD_SUM)}

    assert isinstance(after(refused, **option), Problem)
    assert isinstance(after(before("8Gi", OLD_SUM), **option), Division), "an older operator accepted this very spec"


def test_a_rollback_to_sizes_of_an_older_rule_is_no_problem():
    over = {"jvm": {"heap": "8Gi"}, **limit(OLD_SUM)}
    back = before("1Gi", "2Gi", rollback={"generation": 1})

    assert isinstance(after(before("1Gi", "2Gi"), **over), Problem)
    found = after(back, **over)
    assert isinstance(found, Division)
    assert found.missing


def test_options_without_effect_are_refused_unless_the_role_runs_with_them():
    spec = cluster_spec(proxy={"enabled": True, "jvm": {"options": ["-XX:MaxRAMPercentage=80"]}})
    runs = accepted(before("512Mi", "1152Mi"))

    assert [p.value for p in memory.problems(spec, {})] == ["-XX:MaxRAMPercentage=80"]
    assert not list(memory.problems(spec, runs))
    assert [p.value for p in memory.warnings(spec, runs, memory.divisions(spec, runs))] == ["-XX:MaxRAMPercentage=80"]


def test_a_role_that_was_never_accepted_has_to_fit():
    assert isinstance(after({"metadata": {"generation": 1}}, jvm={"heap": "8Gi"}, **limit(OLD_SUM)), Problem)


# --- limits -------------------------------------------------------------------------------------------------------


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
