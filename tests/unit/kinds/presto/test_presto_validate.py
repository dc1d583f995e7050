"""A Presto, or everything that is wrong with it: each problem with its field, its value and what helps."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NOW
from tests.support.presto import presto, resource

from alluxio_operator.api.presto import LONGEST_NAME
from alluxio_operator.kinds.presto.objects.memory import MI, OVERHEAD, query_properties
from alluxio_operator.kinds.presto.validate import Presto, validate

Json = dict[str, Any]
TRINO = {"engine": "Trino", "version": "476"}
FILE = {"name": "h", "hive": {"file": {"directory": "alluxio://m:19998/x"}}}

BAD: list[tuple[Json, str, str]] = [
    ({"version": "0.1"}, 'spec.version "0.1" is no version of Presto that this operator was tested', "set it to 0.287"),
    (TRINO | {"version": "475"}, 'spec.version "475" is no version of Trino that this operator was', "set it to 476"),
    (TRINO | {"version": "482"}, 'spec.version "482" has no file system of Alluxio', "set it to 476"),
    (
        {"engine": "Trino"},
        'spec.version "0.287" is a version of Presto, and spec.engine is Trino',
        "set it to 476, or spec.engine to Presto",
    ),
    (
        {"version": "476"},
        'spec.version "476" is a version of Trino, and spec.engine is Presto',
        "set it to 0.287, or spec.engine to Trino",
    ),
    (
        TRINO | {"image": {"repository": "prestodb/presto"}},
        'spec.image.repository "prestodb/presto" holds Presto, and spec.engine is Trino',
        "set it to trinodb/trino or to your own image of Trino",
    ),
    (
        {"image": {"repository": "trinodb/trino"}},
        'spec.image.repository "trinodb/trino" holds Trino',
        "prestodb/presto",
    ),
    (
        TRINO | {"workers": {"terminationGracePeriodSeconds": 151}},
        "spec.workers.terminationGracePeriodSeconds",
        "152",
    ),
    ({"workers": {"resources": {"limits": {"memory": "512Mi"}}}}, "spec.workers.resources.limits.memory", "raise it"),
    ({"workers": {"jvm": {"heap": "128Mi"}}}, 'spec.workers.jvm.heap "128Mi"', "256Mi or more"),
    ({"workers": {"jvm": {"heap": "320Mi"}}}, 'spec.workers.jvm.heap "320Mi" leaves a heap of 320Mi', "448Mi or more"),
    ({"coordinator": {"resources": {"limits": {"memory": "700Mi"}}}}, "spec.coordinator.resources", "256Mi or more"),
    ({"memoryPerQuery": "1Gi"}, 'spec.memoryPerQuery "1Gi" is more than three quarters', "lower it"),
    ({"properties": {"discovery.uri": "http://x"}}, "spec.properties[discovery.uri]", "remove it"),
    ({"workers": {"properties": {"http-server.http.port": "1"}}}, "spec.workers.properties", "spec.workers.ports"),
    ({"coordinator": {"jvm": {"options": ["-Dnode.id=x"]}}}, "spec.coordinator.jvm.options[node.id]", "remove it"),
    ({"workers": {"env": [{"name": "POD_IP", "value": "x"}]}}, "spec.workers.env[POD_IP]", "remove it"),
    (
        {"alluxio": {"clusterRef": {"name": "x"}}, "workers": {"env": [{"name": "HADOOP_USER_NAME", "value": "x"}]}},
        "spec.workers.env[HADOOP_USER_NAME]",
        "remove it",
    ),
    ({"catalogs": [FILE]}, "spec.catalogs[h].hive.file.directory", "clusterRef"),
    ({"workers": {"terminationGracePeriodSeconds": 60}}, "spec.workers.terminationGracePeriodSeconds", "150"),
    ({"workers": {"volumes": [{"name": "conf"}]}}, "spec.workers.volumes[conf].name", "another name"),
    ({"workers": {"volumeMounts": [{"name": "x", "mountPath": "/x"}]}}, "volumeMounts[/x].name", "add it there"),
    (
        {"workers": {"volumes": [{"name": "x"}], "volumeMounts": [{"name": "x", "mountPath": "/etc/presto/x"}]}},
        "volumeMounts[/etc/presto/x].mountPath",
        "outside of /etc/presto",
    ),
    (
        {"workers": {"volumes": [{"name": "x"}], "volumeMounts": [{"name": "x", "mountPath": "/etc/./x/../presto/x"}]}},
        "volumeMounts[/etc/./x/../presto/x].mountPath",
        "outside of /etc/presto",
    ),
]


@pytest.mark.parametrize(("over", "field", "remedy"), BAD)
def test_what_is_wrong_is_named_with_a_remedy(over: Json, field: str, remedy: str):
    found = validate(resource(**over), NOW)

    assert not isinstance(found, Presto)
    [problem] = found
    assert field in str(problem)
    assert remedy in str(problem)


def test_all_problems_are_told_at_once():
    over = {"version": "0.1", "memoryPerQuery": "9Gi", "properties": {"node.id": "x"}}
    found = validate(resource(**over), NOW)

    assert not isinstance(found, Presto)
    assert len(found) == 4, "two of the memory, for coordinator and workers"


def test_a_name_that_is_too_long_is_refused():
    assert isinstance(validate(resource("a" * LONGEST_NAME), NOW), Presto)
    [problem] = validate(resource("a" * (LONGEST_NAME + 1)), NOW)  # type: ignore[misc]
    assert "metadata.name" in str(problem)


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"workers": {"jvm": {"heap": "8Gi"}}},
        {"workers": {"resources": {"limits": {"memory": "64Gi"}}}},
        {"coordinator": {"resources": {"limits": {"memory": "900Mi"}}}},
    ],
)
def test_memory_adds_up_and_fits(over: Json):
    for division in presto(**over).memory.values():
        assert division.heap + division.direct + division.overhead <= division.limit
        assert division.overhead >= OVERHEAD
        sizes = {key: int(value.removesuffix("MB")) * MI for key, value in query_properties(division, None).items()}
        # What Presto itself checks at its start.
        assert sizes["query.max-total-memory-per-node"] + sizes["memory.heap-headroom-per-node"] <= division.heap
        assert sizes["query.max-memory-per-node"] <= sizes["query.max-total-memory-per-node"]


def test_the_options_of_the_charts_are_counted_or_refused_by_name():
    counted = ["-XX:ReservedCodeCacheSize=512M", "-XX:MaxMetaspaceSize=1g", "-XX:+UseG1GC"]
    refused = ["-XX:MaxRAMPercentage=80", "-XX:InitialRAMPercentage=50"]
    heap = {"heap": "512Mi"}

    plain = presto(coordinator={"jvm": heap}).memory["coordinator"]
    found = presto(coordinator={"jvm": heap | {"options": counted}}).memory["coordinator"]
    assert found.limit - plain.limit == (512 - 96 + 1024 - 224) * MI

    problems = validate(resource(**TRINO, coordinator={"jvm": heap | {"options": counted + refused}}), NOW)
    assert isinstance(problems, tuple)
    assert [(p.field, p.value) for p in problems] == [("spec.coordinator.jvm.options", option) for option in refused]


def test_sizes_that_an_older_rule_accepted_stay_and_are_reported():
    limit = f"{16384 + 128 + 480}Mi"
    memory = {"role": "worker", "heap": "16Gi", "direct": "128Mi", "overhead": "480Mi", "limit": limit}
    status = {"observedGeneration": 1, "memory": [memory]}
    over = {"workers": {"jvm": {"heap": "16Gi"}, "resources": {"limits": {"memory": limit}}}}

    assert isinstance(validate(resource(**over), NOW), tuple)
    found = validate(resource(status=status, **over), NOW)

    assert isinstance(found, Presto)
    assert found.memory["worker"].heap == 16384 * MI
    (warning,) = found.warnings
    assert warning.field == "spec.workers.resources.limits.memory"


def test_a_query_may_have_as_much_as_is_said():
    division = presto().memory["worker"]

    assert query_properties(division, "1500Mi")["query.max-memory-per-node"] == "1500MB"
    assert query_properties(division, "1500Mi")["query.max-total-memory-per-node"] == "1500MB"
