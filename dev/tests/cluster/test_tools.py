from pathlib import Path

import pytest

from dev.cluster import tools
from dev.cluster.tools import Binary, Tool

TOOL = Tool("sample", (Binary("sample", "example.io/sample", 1),))


def test_key_changes_with_everything_that_the_result_depends_on() -> None:
    other_flags = Tool("sample", TOOL.binaries, {"example.io/sample.version": "v1"})
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
    assert tools.go_is_new_enough(version) is enough


def test_kubernetes_reports_its_version() -> None:
    kubernetes = next(tool for tool in tools.TOOLS if tool.name == "kubernetes")
    assert f"-X k8s.io/component-base/version.gitVersion={tools.KUBERNETES_VERSION}" in kubernetes.linker_flags
    assert "-X k8s.io/component-base/version.gitMinor=34" in kubernetes.linker_flags


def test_every_tool_has_its_module_and_every_program_a_name_of_its_own() -> None:
    every = (*tools.TOOLS, *tools.METRICS_TOOLS)
    for tool in every:
        module = (tools.MODULES / tool.name / "go.mod").read_text()
        assert all(binary.package in module for binary in tool.binaries)
    names = [binary.name for tool in every for binary in tool.binaries]
    assert len(set(names)) == len(names)


def test_kubernetes_version_is_that_of_its_module() -> None:
    module = (tools.MODULES / "kubernetes" / "go.mod").read_text()
    assert f"k8s.io/kubernetes {tools.KUBERNETES_VERSION}" in module


def test_toolbox_gives_paths() -> None:
    assert tools.Toolbox({"etcd": Path("/tools/etcd-1")}).path("etcd") == "/tools/etcd-1/etcd"
