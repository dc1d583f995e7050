"""The rights of an account, read from an audit log."""

from __future__ import annotations

import json
from typing import Any

from dev.olm.rights import Call, Right, calls, granted

ACCOUNT = "system:serviceaccount:operators:alluxio-operator"


def event(verb: str, resource: str, code: int = 200, user: str = ACCOUNT, **ref: str) -> str:
    made: dict[str, Any] = {
        "verb": verb,
        "user": {"username": user},
        "objectRef": {"resource": resource, **ref},
        "responseStatus": {"code": code},
    }
    return json.dumps(made)


def test_rules_are_the_product_of_their_lists():
    rules = [
        {"apiGroups": ["apps"], "resources": ["daemonsets", "deployments"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]

    found = granted(rules)

    assert len(found) == 5
    assert Right("apps", "deployments", "get") in found
    assert str(Right("apps", "deployments", "get")) == "get deployments.apps"


def test_an_apply_that_makes_an_object_needs_two_rights():
    made = list(calls([event("patch", "services", 201), event("patch", "services", 200)], ACCOUNT))

    assert [call.right.verb for call in made] == ["patch", "create", "patch"]


def test_calls_are_those_of_the_account():
    log = [
        event("list", "pods"),
        event("update", "alluxioclusters", apiGroup="alluxio-operator.io", subresource="status"),
        event("get", "secrets", 403),
        event("get", "pods", user=f"{ACCOUNT}-other"),
        event("get", "nodes", user="admin", name=ACCOUNT),
        json.dumps({"verb": "get", "user": {"username": ACCOUNT}, "requestURI": "/version"}),
        event("watch", "pods")[:40] + ACCOUNT,
    ]

    assert list(calls(log, ACCOUNT)) == [
        Call(Right("", "pods", "list"), True),
        Call(Right("alluxio-operator.io", "alluxioclusters/status", "update"), True),
        Call(Right("", "secrets", "get"), False),
    ]
