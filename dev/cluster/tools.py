"""The tools that the cluster and its tests need, built from Go modules once and kept in the cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.paths import REPOSITORY, Paths

MODULES = REPOSITORY / "dev" / "tools"
KUBERNETES_VERSION = "v1.34.4"
GO_NEEDED = (1, 26)
BUILD_ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local"}
HEARTBEAT = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Binary:
    """One program: its package, and the seconds that its build takes on two cores with an empty cache."""

    name: str
    package: str
    seconds: int


@dataclass(frozen=True)
class Tool:
    """One Go module of dev/tools, and the programs that it gives."""

    name: str
    binaries: tuple[Binary, ...]
    link_values: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    """Build tags."""

    @property
    def linker_flags(self) -> str:
        """Value of -ldflags: no symbol tables, and the version that the program reports of itself."""
        return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in sorted(self.link_values.items()))])


def _kubernetes_version_values() -> dict[str, str]:
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES_VERSION, "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in values.items()}


TOOLS = (
    Tool(
        "kubernetes",
        (
            Binary("kubectl", "k8s.io/kubernetes/cmd/kubectl", 136),
            Binary("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", 271),
            Binary("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", 90),
            Binary("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", 10),
            Binary("kubelet", "k8s.io/kubernetes/cmd/kubelet", 25),
            Binary("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy", 10),
        ),
        _kubernetes_version_values(),
    ),
    Tool("etcd", (Binary("etcd", "go.etcd.io/etcd/server/v3", 52),)),
    Tool("coredns", (Binary("coredns", "github.com/coredns/coredns", 130),)),
    Tool(
        "shell-operator",
        (Binary("shell-operator", "github.com/flant/shell-operator/cmd/shell-operator", 207),),
    ),
    Tool("kuttl", (Binary("kubectl-kuttl", "github.com/kudobuilder/kuttl/cmd/kubectl-kuttl", 119),)),
    Tool(
        "local-path-provisioner",
        (Binary("local-path-provisioner", "github.com/rancher/local-path-provisioner", 140),),
    ),
    Tool("kwok", (Binary("kwok", "sigs.k8s.io/kwok/cmd/kwok", 112),)),
)

BENCH_TOOLS = (Tool("helm", (Binary("helm", "helm.sh/helm/v3/cmd/helm", 100),)),)
"""What only the bench compares with: built by it, and by nothing else."""

METRICS_TOOLS = (
    Tool("metrics-server", (Binary("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server", 85),)),
)
"""What serves metrics.k8s.io: built for a cluster that is asked to have it."""

# Images are looked at and never run: without these the C libraries of container storage would be needed.
_NO_CONTAINER_STORAGE = ("containers_image_openpgp", "exclude_graphdriver_btrfs", "exclude_graphdriver_devicemapper")
_OLM = "github.com/operator-framework/operator-lifecycle-manager/cmd"
_SDK = "github.com/operator-framework/operator-sdk"

LIFECYCLE_TOOLS = (
    Tool(
        "opm",
        (Binary("opm", "github.com/operator-framework/operator-registry/cmd/opm", 115),),
        tags=_NO_CONTAINER_STORAGE,
    ),
    Tool("olm", (Binary("olm", f"{_OLM}/olm", 150), Binary("catalog", f"{_OLM}/catalog", 10))),
)
"""What serves a catalog and installs from it."""

OLM_TOOLS = (
    Tool(
        "operator-sdk",
        (
            Binary("operator-sdk", f"{_SDK}/cmd/operator-sdk", 157),
            Binary("scorecard-test", f"{_SDK}/images/scorecard-test", 8),
        ),
        {f"{_SDK}/internal/version.Version": "v1.42.2", f"{_SDK}/internal/version.GitVersion": "v1.42.2"},
        _NO_CONTAINER_STORAGE,
    ),
    *LIFECYCLE_TOOLS,
)
"""What makes, checks and installs the bundle: built by the suites of the bundle and of OLM."""

VOLUME_TOOLS = (
    Tool("csi-resizer", (Binary("csi-resizer", "github.com/kubernetes-csi/external-resizer/cmd/csi-resizer", 150),)),
)
"""The resizer of CSI drivers, for the one test that lets volumes grow by it."""

OLDER_VALIDATOR = (
    Tool(
        "operator-sdk-1.33",
        (Binary("operator-sdk-1.33", f"{_SDK}/cmd/operator-sdk", 157),),
        {f"{_SDK}/internal/version.Version": "v1.33.0", f"{_SDK}/internal/version.GitVersion": "v1.33.0"},
        _NO_CONTAINER_STORAGE,
    ),
)
"""The validator of catalogs that check with an older release: built by the full check of the bundle alone."""


@dataclass(frozen=True)
class Toolbox:
    """Where the programs of the present versions are."""

    directories: dict[str, Path]

    def path(self, binary: str) -> str:
        """Return the path of a program."""
        return str(self.directories[binary] / binary)


def cache_key(tool: Tool, go_mod: bytes, go_sum: bytes, go_version: str) -> str:
    """Name a build by all that its result depends on."""
    digest = hashlib.sha256()
    settings = (tool.linker_flags, repr(tool.binaries), repr(sorted(BUILD_ENVIRONMENT.items())), go_version)
    for part in (go_mod, go_sum, *(setting.encode() for setting in (*settings, *tool.tags))):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:16]


def go_version() -> str:
    """Return the version of the Go toolchain, such as go1.26.3."""
    go = shutil.which("go")
    if go is None:
        raise ClusterError("go is not installed; `make doctor` says how to get it")
    # Read from the file that every Go distribution has: asking the command costs more than all else here.
    version_file = Path(go).resolve().parents[1] / "VERSION"
    if version_file.is_file():
        return version_file.read_text().split()[0]
    command = subprocess.run(["go", "env", "GOVERSION"], check=True, capture_output=True, text=True)
    return command.stdout.strip()


def go_is_new_enough(version: str) -> bool:
    """Tell whether this Go can build the tools."""
    numbers = version.removeprefix("go").split(".")
    try:
        return (int(numbers[0]), int(numbers[1])) >= GO_NEEDED
    except (IndexError, ValueError):
        return False


def find(paths: Paths, wanted: tuple[Tool, ...] = TOOLS) -> tuple[Toolbox, list[Tool]]:
    """Return the tools that are built, and those that are still to build."""
    version = go_version()
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


def ensure(paths: Paths, say: Say, wanted: tuple[Tool, ...] = TOOLS) -> Toolbox:
    """Build what is missing; a second caller waits for the first and then finds everything there."""
    toolbox, missing = find(paths, wanted)
    if missing:
        with _only_builder(paths, say):
            toolbox, missing = find(paths, wanted)
            _build_all(toolbox, missing, say)
    _link(paths.bin, toolbox)
    return toolbox


def module_directory(tool: str, module: str) -> Path:
    """Return the source of a Go module, of the version that dev/tools/TOOL names; it is fetched when it isn't there."""
    command = ["go", "mod", "download", "-json", module]
    environment = os.environ | BUILD_ENVIRONMENT
    done = subprocess.run(
        command, cwd=MODULES / tool, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-1000:]}")
    return Path(json.loads(done.stdout)["Dir"])


