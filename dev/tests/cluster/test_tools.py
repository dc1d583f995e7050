from pathlib import Path

import pytest

from dev.cluster import gobuild, tools
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.tool import Binary, Tool

TOOL = Tool("sample", 1, (Binary("sample", "example.io/sample"),))


def test_key_changes_with_everything_that_the_result_depends_on() -> None:
    other_flags = Tool("sample", 1, TOOL.binaries, {"example.io/sample.version": "v1"})
    keys = [
        tools.cache_key(TOOL, b"mod", b"sum", "go1.26.1"),
        tools.cache_key(TOOL, b"mod2", b"sum", "go1.26.1"),
        tools.cache_key(TOOL, b"mod", b"sum2", "go1.26.1"),
        tools.cache_key(TOOL, b"mod", b"sum", "go1.26.2"),
        tools.cache_key(other_flags, b"mod", b"sum", "go1.26.1"),
        tools.cache_key(TOOL, b"mods", b"um", "go1.26.1"),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == tools.cache_key(TOOL, b"mod", b"sum", "go1.26.1")


@pytest.mark.parametrize(
    ("version", "enough"),
    [("go1.26", True), ("go1.26.4", True), ("go1.27.0", True), ("go2.0", True), ("go1.25.9", False), ("devel", False)],
)
def test_old_go_is_recognised(version: str, enough: bool) -> None:
    assert gobuild.is_new_enough(version) is enough


def test_kubernetes_reports_its_version() -> None:
    assert f"-X k8s.io/component-base/version.gitVersion={tools.KUBERNETES_VERSION}" in tools.KUBERNETES.linker_flags
    assert "-X k8s.io/component-base/version.gitMinor=34" in tools.KUBERNETES.linker_flags


def test_every_tool_has_its_module_and_every_program_a_name_of_its_own() -> None:
    for tool in tools.EVERY_TOOL:
        module = (tools.MODULES / tool.name / "go.mod").read_text()
        assert all(binary.package in module for binary in tool.binaries)
    names = [binary.name for tool in tools.EVERY_TOOL for binary in tool.binaries]
    assert len(set(names)) == len(names)


def test_kubernetes_version_is_that_of_its_module() -> None:
    module = (tools.MODULES / "kubernetes" / "go.mod").read_text()
    assert f"k8s.io/kubernetes {tools.KUBERNETES_VERSION}" in module


def test_toolbox_gives_paths() -> None:
    assert tools.Toolbox({"etcd": Path("/tools/etcd-1")}).path("etcd") == "/tools/etcd-1/etcd"


def test_the_time_that_a_build_takes_makes_no_other_build() -> None:
    slower = Tool("sample", 100, TOOL.binaries)
    assert tools.cache_key(slower, b"mod", b"sum", "go1.26") == tools.cache_key(TOOL, b"mod", b"sum", "go1.26")


@pytest.mark.parametrize("tool", [tool for tool in tools.EVERY_TOOL if len(tool.binaries) > 1], ids=lambda t: t.name)
def test_programs_that_go_names_by_itself_have_these_names(tool: Tool) -> None:
    assert gobuild.build_command(tool, Path("/new"))[-1 - len(tool.binaries)] == "/new/"
    assert all(binary.package.rpartition("/")[2] == binary.name for binary in tool.binaries)


def test_a_single_program_is_named_for_go() -> None:
    assert gobuild.build_command(tools.ETCD, Path("/new"))[-2:] == ("/new/etcd", "go.etcd.io/etcd/server/v3")


def test_builds_wait_for_their_modules_and_for_what_all_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "version", lambda: "go1.26.1")
    jobs = {job.name: job for job in tools.build_jobs([tools.ETCD, tools.KWOK])}

    assert jobs["etcd"].needs == {"modules of etcd", tools.COMMON}
    assert jobs["modules of kwok"].needs == set()
    assert "sigs.k8s.io/kwok/cmd/kwok" in jobs["modules of kwok"].command
    assert len(jobs) == 5


def test_what_is_there_takes_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "version", lambda: "go1.26.1")
    assert tools.build_jobs([]) == []


def test_an_old_go_is_refused_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "version", lambda: "go1.21.1")
    with pytest.raises(ClusterError, match="too old"):
        tools.build_jobs([tools.ETCD])


def test_an_unknown_tool_is_refused_with_the_known_ones() -> None:
    assert tools.named(["kwok"]) == (tools.KWOK,)
    with pytest.raises(ClusterError, match=r"no tool kwook; there are: kubernetes, etcd"):
        tools.named(["kwook"])


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Paths:
    """A cache, and a Go that makes programs of nothing."""

    def make(tool: Tool, _module: Path, directory: Path) -> None:
        for binary in tool.binaries:
            (directory / binary.name).write_text(binary.package)

    monkeypatch.setattr(gobuild, "version", lambda: "go1.26.1")
    monkeypatch.setattr(gobuild, "build", make)
    return Paths(cache=tmp_path, run=tmp_path / "run", prefix="alx")


def test_a_built_tool_is_found_and_linked(built: Paths) -> None:
    tools.build(built, tools.ETCD, print)

    toolbox, missing = tools.find(built, (tools.ETCD, tools.KWOK))
    assert missing == [tools.KWOK]
    assert Path(toolbox.path("etcd")).read_text() == "go.etcd.io/etcd/server/v3"
    assert (built.bin / "etcd").readlink() == Path(toolbox.path("etcd"))


def test_a_failed_build_leaves_nothing_that_would_be_taken_for_a_tool(
    built: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ClusterError("no")

    monkeypatch.setattr(gobuild, "build", fail)
    with pytest.raises(ClusterError):
        tools.build(built, tools.ETCD, print)

    assert tools.find(built, (tools.ETCD,))[1] == [tools.ETCD]
    assert [path.name for path in built.tools.iterdir()] == [".lock-etcd"]
