"""The operator's rights as config/rbac grants them: enough for all of its work, and no more."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from tests.api.stage import Api, Stage, Watched
from tests.support.builders import ROOT

from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import ApiError
from alluxio_operator.kube.kinds import KINDS, Ref

Json = dict[str, Any]
ACCOUNT = "alluxio-operator"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Bound:
    """A service account with the rights of one form of the installation."""

    def __init__(self, stage: Stage, form: str) -> None:
        self.api, self.stage, self.form = stage.api, stage, form
        self.account = f"system:serviceaccount:{stage.namespace}:{ACCOUNT}"
        self._made: list[str] = []
        accounts = f"/api/v1/namespaces/{stage.namespace}/serviceaccounts"
        self.api.call("POST", accounts, {"metadata": {"name": ACCOUNT}}, ok=True)
        for obj in self._rendered():
            self._grant(obj)
        request = {"spec": {"expirationSeconds": 600}}
        answer = self.api.call("POST", f"{accounts}/{ACCOUNT}/token", request, ok=True)
        self.kube: Kube = self.api.as_bearer(answer.body["status"]["token"])

    def remove(self) -> None:
        """Remove what lies outside the namespace."""
        for path in self._made:
            self.api.call("DELETE", path)

    def may(self, verb: str, resource: str, group: str = "", *, sub: str = "", name: str = "", place: str = "") -> bool:
        """Ask the API server whether the account may do something; in its own namespace unless another is named."""
        asked = {
            "verb": verb,
            "group": group,
            "resource": resource,
            "subresource": sub,
            "namespace": place or self.stage.namespace,
            "name": name,
        }
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{self.stage.namespace}", "system:authenticated"]
        body = {"spec": {"user": self.account, "groups": groups, "resourceAttributes": asked}}
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return bool(self.api.call("POST", path, body, ok=True).body["status"]["allowed"])

    def _rendered(self) -> list[Json]:
        text = self.api.kubectl("kustomize", str(ROOT / "config" / self.form))
        found = [obj for obj in yaml.safe_load_all(text) if obj["apiVersion"].startswith("rbac.authorization.k8s.io/")]
        # What people get is no right of the operator.
        return [obj for obj in found if obj["metadata"]["name"] in (ACCOUNT, "alluxio-operator-leader")]

    def _grant(self, obj: Json) -> None:
        kind, name = obj["kind"], obj["metadata"]["name"]
        metadata: Json = {"name": name}
        place = f"/namespaces/{self.stage.namespace}"
        if kind.startswith("Cluster"):
            # Beside what a deployed operator has under the same name.
            metadata, place = {"name": f"{name}-{self.stage.namespace}"}, ""
        body = {**obj, "metadata": metadata}
        if kind.endswith("Binding"):
            role = obj["roleRef"]
            if role["kind"] == "ClusterRole":
                role = {**role, "name": f"{role['name']}-{self.stage.namespace}"}
            subjects = [{**subject, "namespace": self.stage.namespace} for subject in obj["subjects"]]
            body |= {"roleRef": role, "subjects": subjects}
        plural = f"{kind.lower()}s"
        self.api.call("POST", f"{RBAC}{place}/{plural}", body, ok=True)
        if not place:
            self._made.append(f"{RBAC}/{plural}/{metadata['name']}")


@pytest.fixture(scope="module", params=["default", "namespaced"])
def bound(request: pytest.FixtureRequest, api: Api, new_namespace: Callable[[], str]) -> Iterator[Bound]:
    """The account of each form: with rights in all namespaces, and in its own only."""
    bound = Bound(Stage(api, new_namespace()), request.param)
    yield bound
    bound.remove()


@pytest.fixture
def elsewhere(shared: Stage) -> str:
    """Another namespace, which lies within the rights of the form for all namespaces only."""
    return shared.namespace


def test_the_rights_are_enough_for_all_of_its_work(bound: Bound):
    stage = bound.stage
    used: set[str] = set()

    def note(verb: str, arguments: tuple[Any, ...]) -> None:
        used.add(verb)

    stage.start_operator(Watched(bound.kube, note))
    stage.create()
    stage.install()
    assert "Created" in stage.events(), "an event that can't be posted is only logged"

    stage.api.merge(stage.at("ConfigMap", "jvm"), {"data": {"master": None}})
    assert stage.reconcile(Ref("ConfigMap", "small-jvm")).changed
    port = {"spec": {"ports": [{"name": "rpc", "port": 1}, {"name": "web", "port": 2}]}}
    stage.api.merge(stage.at("Service", "client"), port)
    stage.reconcile(Ref("Service", "small-client"))
    assert stage.condition("ConfigurationApplied")["status"] == "True"

    stage.edit(jobService={"enabled": False}, logServer={"enabled": False})
    stage.reconcile()
    assert not [ref for ref in stage.refs() if "jobmaster" in ref or ref.startswith("Deployment/")]
    assert used == {"get", "list", "apply", "merge", "replace", "create", "delete"}, "every verb of the client"


def test_what_the_hooks_watch_may_be_watched(bound: Bound):
    watched = set()
    for hook in sorted((ROOT / "hooks").glob("*.py")):
        printed = subprocess.run([hook, "--config"], capture_output=True, text=True, check=True, timeout=10).stdout
        for binding in yaml.safe_load(printed).get("kubernetes", ()):
            watched.add((binding["apiVersion"], binding["kind"]))
    assert ("alluxio-operator.io/v1alpha1", "AlluxioCluster") in watched

    for version, kind in watched:
        group = version.rpartition("/")[0]
        for verb in ("get", "list", "watch"):
            assert bound.may(verb, KINDS[kind].plural, group), f"{verb} {kind}"


def test_a_master_may_be_permitted_to_join_again(bound: Bound):
    assert bound.may("patch", "pods")


def test_a_pod_may_be_replaced(bound: Bound):
    assert bound.may("delete", "pods")


def test_a_claim_may_grow_and_a_statefulset_be_made_anew(bound: Bound):
    assert bound.may("patch", "persistentvolumeclaims")
    # Of a master whose volume is lost for good.
    assert bound.may("delete", "persistentvolumeclaims")
    assert bound.may("delete", "statefulsets", "apps")


def test_the_lease_beside_the_operator_is_its_own(bound: Bound):
    group = "coordination.k8s.io"

    assert bound.may("create", "leases", group)
    assert bound.may("update", "leases", group, name="alluxio-operator")
    assert not bound.may("update", "leases", group, name="another")
    assert not bound.may("delete", "leases", group, name="alluxio-operator")


def test_it_may_read_why_a_workload_has_no_pod(bound: Bound):
    assert bound.may("list", "events")
    assert not bound.may("delete", "events")


def test_it_may_read_what_pods_use(bound: Bound):
    assert bound.may("list", "pods", "metrics.k8s.io")
    assert not bound.may("list", "nodes", "metrics.k8s.io")


NEVER: list[tuple[str, str, str, str]] = [
    *((verb, "secrets", "", "") for verb in ("get", "list", "watch", "create", "delete")),
    ("create", "pods", "", "exec"),
    ("get", "pods", "", "log"),
    ("create", "pods", "", ""),
    ("deletecollection", "pods", "", ""),
    ("update", "pods", "", ""),
    ("patch", "pods", "", "status"),
    ("create", "pods", "", "eviction"),
    ("deletecollection", "persistentvolumeclaims", "", ""),
    ("update", "alluxioclusters", "alluxio-operator.io", ""),
    # It creates, starts and deletes the throw-away clusters of drills (docs/security.md), one by one.
    ("deletecollection", "alluxioclusters", "alluxio-operator.io", ""),
    ("create", "serviceaccounts", "", "token"),
    ("create", "roles", "rbac.authorization.k8s.io", ""),
    ("create", "clusterrolebindings", "rbac.authorization.k8s.io", ""),
    ("impersonate", "users", "", ""),
    ("get", "nodes", "", ""),
    ("delete", "namespaces", "", ""),
    ("deletecollection", "statefulsets", "apps", ""),
]


def test_it_may_not_do_what_it_never_does(bound: Bound):
    granted = [case for case in NEVER if bound.may(case[0], case[1], case[2], sub=case[3])]

    assert granted == []


def test_the_namespaced_form_reaches_nothing_beyond_its_namespace(bound: Bound, elsewhere: str):
    reached = [
        f"{verb} {kind.plural}"
        for kind in KINDS.values()
        for verb in ("get", "list", "create", "patch", "delete")
        if bound.may(verb, kind.plural, kind.api_version.rpartition("/")[0], place=elsewhere)
    ]

    assert bool(reached) is (bound.form == "default")
    list_all = KINDS["AlluxioCluster"].path("")
    if bound.form == "namespaced":
        with pytest.raises(ApiError, match="forbidden"):
            list(bound.kube.list(list_all))
    else:
        list(bound.kube.list(list_all))


def test_no_form_grants_by_wildcard(api: Api):
    for form in ("default", "namespaced", "watched"):
        for obj in yaml.safe_load_all(api.kubectl("kustomize", str(ROOT / "config" / form))):
            if obj["kind"] in ("Role", "ClusterRole"):
                assert "*" not in json.dumps(obj["rules"]), (form, obj["metadata"]["name"])


def test_a_further_namespace_is_granted_by_a_role_in_it_only(api: Api):
    rendered = list(yaml.safe_load_all(api.kubectl("kustomize", str(ROOT / "config" / "watched"))))

    assert sorted(obj["kind"] for obj in rendered) == ["Role", "RoleBinding"]
    assert {obj["metadata"]["namespace"] for obj in rendered} == {"change-me"}
    [binding] = [obj for obj in rendered if obj["kind"] == "RoleBinding"]
    assert binding["roleRef"]["kind"] == "Role"
    assert [subject["namespace"] for subject in binding["subjects"]] == ["alluxio-operator"]