def _build_all(toolbox: Toolbox, missing: list[Tool], say: Say) -> None:
    version = go_version()
    if not go_is_new_enough(version):
        raise ClusterError(f"{version} is too old to build the tools; `make doctor` says how to get a newer Go")
    left = sum(binary.seconds for tool in missing for binary in tool.binaries)
    say(f"building {len(missing)} tools with {version}; with an empty build cache about {_minutes(left)}")
    for tool in missing:
        target = toolbox.directories[tool.binaries[0].name]
        target.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(prefix=f".{tool.name}-", dir=target.parent))
        try:
            for binary in tool.binaries:
                say(f"  {tool.name}: {binary.name} (at most about {_minutes(left)} left)")
                _build(tool, binary, workspace, say)
                left -= binary.seconds
            workspace.chmod(0o755)
            workspace.rename(target)
        finally:
            shutil.rmtree(workspace, ignore_errors=True)


def _build(tool: Tool, binary: Binary, directory: Path, say: Say) -> None:
    command = [
        "go",
        "build",
        "-trimpath",
        f"-ldflags={tool.linker_flags}",
        *([f"-tags={','.join(tool.tags)}"] if tool.tags else []),
        "-o",
        str(directory / binary.name),
    ]
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [*command, binary.package],
            cwd=MODULES / tool.name,
            env=os.environ | BUILD_ENVIRONMENT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=HEARTBEAT)
                    break
                except subprocess.TimeoutExpired:
                    say(f"    {binary.name}: {time.monotonic() - began:.0f} s (expected {binary.seconds} s)")
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code != 0:
            output.seek(0)
            raise ClusterError(f"building {binary.name} failed:\n{output.read()[-3000:]}")


def _link(directory: Path, toolbox: Toolbox) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in toolbox.directories:
        link, target = directory / name, Path(toolbox.path(name))
        if not link.is_symlink() or link.readlink() != target:
            fresh = directory / f".{name}.{os.getpid()}"
            fresh.symlink_to(target)
            fresh.replace(link)


@contextmanager
def _only_builder(paths: Paths, say: Say) -> Iterator[None]:
    paths.tools.mkdir(parents=True, exist_ok=True)
    with (paths.tools / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build of the tools is running: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _minutes(seconds: int) -> str:
    return f"{max(1, round(seconds / 60))} min"
