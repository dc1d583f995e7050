"""Who may connect to which port, read from the rendered NetworkPolicies."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.golden.prestos import manifests as manifests_of_presto
from tests.support.builders import TEMPLATES, cluster
from tests.support.presto import resource as presto

from alluxio_operator.api.network import Access
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.workloads.access import is_guarded

Json = dict[str, Any]
INSTANCE = {"app.kubernetes.io/instance": "presto"}


def policy_of(operator_namespace: str = "alluxio-operator", **spec: Any) -> Json | None:
    renderer = Renderer(TEMPLATES, operator_namespace=operator_namespace)
    found = renderer.render("alluxio", context_of(cluster(**spec), JournalValues()))
    return next((dict(one.obj["spec"]) for one in found if one.ref.kind == "NetworkPolicy"), None)


def ports(rule: Json) -> list[int]:
    return [one["port"] for one in rule.get("ports", ())]


def test_by_default_the_namespace_reaches_the_ports_of_clients_and_nothing_else():
    policy = policy_of()
    assert policy is not None
    own, clients, metrics = policy["ingress"]

    assert ports(own) == []
    assert {"podSelector": policy["podSelector"]} in own["from"]
    assert clients["from"][0] == {"podSelector": {}}
    assert ports(clients) == [19998, 19999, 20001, 29999]
    assert metrics["from"] == [{"namespaceSelector": {"matchLabels": {"alluxio-operator.io/metrics": "enabled"}}}]
    for internal in (19200, 20003, 30001, 30002, 45600):
        assert internal not in ports(clients) + ports(metrics)


def test_the_operator_is_known_by_its_namespace_which_no_tenant_can_imitate():
    policy = policy_of(operator_namespace="ops")
    assert policy is not None

    [operator] = [peer for peer in policy["ingress"][0]["from"] if "namespaceSelector" in peer]

    assert operator["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "ops"}
    assert operator["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "alluxio-operator"}


def test_named_peers_replace_the_namespace_but_not_its_prestos_and_backups():
    peer = {"namespaceSelector": {"matchLabels": {"team": "lake"}}, "podSelector": {"matchLabels": {"app": "spark"}}}
    policy = policy_of(access={"from": [peer, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]})
    assert policy is not None

    sources = policy["ingress"][1]["from"]

    assert sources[:2] == [peer, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]
    assert [one["podSelector"]["matchLabels"].get("app.kubernetes.io/name") for one in sources[2:]] == [
        "presto",
        "alluxio-backup",
        "alluxio-drill",
    ]
    assert {"podSelector": {}} not in sources


def test_an_empty_namespace_selector_means_all_namespaces():
    policy = policy_of(access={"from": [{"namespaceSelector": {}}]})
    assert policy is not None

    assert policy["ingress"][1]["from"][0] == {"namespaceSelector": {}}


def test_an_exposed_service_is_open_to_everybody_at_its_ports_alone():
    policy = policy_of(service={"type": "NodePort"})
    assert policy is not None

    [everybody] = [rule for rule in policy["ingress"] if "from" not in rule]

    assert ports(everybody) == [19998, 19999]


def guarded(access: Json | None, status: Json) -> bool:
    resource = {"metadata": {}, "status": status}
    return is_guarded(resource, None if access is None else Access.model_validate(access), "small-access")


POLICY = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "name": "small-access"}
OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "small-jvm"}


@pytest.mark.parametrize(
    ("access", "inventory", "expected"),
    [
        (None, [], True),
        (None, [OTHER, POLICY], True),
        (None, [OTHER], False),
        ({}, [OTHER], True),
        ({"enabled": False}, [OTHER, POLICY], False),
        ({"enabled": False}, [], False),
        (None, "nonsense", True),
        (None, ["nonsense"], False),
    ],
)
def test_a_resource_that_ran_without_a_policy_gets_none_until_it_asks(access: Any, inventory: Any, expected: bool):
    assert guarded(access, {"inventory": inventory}) is expected


def test_a_policy_covers_pods_by_the_labels_that_workloads_select_by():
    policy = policy_of()
    assert policy is not None

    assert policy["podSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "alluxio",
        "app.kubernetes.io/instance": "small",
    }


def test_a_presto_opens_its_coordinator_to_clients_and_its_workers_to_itself():
    made = manifests_of_presto(presto("presto"))
    policies = {one.ref.name: one.obj["spec"] for one in made if one.ref.kind == "NetworkPolicy"}

    _, clients, metrics = policies["presto-prestoaccess"]["ingress"]
    own, only_metrics = policies["presto-prestoworkeraccess"]["ingress"]

    assert (ports(clients), ports(metrics), ports(only_metrics)) == ([8080], [8080], [8080])
    assert {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "presto", **INSTANCE}}} in own["from"]
    components = [one["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for one in policies.values()]
    assert components == ["coordinator", "worker"]


def test_a_range_of_addresses_has_to_be_one():
    with pytest.raises(ValidationError, match="cidr"):
        Access.model_validate({"from": [{"ipBlock": {"cidr": "everywhere"}}]})
