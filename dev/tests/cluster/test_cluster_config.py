import json
import tomllib
from pathlib import Path

from dev.cluster import control_plane, machine, metrics, native, node, plan, storage
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


def test_control_plane_writes_only_into_the_run_directory() -> None:
    command = control_plane.api_server(PATHS, TOOLBOX, FIRST, ())
    files = [argument for argument in command.arguments[1:] if "=/" in argument]
    assert files
    assert all("=/srv/run/" in argument for argument in files)


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


def test_the_api_server_finds_metrics_server_where_it_listens() -> None:
    by_kind = {manifest["kind"]: manifest for _, manifest in metrics.manifests(FIRST)}
    [port] = by_kind["EndpointSlice"]["ports"]
    [endpoint] = by_kind["EndpointSlice"]["endpoints"]
    assert f"--secure-port={port['port']}" in metrics.server(PATHS, TOOLBOX, ()).arguments
    assert endpoint["addresses"] == [FIRST.address]
    service = by_kind["APIService"]["spec"]["service"]
    assert service["name"] == by_kind["Service"]["metadata"]["name"]
