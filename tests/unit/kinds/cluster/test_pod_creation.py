"""Why a workload has no pod: found in its events, asked for only when it may matter, and never at length."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAMESPACE, pod, resource
from tests.support.fake_kube import FakeKube

from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.pod_creation import MAX_MESSAGE, pod_creation_failures
from alluxio_operator.workloads.pods import parse_pod

Json = dict[str, Any]
NAMES = Names("small", NAMESPACE)
SAID = 'pods "small-fuse-x" is forbidden: violates PodSecurity "restricted:latest": privileged'
FUSE = {"fuse": {"enabled": True}}
HOST = {"workers": {"tiers": [{"name": "SSD", "storage": {"hostPath": {"path": "/data/ssd"}}}]}}


def event(
    message: str = SAID, *, about: str = "small-fuse", kind: str = "DaemonSet", at: str = "10", **more: str
) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{about}.{at}", "namespace": NAMESPACE},
        "involvedObject": {"kind": kind, "name": about},
        "reason": "FailedCreate",
        "message": message,
        "lastTimestamp": f"2030-01-01T00:00:{at}Z",
        **more,
    }


def found(*events: Json, layer: int = 3, pods: tuple[Json, ...] = (), **over: Any) -> tuple[dict[str, str], list[str]]:
    kube = FakeKube()
    for one in events:
        kube.put(one)
    refused = pod_creation_failures(kube, NAMES, resource(**over), layer, [parse_pod(one) for one in pods])  # type: ignore[arg-type]
    return refused, [path for _, path in kube.calls]


def test_the_api_servers_own_words_are_told():
    refused, _ = found(event(), **FUSE)

    assert refused == {"fuse": f"DaemonSet small-fuse: {SAID}"}


def test_the_latest_word_counts():
    refused, _ = found(event("old", at="10"), event("new", at="30"), event("older", at="20"), **FUSE)

    assert refused == {"fuse": "DaemonSet small-fuse: new"}


@pytest.mark.parametrize(
    "other",
    [
        event(about="other-fuse"),
        event(kind="ReplicaSet"),
        event(reason="SuccessfulCreate"),
    ],
    ids=["of another cluster", "of another kind", "about something else"],
)
def test_other_events_are_not_about_it(other: Json):
    assert found(other, **FUSE)[0] == {}


def test_a_workload_that_has_a_pod_is_not_asked_about():
    assert found(event(), pods=(pod("fuse", "small-fuse-x"),), **FUSE) == ({}, [])


@pytest.mark.parametrize(
    ("layer", "over"),
    [(3, {}), (2, FUSE), (1, HOST), (3, {"fuse": {"enabled": False}})],
    ids=["nothing needs the node", "FUSE isn't due yet", "workers aren't due yet", "FUSE is off"],
)
def test_what_can_not_be_refused_is_not_asked_about(layer: int, over: Json):
    assert found(event(), layer=layer, **over) == ({}, [])


@pytest.mark.parametrize("over", [HOST, {"workers": {"shortCircuit": {"policy": "Uuid"}}}])
def test_workers_that_need_the_node_are_asked_about(over: Json):
    said = event("no", about="small-worker", kind="StatefulSet")

    assert found(said, layer=2, **over)[0] == {"worker": "StatefulSet small-worker: no"}


@pytest.mark.parametrize("over", [{"workers": "nonsense"}, {"workers": {"tiers": [{"storage": None}]}}, {"fuse": []}])
def test_a_spec_that_makes_no_sense_is_no_surprise(over: Json):
    assert found(event(), **over) == ({}, [])


def test_a_long_word_is_cut():
    refused, _ = found(event("x" * 5000), **FUSE)

    assert len(refused["fuse"]) == MAX_MESSAGE + len("DaemonSet small-fuse: ")
