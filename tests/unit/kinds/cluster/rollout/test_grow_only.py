"""A rollback never does what the API server would refuse of an edit."""

from __future__ import annotations

from typing import Any

from alluxio_operator.kinds.cluster.rollout.grow_only import with_grown

MEM = {"name": "MEM", "quota": "1Gi"}


def spec(*tiers: dict[str, Any], journal: str = "10Gi", **over: Any) -> dict[str, Any]:
    masters = {"journal": {"storage": {"size": journal}}, "jvm": {"heap": "1Gi"}}
    return {"masters": masters, "workers": {"tiers": list(tiers)}, **over}


def ssd(quota: str = "4Gi", size: str = "5Gi", **over: Any) -> dict[str, Any]:
    return {"name": "SSD", "quota": quota, "storage": {"claim": {"size": size}}, **over}


def test_volumes_keep_the_larger_size():
    after = with_grown(spec(MEM, journal="10Gi"), spec(MEM, journal="20Gi"))

    assert after["masters"] == {"journal": {"storage": {"size": "20Gi"}}, "jvm": {"heap": "1Gi"}}


def test_a_size_that_only_one_of_them_gives_follows_the_older_spec():
    older, current = spec(MEM), spec(MEM, logServer={"storage": {"size": "9Gi"}})

    assert with_grown(older, current) == older


def test_the_quota_of_a_tier_on_a_volume_is_not_lowered():
    [_, after] = with_grown(spec(MEM, ssd()), spec(MEM, ssd("8Gi", "9Gi")))["workers"]["tiers"]

    assert after == ssd("8Gi", "9Gi")


def test_that_of_a_tier_in_memory_is():
    after = with_grown(spec(MEM), spec({"name": "MEM", "quota": "64Gi"}))

    assert after["workers"]["tiers"] == [MEM]


def test_a_tier_on_a_volume_is_not_removed_and_stands_in_its_order():
    hdd = {"name": "HDD", "quota": "1Ti", "storage": {"hostPath": {"path": "/data"}}}

    after = with_grown(spec(hdd), spec({"name": "MEM", "quota": "1Gi"}, ssd(), hdd))

    assert [tier["name"] for tier in after["workers"]["tiers"]] == ["SSD", "HDD"], "one in memory holds nothing"


def test_the_older_spec_decides_the_rest_of_a_tier():
    older, current = ssd(mediumType="SSD"), ssd("8Gi", "9Gi", mediumType="NVME")

    [after] = with_grown(spec(older), spec(current))["workers"]["tiers"]

    assert after["mediumType"] == "SSD"


def test_a_spec_without_any_of_them_stays_as_it_is():
    assert with_grown({"version": "2.9.4"}, {"version": "2.9.3"}) == {"version": "2.9.4"}
