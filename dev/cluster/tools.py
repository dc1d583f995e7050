"""The tools that the cluster and its tests need, built from Go modules once and kept in the cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import gobuild
from dev.cluster.errors import ClusterError
from dev.cluster.paths import REPOSITORY, Paths
from dev.cluster.tool import Binary, Tool
from dev.jobs import lanes
from dev.jobs.job import Job
from dev.jobs.runner import JobFailed, run

MODULES = REPOSITORY / "dev" / "tools"
KUBERNETES_VERSION = "v1.34.4"
COMMON = "Go's standard library"
"""The job that comes before every build."""

Say = Callable[[str], None]


def _kubernetes_version_values() -> dict[str, str]:
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES_VERSION, "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in values.items()}


_KUBERNETES = "k8s.io/kubernetes/cmd"
# Images are looked at and never run: without these the C libraries of container storage would be needed.
_NO_CONTAINER_STORAGE = ("containers_image_openpgp", "exclude_graphdriver_btrfs", "exclude_graphdriver_devicemapper")
_OLM = "github.com/operator-framework/operator-lifecycle-manager/cmd"
_SDK = "github.com/operator-framework/operator-sdk"

KUBERNETES = Tool(
    "kubernetes",
    560,
    (
        Binary("kubeadm", f"{_KUBERNETES}/kubeadm"),
        Binary("kubectl", f"{_KUBERNETES}/kubectl"),
        Binary("kube-apiserver", f"{_KUBERNETES}/kube-apiserver"),
        Binary("kube-controller-manager", f"{_KUBERNETES}/kube-controller-manager"),
        Binary("kube-scheduler", f"{_KUBERNETES}/kube-scheduler"),
        Binary("kubelet", f"{_KUBERNETES}/kubelet"),
        Binary("kube-proxy", f"{_KUBERNETES}/kube-proxy"),
    ),
    _kubernetes_version_values(),
)
ETCD = Tool("etcd", 52, (Binary("etcd", "go.etcd.io/etcd/server/v3"),))
COREDNS = Tool("coredns", 130, (Binary("coredns", "github.com/coredns/coredns"),))
SHELL_OPERATOR = Tool(
    "shell-operator", 207, (Binary("shell-operator", "github.com/flant/shell-operator/cmd/shell-operator"),)
)
KUTTL = Tool("kuttl", 119, (Binary("kubectl-kuttl", "github.com/kudobuilder/kuttl/cmd/kubectl-kuttl"),))
LOCAL_PATH_PROVISIONER = Tool(
    "local-path-provisioner",
    140,
    (Binary("local-path-provisioner", "github.com/rancher/local-path-provisioner"),),
)
KUBE_ROUTER = Tool(
    "kube-router", 100, (Binary("kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"),)
)
KWOK = Tool("kwok", 112, (Binary("kwok", "sigs.k8s.io/kwok/cmd/kwok"),))

CLUSTER_TOOLS = (KUBERNETES, ETCD, COREDNS, KUBE_ROUTER, LOCAL_PATH_PROVISIONER)
"""What the local cluster runs."""

SIMULATION_TOOLS = (KUBERNETES, ETCD, KWOK, SHELL_OPERATOR)
"""What the cluster without machines runs, and the operator there, which is no pod."""

TOOLS = (*CLUSTER_TOOLS, SHELL_OPERATOR, KUTTL, KWOK)
"""What `make tools` builds: all that the everyday commands run."""

BENCH_TOOLS = (Tool("helm", 100, (Binary("helm", "helm.sh/helm/v3/cmd/helm"),)),)
"""What only the bench compares with: built by it, and by nothing else."""

METRICS_TOOLS = (
    Tool("metrics-server", 85, (Binary("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server"),)),
)
"""What serves metrics.k8s.io: built for a cluster that is asked to have it."""

LIFECYCLE_TOOLS = (
    Tool(
        "opm",
        115,
        (Binary("opm", "github.com/operator-framework/operator-registry/cmd/opm"),),
        tags=_NO_CONTAINER_STORAGE,
    ),
    Tool("olm", 160, (Binary("olm", f"{_OLM}/olm"), Binary("catalog", f"{_OLM}/catalog"))),
)
"""What serves a catalog and installs from it."""

OLM_TOOLS = (
    Tool(
        "operator-sdk",
        165,
        (
            Binary("operator-sdk", f"{_SDK}/cmd/operator-sdk"),
            Binary("scorecard-test", f"{_SDK}/images/scorecard-test"),
        ),
        {f"{_SDK}/internal/version.Version": "v1.42.2", f"{_SDK}/internal/version.GitVersion": "v1.42.2"},
        _NO_CONTAINER_STORAGE,
    ),
    *LIFECYCLE_TOOLS,
)
"""What makes, checks and installs the bundle: built by the suites of the bundle and of OLM."""

VOLUME_TOOLS = (
    Tool("csi-resizer", 150, (Binary("csi-resizer", "github.com/kubernetes-csi/external-resizer/cmd/csi-resizer"),)),
)
"""The resizer of CSI drivers, for the one test that lets volumes grow by it."""

OLDER_VALIDATOR = (
    Tool(
        "operator-sdk-1.33",
        157,
        (Binary("operator-sdk-1.33", f"{_SDK}/cmd/operator-sdk"),),
        {f"{_SDK}/internal/version.Version": "v1.33.0", f"{_SDK}/internal/version.GitVersion": "v1.33.0"},
        _NO_CONTAINER_STORAGE,
    ),
)
"""The validator of catalogs that check with an older release: built by the full check of the bundle alone."""

EVERY_TOOL = (*TOOLS, *BENCH_TOOLS, *METRICS_TOOLS, *OLM_TOOLS, *VOLUME_TOOLS, *OLDER_VALIDATOR)


@dataclass(frozen=True)
class Toolbox:
    """Where the programs of the present versions are."""

    directories: dict[str, Path]

    def path(self, binary: str) -> str:
        """Return the path of a program."""
        return str(self.directories[binary] / binary)


def named(names: Iterable[str]) -> tuple[Tool, ...]:
    """Return the tools of these names; raise ClusterError for a name that no tool has."""
    known = {tool.name: tool for tool in EVERY_TOOL}
    wanted = list(names)
    if unknown := [name for name in wanted if name not in known]:
        raise ClusterError(f"there is no tool {', '.join(unknown)}; there are: {', '.join(known)}")
    return tuple(known[name] for name in wanted)


def cache_key(tool: Tool, go_mod: bytes, go_sum: bytes, go_version: str) -> str:
    """Name a build by all that its result depends on."""
    digest = hashlib.sha256()
    settings = (
        tool.linker_flags,
        repr(gobuild.FLAGS),
        repr(tool.binaries),
        repr(sorted(gobuild.ENVIRONMENT.items())),
        go_version,
        *tool.tags,
    )
    for part in (go_mod, go_sum, *(setting.encode() for setting in settings)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:16]


def find(paths: Paths, wanted: Sequence[Tool] = TOOLS) -> tuple[Toolbox, list[Tool]]:
    """Return the tools that are built, and those that are still to build."""
    version = gobuild.version()
    directories: dict[str, Path] = {}
    missing: list[Tool] = []
    for tool in wanted:
        module = MODULES / tool.name
        key = cache_key(tool, (module / "go.mod").read_bytes(), (module / "go.sum").read_bytes(), version)
        directory = paths.tools / f"{tool.name}-{key}"
        directories |= {binary.name: directory for binary in tool.binaries}
        if not directory.is_dir():
            missing.append(tool)
    return Toolbox(directories), missing


def ensure(paths: Paths, say: Say, wanted: Sequence[Tool] = TOOLS) -> Toolbox:
    """Build what is missing, side by side."""
    toolbox, missing = find(paths, wanted)
    if missing:
        say(f"building {', '.join(tool.name for tool in missing)} with {gobuild.version()}")
        try:
            run(build_jobs(missing), lanes.ROOM, paths.build_logs, say)
        except JobFailed as failure:
            raise ClusterError(str(failure)) from failure
    _link(paths.bin, toolbox)
    return toolbox


def build_jobs(missing: Sequence[Tool]) -> list[Job]:
    """Return the jobs that build tools: all modules are fetched at once, and each build waits for its own."""
    version = gobuild.version()
    if not gobuild.is_new_enough(version):
        raise ClusterError(f"{version} is too old to build the tools; `make doctor` says how to get a newer Go")
    common = Job(COMMON, gobuild.STANDARD_LIBRARY, lane=lanes.GO, seconds=40, environment=gobuild.ENVIRONMENT)
    found = [common] if missing else []
    for tool in missing:
        fetch = Job(
            f"modules of {tool.name}",
            gobuild.download_command(tool),
            lane=lanes.DOWNLOAD,
            seconds=30,
            directory=MODULES / tool.name,
            environment=gobuild.ENVIRONMENT,
        )
        command = (sys.executable, "-m", "dev.cluster", "build-tool", tool.name)
        needs = frozenset({fetch.name, common.name})
        found += [fetch, Job(tool.name, command, needs, lanes.GO, tool.seconds, REPOSITORY)]
    return found


def build(paths: Paths, tool: Tool, say: Say) -> None:
    """Build one tool; a second caller waits for the first and then finds it there."""
    with _only_builder(paths, tool, say):
        toolbox, missing = find(paths, (tool,))
        if missing:
            target = toolbox.directories[tool.binaries[0].name]
            workspace = Path(tempfile.mkdtemp(prefix=f".{tool.name}-", dir=target.parent))
            try:
                gobuild.build(tool, MODULES / tool.name, workspace)
                workspace.chmod(0o755)
                workspace.rename(target)
            finally:
                shutil.rmtree(workspace, ignore_errors=True)
    _link(paths.bin, toolbox)


def module_directory(tool: str, module: str) -> Path:
    """Return the source of a Go module, of the version that dev/tools/TOOL names; it is fetched when it isn't there."""
    printed = gobuild.go(("go", "mod", "download", "-json", module), MODULES / tool)
    return Path(json.loads(printed)["Dir"])


def _link(directory: Path, toolbox: Toolbox) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in toolbox.directories:
        link, target = directory / name, Path(toolbox.path(name))
        if not link.is_symlink() or link.readlink() != target:
            fresh = directory / f".{name}.{os.getpid()}"
            fresh.symlink_to(target)
            fresh.replace(link)


@contextmanager
def _only_builder(paths: Paths, tool: Tool, say: Say) -> Iterator[None]:
    paths.tools.mkdir(parents=True, exist_ok=True)
    with (paths.tools / f".lock-{tool.name}").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another build of {tool.name} is running: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
