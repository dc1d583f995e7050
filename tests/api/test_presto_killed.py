"""The operator of a Presto killed before and after writes to a real API server: the end is the same.

Stand-ins play the kubelet and Presto. tests/worlds/kinds/presto tries every point on an API server in memory. These are
some of them, where versions, defaults and garbage are the server's own.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes.client import ApiClient
from prometheus_client import CollectorRegistry
from tests.api.stage import Stage, until
from tests.support.presto import FakeServers, resource
from tests.support.rendering import RENDERER

from alluxio_operator.engine.work import OwnerKey, Reason, Request
from alluxio_operator.kinds.presto.names import Names
from alluxio_operator.kinds.presto.reconcile import presto_reconciler
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]
NOWHERE = {"nodeSelector": {"alluxio-operator.io/no-node-has-this": "true"}}
KINDS_MADE = ("ConfigMap", "Deployment", "Service", "ServiceAccount")


class Killed(BaseException):
    """The operator's process ends here."""


class Mortal(Kube):
    """The real client of an operator that dies at its `at`-th write, before or after it; at 0 it lives."""

    def __init__(self, api: ApiClient, at: int, *, after: bool, counted: list[str] | None = None) -> None:
        super().__init__(api)
        self._api_client, self._at, self._after = api, at, after
        self.counted: list[str] = [] if counted is None else counted

    def within(self, deadline: Deadline) -> Kube:
        bound = Mortal(self._api_client, self._at, after=self._after, counted=self.counted)
        bound._deadline = deadline
        return bound

    def _request(self, method: str, path: str, **options: Any) -> Any:
        if method != "GET":
            self.counted.append(f"{method} {path}")
            if len(self.counted) == self._at and not self._after:
                raise Killed(path)
        answer = super()._request(method, path, **options)
        if method != "GET" and len(self.counted) == self._at and self._after:
            raise Killed(path)
        return answer


class Play:
    """One Presto in the stage's namespace, under an operator that may die once."""

    def __init__(self, stage: Stage, name: str, at: int, *, after: bool) -> None:
        self.stage, self.name = stage, name
        self.names = Names(name, stage.namespace)
        self.kube = Mortal(stage.api.client, at, after=after)
        self.servers = FakeServers()
        self.start_operator()
        body = resource(name, coordinator=NOWHERE, workers={**NOWHERE, "replicas": 2})
        body["metadata"] = {"name": name, "namespace": stage.namespace}
        made = stage.api.call("POST", KINDS["Presto"].path(stage.namespace), body)
        assert made.status == 201, made.message

    def start_operator(self) -> None:
        metrics = Metrics(CollectorRegistry())
        self.operator = presto_reconciler(self.kube, self.servers, RENDERER, metrics, lambda: datetime.now(UTC))

    def run(self) -> bool:
        """Reconcile until it is Ready; tell whether the operator died on the way."""
        died = False
        key = OwnerKey("Presto", self.stage.namespace, self.name)
        for _ in range(60):
            try:
                self.operator(Request(key, Reason.EDIT), Deadline.after(20))
            except Killed:
                died = True
                self.start_operator()
            if self.status.get("phase") == "Ready":
                return died
            self.catch_up()
        raise AssertionError(f"not Ready: {self.status}")

    def catch_up(self) -> None:
        """Let pods run that are there, and the coordinator count its workers."""
        deployments = {obj["metadata"]["name"]: obj for obj in self.objects("Deployment")}
        wanted = sum(obj["spec"]["replicas"] for obj in deployments.values())
        until(lambda: len(self.pods()) == wanted)
        for pod in self.pods():
            if pod["status"]["phase"] != "Running":
                ready = [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")]
                status = {"phase": "Running", "podIP": "10.0.0.9", "conditions": ready}
                path = KINDS["Pod"].path(self.stage.namespace, pod["metadata"]["name"], "status")
                self.stage.api.merge(path, {"status": status})
        until(
            lambda: all(
                obj.get("status", {}).get("readyReplicas", 0) == obj["spec"]["replicas"]
                for obj in self.objects("Deployment")
            )
        )
        active = 2 if self.names.workers in deployments else 0
        self.servers.answer = CoordinatorInfo("0.287", active, 0, 0)

    @property
    def status(self) -> Json:
        path = KINDS["Presto"].path(self.stage.namespace, self.name)
        found: Json = self.stage.api.call("GET", path, ok=True).body.get("status", {})
        return found

    def pods(self) -> list[Json]:
        return self.objects("Pod")

    def objects(self, kind: str) -> list[Json]:
        path = KINDS[kind].path(self.stage.namespace)
        return list(self.stage.api.kube.list(path, self.names.owned_by_selector))

    def outcome(self) -> Json:
        """Return what is left: specs and data, and the status without its times."""
        found = {
            f"{kind}/{obj['metadata']['name'].removeprefix(self.name)}": self._nameless(obj)
            for kind in ("ConfigMap", "Deployment")
            for obj in self.objects(kind)
        }
        names = {
            f"{kind}/{o['metadata']['name'].removeprefix(self.name)}" for kind in KINDS_MADE for o in self.objects(kind)
        }
        conditions = {c["type"]: c["status"] for c in self.status["conditions"]}
        history = [change["what"] for change in self.status["history"]]
        return {"objects": found, "names": names, "conditions": conditions, "history": history}

    def _nameless(self, obj: Json) -> str:
        # The hash of a configuration hangs on the name, too.
        text = str({key: obj.get(key) for key in ("spec", "data")}).replace(self.name, "NAME")
        return re.sub(r"config-hash': '[0-9a-f]+'", "config-hash'", text)


def test_whenever_it_is_killed_the_end_is_the_same(stage: Stage):
    undisturbed = Play(stage, "undisturbed", 0, after=False)
    assert not undisturbed.run()
    wanted = undisturbed.outcome()
    writes = len([write for write in undisturbed.kube.counted if "/events" not in write])
    assert writes >= 12

    for number, at in enumerate(range(1, writes + 1, 3)):
        killed = Play(stage, f"killed{at}", at, after=number % 2 == 1)
        assert killed.run(), f"the operator lived past write {at}"
        assert killed.outcome() == wanted, f"killed at write {at}: {killed.kube.counted[at - 1]}"


def test_a_mortal_one_dies_where_it_is_told_to(stage: Stage):
    with pytest.raises(Killed):
        Mortal(stage.api.client, 1, after=False).delete("/api/v1/namespaces/nowhere/configmaps/x")
