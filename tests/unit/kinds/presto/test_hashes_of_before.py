"""An upgrade of the operator restarts no server of a Presto that an operator made which hashed fewer values.

`hashes_of_before.json` has specs with the memory layout and the hashes that such an operator computed, by the code of
commit fcdf4e0 and with the connection below.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.builders import NAMESPACE, NOW, merged

from alluxio_operator.api.base import in_binary
from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.kinds.cluster import clients
from alluxio_operator.kinds.cluster.objects.properties import DEFAULTS_OF_CLIENTS
from alluxio_operator.kinds.presto.cache.connection import ClusterView
from alluxio_operator.kinds.presto.decide import Plan, decide
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto, validate

Json = dict[str, Any]
CASES: dict[str, Json] = json.loads((Path(__file__).parent / "hashes_of_before.json").read_text())
GENERATION = 3
PROPERTIES = {
    "alluxio.master.hostname": "small-master-0.small-master.data.svc",
    "alluxio.user.metrics.collection.enabled": "true",
}
CONNECTION = {
    "cluster": "small",
    "uid": "c",
    "properties": PROPERTIES,
    "sockets": "/var/lib/alluxio-operator/sockets/data/small",
}
PUBLISHED = {**PROPERTIES, "alluxio.network.connection.auth.timeout": "5s"}


def status(case: Json, **over: Any) -> Json:
    """Return the status that the older operator left."""
    valid = {"type": "SpecValid", "status": "True", "reason": "Valid", "lastTransitionTime": "2030-01-01T00:00:00Z"}
    return {
        "observedGeneration": GENERATION,
        "conditions": [valid],
        "memory": case["memory"],
        **({"alluxio": CONNECTION} if "alluxio" in case["spec"] else {}),
        **over,
    }


def plan(spec: Json, found: Json, generation: int = GENERATION, published: Json = PUBLISHED, uid: str = "c") -> Plan:
    made: Json = {
        "metadata": {"name": "queries", "namespace": "data", "uid": "u", "generation": generation},
        "spec": spec,
        "status": found,
    }
    presto = validate(made, NOW)
    assert isinstance(presto, Presto), presto
    cluster = {
        "metadata": {"name": "small", "namespace": NAMESPACE, "uid": uid},
        "spec": {"workers": {"shortCircuit": {"policy": "Uuid"}}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    client = {"data": {"alluxio-site.properties": "\n".join(f"{key}={value}" for key, value in published.items())}}
    view = ClusterView(cluster, client) if presto.spec.alluxio else None
    return decide(presto, Observed(made, PrestoStatus.model_validate(found), cluster=view), NOW)


def hashes(found: Plan) -> Json:
    assert found.context is not None
    return {role: values["configHash"] for role, values in found.context["roles"].items()}


def recorded(found: Plan) -> Json:
    """Return the status that is written before the first object."""
    intent: Json = {}
    for operation in found.operations:
        intent |= operation.intent
    return PrestoStatus(**intent).model_dump(by_alias=True, mode="json", exclude_none=True, exclude_unset=True)


@pytest.mark.parametrize("name", CASES)
def test_an_upgrade_of_the_operator_keeps_the_hash_of_each_server(name: str):
    case = CASES[name]
    first = plan(case["spec"], status(case))

    assert hashes(first) == case["hashes"]
    assert hashes(plan(case["spec"], status(case, **recorded(first)))) == case["hashes"], "in later reconciles, too"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "edit",
    [
        {"resources": {"requests": {"cpu": "250m"}}},
        {"env": [{"name": "LANG", "value": "C"}]},
        {"nodeSelector": {"disk": "nvme"}},
        {"podAnnotations": {"scrape": "true"}},
        {"terminationGracePeriodSeconds": 4000},
    ],
)
@pytest.mark.parametrize("while_away", [True, False])
def test_an_edit_reaches_the_pods_of_an_older_operator(name: str, edit: Json, while_away: bool):
    case = CASES[name]
    found = status(case) if while_away else status(case, **recorded(plan(case["spec"], status(case))))
    workers = merged(case["spec"].get("workers", {}), edit)

    changed = plan({**case["spec"], "workers": workers}, found, GENERATION + 1)

    assert hashes(changed)["worker"] != case["hashes"]["worker"]


def test_an_image_that_changes_after_the_upgrade_reaches_the_pods():
    case = CASES["plain"]
    found = status(case, **recorded(plan(case["spec"], status(case))))

    changed = plan({**case["spec"], "image": {"tag": "mine"}}, found, GENERATION + 1)

    assert not set(hashes(changed).items()) & set(case["hashes"].items())
    again = plan({**case["spec"], "image": {"tag": "mine"}}, {**found, "observedGeneration": GENERATION + 1}, 4)
    assert hashes(again) == hashes(changed), "once the change is on record, it isn't taken for what the pods had"


def test_a_new_presto_hashes_all_values_from_the_start():
    case = CASES["plain"]
    first = plan(case["spec"], {}, 1)
    assert recorded(first)["hashBaseline"] == {}

    later = plan(case["spec"], status(case, observedGeneration=1, memory=[], **recorded(first)), 1)

    assert hashes(later) == hashes(first) != case["hashes"]


def test_the_heap_of_large_servers_stays_until_their_limit_changes():
    case = CASES["production"]
    first = plan(case["spec"], status(case))
    layout = {role: {"heap": in_binary(one.heap), "overhead": in_binary(one.overhead)} for role, one in
              first.presto.memory.items()}  # fmt: skip
    assert layout["worker"] == {"heap": "14793Mi", "overhead": "1463Mi"}

    edited = {**case["spec"], "workers": {**case["spec"]["workers"], "replicas": 4}}
    assert plan(edited, status(case), 4).presto.memory["worker"].heap == first.presto.memory["worker"].heap

    resources = {"limits": {"memory": "15Gi"}}
    edited = {**case["spec"], "workers": {**case["spec"]["workers"], "resources": resources}}
    largest = plan(edited, status(case), 4).presto.memory["worker"].heap
    assert largest == plan(edited, status(case, memory=[]), 4).presto.memory["worker"].heap


def test_what_needs_no_restart_is_what_a_cluster_publishes_by_default():
    assert clients.WITHOUT_RESTART.items() <= DEFAULTS_OF_CLIENTS.items()


def test_another_timeout_than_the_operators_restarts_the_servers():
    case = CASES["on Alluxio"]
    published = {**PUBLISHED, "alluxio.network.connection.auth.timeout": "9s"}

    changed = plan(case["spec"], status(case), published=published)

    assert not set(hashes(changed).items()) & set(case["hashes"].items())


@pytest.mark.parametrize("uid", ["c", "created-again"])
def test_servers_with_a_client_of_their_own_keep_it_until_their_spec_changes(uid: str):
    case = CASES["on Alluxio"]
    first = plan(case["spec"], status(case), uid=uid)
    later = plan(case["spec"], status(case, **recorded(first)), uid=uid)
    assert [found.context and found.context["client"] for found in (first, later)] == [None, None]

    changed = plan({**case["spec"], "properties": {"a": "b"}}, status(case, **recorded(first)), 4, uid=uid)

    assert changed.context is not None
    assert changed.context["client"]["image"] == "alluxio/alluxio:2.9.4"
    assert recorded(changed)["alluxio"]["clientImage"]["name"] == "alluxio/alluxio:2.9.4"


def test_the_image_as_the_client_restarts_no_server_of_an_older_operator():
    case = CASES["on Alluxio"]
    found = status(case, **recorded(plan(case["spec"], status(case))))
    alluxio = {**case["spec"]["alluxio"], "client": "Image"}

    assert hashes(plan({**case["spec"], "alluxio": alluxio}, found, GENERATION + 1)) == case["hashes"]
