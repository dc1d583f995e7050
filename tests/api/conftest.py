"""Tests against a real API server with its controllers; run them by `dev/in-cluster .venv/bin/pytest tests/api`.

Each test has a namespace of its own, in which only pods of the restricted standard are let in. The operator's
reconciler runs in the test's process, with the real client. Two things are stood in for: Alluxio (no pod runs, so
nobody would answer) and the kubelet (pods select a label that no node has; a test says what a kubelet would).
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from dev.cluster.crds import install_crds
from kubernetes import config
from tests.api.stage import Api, Stage, until

from alluxio_operator.engine.conditions import moment

Json = dict[str, Any]

LABEL = "alluxio-operator.io/api-test"
POLICY = "alluxio-operator-api-tests"
OPERATOR = "system:serviceaccount:alluxio-operator:alluxio-operator"
ADMIN = "system:masters"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}

# An operator that is deployed in the same cluster sees the resources of the tests, too. It is kept out of their
# namespaces, since two that work on one resource would show nothing.
KEPT_OUT: tuple[Json, Json] = (
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": POLICY},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {LABEL: "true"}},
                "resourceRules": [
                    {
                        "apiGroups": ["*"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE", "DELETE"],
                        "resources": ["*/*"],
                        "scope": "Namespaced",
                    }
                ],
            },
            "validations": [
                {
                    "expression": f"request.userInfo.username != '{OPERATOR}'",
                    "message": "a test works in this namespace; the operator is kept out",
                }
            ],
        },
    },
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": POLICY},
        "spec": {"policyName": POLICY, "validationActions": ["Deny"]},
    },
)


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """The API server, with the CRD as it is in config/; a test that has none is skipped by name."""
    how = "run `make cluster`, then `dev/in-cluster .venv/bin/pytest tests/api`"
    try:
        api = Api.connect()
        api.call("GET", "/version", ok=True)
    except (config.ConfigException, urllib3.exceptions.HTTPError, OSError) as error:
        pytest.skip(f"no API server: {how} ({str(error)[:120]})")
    install_crds()
    _sweep(api)
    made: list[str] = []
    api.made = made
    plural = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
    paths = [f"{plural}ies/{POLICY}", f"{plural}ybindings/{POLICY}"]
    for path, body in zip(paths, KEPT_OUT, strict=True):
        api.apply(path, body)
    try:
        yield api
    finally:
        for name in made:
            api.call("DELETE", f"/api/v1/namespaces/{name}")
        left = list(made)
        try:
            until(lambda: not _remaining(api, left), seconds=60)
        except TimeoutError:
            warnings.warn(f"namespaces are still there: {left}", stacklevel=1)
        for path in paths:
            api.call("DELETE", path)


def _sweep(api: Api) -> None:
    """Remove what a run that was killed half an hour ago or earlier has left behind."""
    long_ago = datetime.now(UTC) - timedelta(minutes=30)
    found = api.call("GET", "/api/v1/namespaces", ok=True, labelSelector=f"{LABEL}=true").body
    for namespace in found["items"]:
        if moment(namespace["metadata"]["creationTimestamp"]) < long_ago:
            api.call("DELETE", f"/api/v1/namespaces/{namespace['metadata']['name']}")


def _remaining(api: Api, names: list[str]) -> list[str]:
    names[:] = [name for name in names if api.call("GET", f"/api/v1/namespaces/{name}").status != 404]
    return names


def _new_namespace(api: Api) -> str:
    name = f"api-test-{secrets.token_hex(4)}"
    metadata = {"name": name, "labels": {LABEL: "true", **RESTRICTED}}
    api.made.append(name)
    api.call("POST", "/api/v1/namespaces", {"kind": "Namespace", "metadata": metadata}, ok=True)
    until(lambda: api.call("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default").status == 200)
    # A policy takes a moment to be in force. The probe has every right, so that it is the policy that refuses, also
    # on a cluster on which no operator was ever deployed.
    probe = {"kind": "ConfigMap", "metadata": {"name": "probe"}}
    path = f"/api/v1/namespaces/{name}/configmaps"
    until(lambda: "kept out" in api.call("POST", path, probe, impersonate=(OPERATOR, ADMIN), dryRun="All").message)
    return name


@pytest.fixture(scope="session")
def new_namespace(api: Api) -> Callable[[], str]:
    """Makes a namespace that is removed at the end."""
    return lambda: _new_namespace(api)


@pytest.fixture
def stage(api: Api, new_namespace: Callable[[], str]) -> Iterator[Stage]:
    """A stage of its own for one test."""
    stage = Stage(api, new_namespace())
    yield stage
    api.call("DELETE", f"/api/v1/namespaces/{stage.namespace}")


@pytest.fixture(scope="module")
def shared(api: Api, new_namespace: Callable[[], str]) -> Iterator[Stage]:
    """A stage for the tests of one module that leave it as they found it."""
    stage = Stage(api, new_namespace())
    yield stage
    api.call("DELETE", f"/api/v1/namespaces/{stage.namespace}")


@pytest.fixture(scope="session")
def installed(api: Api, new_namespace: Callable[[], str]) -> Stage:
    """A stage with a cluster that is Ready, for the tests that leave it so."""
    stage = Stage(api, new_namespace())
    stage.create()
    stage.install()
    return stage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of this folder has four minutes, against hanging: it waits for controllers, not for pods."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(240))
