import json
import subprocess
import tomllib
from pathlib import Path

from dev.cluster import certs, control_plane, machine, metrics, native, node, plan, storage
from dev.cluster.api import is_ready
from dev.cluster.paths import Paths
from dev.cluster.tools import METRICS_TOOLS, TOOLS, Toolbox

PATHS = Paths(cache=Path("/srv/cache"), run=Path("/srv/run"), prefix="alx-1a")
TOOLBOX = Toolbox({binary.name: Path("/tools") for tool in (*TOOLS, *METRICS_TOOLS) for binary in tool.binaries})
FIRST, SECOND = plan.nodes(2, "alx-1a")


def test_containerd_configuration_is_valid_and_uses_the_own_pause_image() -> None:
    config = tomllib.loads(node.containerd_config(PATHS, FIRST))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["sandbox_image"] == native.IMAGE
    assert cri["restrict_oom_score_adj"] is True


def test_nodes_differ_in_pod_range_and_cgroup() -> None:
    assert FIRST.pod_range in json.dumps(node.cni_config(FIRST))
    assert SECOND.pod_range in json.dumps(node.cni_config(SECOND))
    assert node.kubelet_config(PATHS, SECOND)["cgroupRoot"] == "/alx-1a-node2"


def test_nodes_mount_only_over_what_they_hide_and_from_their_own_directory() -> None:
    script = machine.setup_script(PATHS, FIRST, Path("/tools/pause"))
    binds = [line.split()[2:] for line in script.splitlines() if line.startswith("mount --bind")]
    assert all(source.startswith("/srv/run/") for source, _ in binds)
    assert {"/run", "/var/lib", "/var/log"} <= {target for _, target in binds}
    assert script.endswith("exec /tools/pause")


def test_commands_restart_when_their_configuration_changes() -> None:
    one = node.kubelet((), PATHS, TOOLBOX, FIRST)
    other = node.kubelet(("nsenter",), PATHS, TOOLBOX, FIRST)
    assert one.digest == other.digest
    assert one.digest != node.kubelet((), PATHS, TOOLBOX, SECOND).digest


def test_api_server_is_named_in_its_certificate() -> None:
    server = next(each for each in certs.control_plane_certificates() if each.name == "kube-apiserver")
    assert {"IP:127.0.0.1", "IP:10.88.0.1", "IP:10.96.0.1"} <= set(server.names)
    assert "DNS:kubernetes.default.svc.cluster.local" in server.names


def test_control_plane_writes_only_into_the_run_directory() -> None:
    command = control_plane.api_server(PATHS, TOOLBOX, FIRST, ())
    files = [argument for argument in command.arguments[1:] if "=/" in argument]
    assert files
    assert all("=/srv/run/" in argument for argument in files)


def test_kubelet_certificate_is_that_of_its_node() -> None:
    kubelet = certs.node_certificates(SECOND)[0]
    assert kubelet.subject == "/O=system:nodes/CN=system:node:node2"
    assert kubelet.names == ("DNS:node2", "IP:10.88.0.12")


def test_certificates_are_made_once_and_verify(tmp_path: Path) -> None:
    certs.ensure(tmp_path, certs.node_certificates(FIRST))
    verify = ["openssl", "verify", "-CAfile", str(tmp_path / "ca.crt"), str(tmp_path / "node1-kubelet.crt")]
    subprocess.run(verify, check=True, capture_output=True)
    before = (tmp_path / "node1-kubelet.crt").read_bytes()
    certs.ensure(tmp_path, certs.node_certificates(FIRST))
    assert (tmp_path / "node1-kubelet.crt").read_bytes() == before
    config = json.loads(certs.kubeconfig(tmp_path, "node1-kubelet"))
    assert config["clusters"][0]["cluster"]["server"] == "https://10.88.0.1:6443"


def test_storage_class_is_the_default_and_waits_for_its_consumer() -> None:
    by_kind = {manifest["kind"]: manifest for _, manifest in storage.manifests()}
    notes = by_kind["StorageClass"]["metadata"]["annotations"]
    assert notes["storageclass.kubernetes.io/is-default-class"] == "true"
    assert by_kind["StorageClass"]["volumeBindingMode"] == "WaitForFirstConsumer"
    assert json.loads(storage.config_files()["storage.json"])["setupCommand"] == "/volume"


def test_an_old_ready_condition_does_not_count() -> None:
    condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": "1970-01-01T00:01:40Z"}
    assert is_ready({"status": {"conditions": [condition]}}, since=100)
    assert not is_ready({"status": {"conditions": [condition]}}, since=101)
    assert not is_ready({"status": {"conditions": [condition | {"status": "Unknown"}]}}, since=0)
    assert not is_ready({"status": {}}, since=0)
    assert not is_ready(None, since=0)


def test_the_api_server_finds_metrics_server_where_it_listens_and_can_verify_it(tmp_path: Path) -> None:
    paths = Paths(cache=tmp_path, run=tmp_path, prefix="alx-1a")
    certs.ensure(paths.pki, [metrics.certificate()])
    by_kind = {manifest["kind"]: manifest for _, manifest in metrics.manifests(paths, FIRST)}
    [port] = by_kind["EndpointSlice"]["ports"]
    [endpoint] = by_kind["EndpointSlice"]["endpoints"]
    assert f"--secure-port={port['port']}" in metrics.server(paths, TOOLBOX, ()).arguments
    assert endpoint["addresses"] == [FIRST.address]
    service = by_kind["APIService"]["spec"]["service"]
    name = f"DNS:{service['name']}.{service['namespace']}.svc"
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", str(paths.pki / "metrics-server.crt")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert name in text
