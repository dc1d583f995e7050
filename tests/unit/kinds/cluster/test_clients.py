"""What a cluster promises its clients is what its own templates make."""

from __future__ import annotations

from typing import Any

from tests.support.builders import NOW, TEMPLATES, cluster, observed, resource

from alluxio_operator.engine.render import Manifest, Renderer
from alluxio_operator.kinds.cluster import clients
from alluxio_operator.kinds.cluster.decide import decide

SHORT_CIRCUIT: dict[str, Any] = {"workers": {"shortCircuit": {"policy": "Uuid"}}}


def rendered(kind: str, name: str, **over: Any) -> Manifest:
    plan = decide(cluster(**over), observed(resource(**over)), NOW)
    found = Renderer(TEMPLATES).render("alluxio", plan.context)
    [one] = [manifest for manifest in found if (manifest.ref.kind, manifest.ref.name) == (kind, name)]
    return one


def test_the_client_config_map_has_the_file_that_clients_look_for():
    made = rendered("ConfigMap", clients.client_config_map("small"))

    assert "alluxio.master.hostname" in made.obj["data"][clients.CLIENT_FILE]


def test_a_client_finds_the_workers_by_their_pods_labels():
    worker = rendered("StatefulSet", "small-worker")

    assert clients.worker_selector("small") == worker.obj["spec"]["selector"]["matchLabels"]


def test_a_client_shares_the_sockets_folder_with_the_workers_of_its_node():
    worker = rendered("StatefulSet", "small-worker", **SHORT_CIRCUIT).obj["spec"]["template"]["spec"]
    [volume] = [one for one in worker["volumes"] if one["name"] == "sockets"]
    [container] = [one for one in worker["containers"] if one["name"] == "worker"]
    [mount] = [one for one in container["volumeMounts"] if one["name"] == "sockets"]

    assert clients.node_socket_folder(resource(**SHORT_CIRCUIT)) == volume["hostPath"]["path"]
    assert mount["mountPath"] == clients.SOCKET_FOLDER


def test_without_short_circuit_there_is_no_folder_to_share():
    assert clients.node_socket_folder(resource()) is None
