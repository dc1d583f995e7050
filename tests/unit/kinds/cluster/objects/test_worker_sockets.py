"""Domain sockets on a node: a worker removes those that it left, and those of no other worker."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.builders import NOW, TEMPLATES, cluster, observed, resource

from alluxio_operator.api.alluxiocluster import LONGEST_NAME
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.decide import decide
from alluxio_operator.kinds.cluster.objects.tiers import SOCKET_FOLDER

Json = dict[str, Any]
LONGEST_SOCKET = 107
"""Bytes of a socket's path in Linux, without the final zero."""
UUID_LENGTH = 36


def pod_spec(workload: str, name: str = "small", policy: str = "Uuid") -> Json:
    over: Json = {"workers": {"workload": workload, "shortCircuit": {"policy": policy}}}
    if workload == "DaemonSet":
        over["workers"]["replicas"] = None
    plan = decide(cluster(name, **over), observed(resource(name, **over)), NOW)
    [made] = [m.obj for m in Renderer(TEMPLATES).render("alluxio", plan.context) if m.ref.name == f"{name}-worker"
              and m.ref.kind == workload]  # fmt: skip
    found: Json = made["spec"]["template"]["spec"]
    return found


def worker(spec: Json) -> Json:
    [found] = [one for one in spec["containers"] if one["name"] == "worker"]
    return dict(found)


def on_disk(text: str, node: Path) -> str:
    """Return a script or path of the container with the socket folder and the entry point on this machine."""
    return text.replace(SOCKET_FOLDER, str(node)).replace("/entrypoint.sh", str(node.parent / "entrypoint.sh"))


def start(spec: Json, node: Path, pod: str) -> None:
    """Run the container's command; in the entry point's place, a worker opens a socket and is killed."""
    words = worker(spec)["args"]
    *shell, script, title, own, entry_point, role, option = words[words.index("/bin/sh") :]
    folder = on_disk(own, node).replace("$(POD_NAME)", pod)
    opened = f'import socket, uuid; socket.socket(socket.AF_UNIX).bind(f"{folder}/{{str(uuid.uuid4())[:8]}}")'
    entry = node.parent / "entrypoint.sh"
    entry.write_text(f"#!/bin/sh\n[ \"$*\" = 'worker-only --no-format' ] && exec python3 -c '{opened}'\n")
    entry.chmod(0o755)
    command = [*shell, script, title, folder, on_disk(entry_point, node), role, option]
    subprocess.run(command, check=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin", "POD_NAME": pod})


def stop(spec: Json, node: Path, pod: str) -> None:
    """Run the container's preStop hook."""
    command = [on_disk(part, node) for part in worker(spec)["lifecycle"]["preStop"]["exec"]["command"]]
    subprocess.run(command, check=False, env={"PATH": "/usr/bin:/bin", "POD_NAME": pod})


def sockets(node: Path) -> list[Path]:
    return [path for path in node.rglob("*") if path.is_socket()]


@pytest.fixture
def node(tmp_path: Path) -> Path:
    made = tmp_path / "s"
    made.mkdir()
    return made


@pytest.mark.parametrize("workload", ["StatefulSet", "DaemonSet"])
def test_ten_killed_workers_leave_one_socket(workload: str, node: Path):
    spec = pod_spec(workload)

    for _ in range(10):
        start(spec, node, "small-worker-0")

    assert len(sockets(node)) == 1


@pytest.mark.parametrize("workload", ["StatefulSet", "DaemonSet"])
def test_a_worker_that_is_stopped_leaves_nothing(workload: str, node: Path):
    spec = pod_spec(workload)
    start(spec, node, "small-worker-0")

    stop(spec, node, "small-worker-0")

    assert list(node.iterdir()) == []


def test_workers_of_one_node_keep_each_others_sockets(node: Path):
    spec = pod_spec("StatefulSet")
    start(spec, node, "small-worker-1")
    with socket.socket(socket.AF_UNIX) as of_a_client:
        of_a_client.bind(str(node / "other"))
        start(spec, node, "small-worker-0")
        stop(spec, node, "small-worker-0")

        assert {path.parent.name for path in sockets(node)} == {"small-worker-1", "s"}


def test_a_socket_is_where_clients_look_and_its_longest_path_is_short_enough():
    spec = pod_spec("StatefulSet", name="a" * LONGEST_NAME)
    [options] = [one["value"] for one in worker(spec)["env"] if one["name"] == "ALLUXIO_JAVA_OPTS"]
    [address] = [o.split("=")[1] for o in options.split() if "domain.socket.address" in o]
    [mount] = [one for one in worker(spec)["volumeMounts"] if one["name"] == "sockets"]

    assert address.startswith(mount["mountPath"] + "/")
    path = address.replace("$(POD_NAME)", f"{'a' * LONGEST_NAME}-worker-9999")
    assert len(path) + len("/") + UUID_LENGTH <= LONGEST_SOCKET


def test_root_only_gives_the_shared_folder_to_the_worker_which_creates_its_own():
    [folders] = [one["args"] for one in pod_spec("StatefulSet")["initContainers"] if one["name"] == "host-folders"]

    assert [one for one in folders if one.startswith(SOCKET_FOLDER)] == [SOCKET_FOLDER], (
        "root without DAC_OVERRIDE can't create a folder in one of another user"
    )


def test_without_sockets_the_image_starts_as_it_is():
    found = worker(pod_spec("StatefulSet", policy="None"))

    assert "lifecycle" not in found
    assert "/bin/sh" not in found["args"]
    assert found["args"][-3:] == ["/entrypoint.sh", "worker-only", "--no-format"]
