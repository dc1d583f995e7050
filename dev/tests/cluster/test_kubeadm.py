"""What kubeadm is asked for, and that it is asked for what is missing only."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import control_plane, kubeadm, node, plan, policies
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.tools import CLUSTER_TOOLS, KUBERNETES_VERSION, Toolbox

FIRST, SECOND = plan.nodes(2, "alx-1a")


def kubeconfig(user: str) -> dict[str, Any]:
    data = {name: base64.b64encode(f"{name} of {user}".encode()).decode() for name in ("certificate", "key")}
    return {
        "users": [{"name": user, "user": {f"client-{name}-data": value for name, value in data.items()}}],
    }


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(cache=tmp_path, run=tmp_path / "run", prefix="alx-1a")
    for each in (FIRST, SECOND):
        found.kubelet_kubeconfig(each.name).parent.mkdir(parents=True)
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that were run, by a kubeadm that writes what each is asked for."""
    commands: list[str] = []

    def run(command: list[str]) -> str:
        words = " ".join(word for word in command[1:] if not word.startswith(("--config", "--kubeconfig-dir")))
        commands.append(words)
        flags = dict(word.lstrip("-").split("=", 1) for word in command if word.startswith("--"))
        if "kubeconfig-dir" in flags:
            Path(flags["kubeconfig-dir"], f"{command[4]}.conf").write_text(yaml.safe_dump(kubeconfig(command[4])))
        return "of kube-proxy"

    monkeypatch.setattr(kubeadm, "_run", run)
    return commands


TOOLBOX = Toolbox({binary.name: Path("/tools") for tool in CLUSTER_TOOLS for binary in tool.binaries})


def test_the_configuration_has_the_plan_of_addresses_and_asks_no_network(paths: Paths):
    init, cluster = yaml.safe_load_all(kubeadm.configuration(paths, FIRST))

    assert init["localAPIEndpoint"] == {"advertiseAddress": "10.88.0.1", "bindPort": 6443}
    assert cluster["networking"] == {"serviceSubnet": "10.96.0.0/16", "dnsDomain": "cluster.local"}
    assert cluster["certificatesDir"] == str(paths.pki)
    # Without these kubeadm looks for a container runtime, and in the internet for a version.
    assert init["nodeRegistration"]["criSocket"]
    assert cluster["kubernetesVersion"] == KUBERNETES_VERSION


def test_every_user_has_a_kubeconfig(paths: Paths, asked: list[str]):
    kubeadm.ensure(paths, TOOLBOX, (FIRST, SECOND))

    assert asked == [
        "init phase certs all",
        "init phase kubeconfig super-admin",
        "init phase kubeconfig controller-manager",
        "init phase kubeconfig scheduler",
        "kubeconfig user --client-name=system:kube-proxy",
        "kubeconfig user --client-name=kube-router",
        "init phase kubeconfig kubelet --node-name=node1",
        "init phase kubeconfig kubelet --node-name=node2",
    ]


def test_what_is_there_is_kept(paths: Paths, asked: list[str]):
    kubeadm.ensure(paths, TOOLBOX, (FIRST,))
    asked.clear()
    kubeadm.ensure(paths, TOOLBOX, (FIRST, SECOND))

    # The phase of the certificates itself keeps what is there.
    assert asked == ["init phase certs all", "init phase kubeconfig kubelet --node-name=node2"]


def test_the_administrator_is_the_one_of_the_kubeconfig(paths: Paths, asked: list[str]):
    kubeadm.ensure(paths, TOOLBOX, (FIRST,))

    assert (paths.pki / "admin.crt").read_text() == "certificate of super-admin"
    assert (paths.pki / "admin.key").read_text() == "key of super-admin"
    assert paths.kubeconfig.read_text() == (paths.pki / "super-admin.conf").read_text()
    assert {oct(path.stat().st_mode & 0o777) for path in (paths.kubeconfig, paths.pki / "admin.key")} == {"0o600"}


def test_every_program_is_given_a_file_that_kubeadm_makes(paths: Paths):
    enter = ()
    commands = [
        control_plane.api_server(paths, TOOLBOX, FIRST, enter),
        control_plane.controller_manager(paths, TOOLBOX, enter),
        control_plane.scheduler(paths, TOOLBOX, enter),
        node.kubelet(enter, paths, TOOLBOX, SECOND),
        node.kube_proxy(enter, paths, TOOLBOX, SECOND),
        policies.agent(enter, paths, TOOLBOX, SECOND),
    ]
    values = [argument.partition("=")[2] for command in commands for argument in command.arguments]
    files = {os.path.relpath(value, paths.run) for value in values if value.endswith((".conf", ".crt", ".key", ".pub"))}

    assert files == {
        "pki/apiserver.crt",
        "pki/apiserver.key",
        "pki/apiserver-kubelet-client.crt",
        "pki/apiserver-kubelet-client.key",
        "pki/ca.crt",
        "pki/ca.key",
        "pki/controller-manager.conf",
        "pki/front-proxy-ca.crt",
        "pki/front-proxy-client.crt",
        "pki/front-proxy-client.key",
        "pki/kube-proxy.conf",
        "pki/kube-router.conf",
        "pki/sa.key",
        "pki/sa.pub",
        "pki/scheduler.conf",
        "nodes/node2/etc/kubelet.conf",
    }


def test_the_api_server_may_ask_kubelets():
    [(_, binding)] = kubeadm.manifests()

    assert binding["subjects"][0]["name"] == "kubeadm:cluster-admins"
    assert binding["roleRef"]["name"] == "cluster-admin"


def test_the_error_of_kubeadm_is_shown(paths: Paths, tmp_path: Path):
    program = tmp_path / "kubeadm"
    program.write_text("#!/bin/sh\necho no such phase >&2\nexit 1\n")
    program.chmod(0o755)

    with pytest.raises(ClusterError, match=r"init phase certs all .* failed: no such phase"):
        kubeadm.ensure(paths, Toolbox({"kubeadm": tmp_path}), (FIRST,))
