"""The hooks as shell-operator runs them: a process each, with recorded contexts, against the real listener."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from alluxio_operator import hook, inline
from alluxio_operator.engine.children import CHILD_KINDS
from alluxio_operator.engine.work import ChildRef, Outcome, OwnerKey, Reason, Request
from alluxio_operator.kinds.discovery import descriptors
from alluxio_operator.server.listener import Listener
from alluxio_operator.server.resyncs import Ask
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

ROOT = Path(__file__).parents[2]
HOOKS = ROOT / "hooks"
CONTEXTS = ROOT / "tests" / "contexts"
KIND = "AlluxioCluster"


class Received:
    """A hook server that keeps what it is told."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.requests: list[Request] = []
        self.asked: list[Ask] = []
        self.metrics = Metrics(CollectorRegistry())
        self.listener = Listener(
            self.folder / "hooks.sock",
            self,
            self.asked.append,
            {KIND},
            self.metrics,  # type: ignore[arg-type]
            self.requests.append,
        )

    def add_all(self, requests: Iterable[Request]) -> None:
        self.requests.extend(requests)

    def add_after(self, request: Request, delay: float) -> None:
        self.requests.append(request)

    def run(self, name: str, context: Path | None = None, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ALLUXIO_OPERATOR_RUN_DIR": str(self.folder),
            **({"BINDING_CONTEXT_PATH": str(context)} if context else {}),
            **env,
        }
        return subprocess.run(
            [str(HOOKS / name), *args], env=environ, cwd=HOOKS, capture_output=True, text=True, timeout=60
        )


@pytest.fixture
def server() -> Iterator[Received]:
    found = Received()
    found.listener.start()
    yield found
    found.listener.close()
    shutil.rmtree(found.folder)


def owner(name: str) -> OwnerKey:
    return OwnerKey(KIND, "data", name)


def edit(name: str) -> Request:
    return Request(owner(name), Reason.EDIT)


def resync(name: str) -> Request:
    return Request(owner(name), Reason.RESYNC)


def child(kind: str, version: str = "") -> Request:
    name = {"ConfigMap": "one-client", "StatefulSet": "one-master", "Job": "one-format"}[kind]
    return Request(owner("one"), Reason.CHILD, frozenset({ChildRef(kind, name, version)}))


OWNERS = [resync("one"), resync("two")]
CHILDREN = "30-children.py"
CONFIG = "f0ab08ab-7051-4d4d-aea4-620360ddb3d8"
"""Uid of the ConfigMap of the recordings."""

RECORDED: dict[str, tuple[str, list[Request]]] = {
    "cluster-added": ("10-alluxioclusters.py", [edit("one")]),
    "cluster-modified": ("10-alluxioclusters.py", [edit("one")]),
    "cluster-annotated": ("10-alluxioclusters.py", [edit("one")]),
    "cluster-deleted": ("10-alluxioclusters.py", [edit("one")]),
    "cluster-three-added": ("10-alluxioclusters.py", [edit("a"), edit("b"), edit("c")]),
    "cluster-two-deleted": ("10-alluxioclusters.py", [edit("one"), edit("two")]),
    "cluster-synchronization": ("10-alluxioclusters.py", [resync("one"), resync("two")]),
    "schedule": ("20-resync.py", []),
    "children-added": (CHILDREN, [child("ConfigMap", CONFIG + "/289"), child("StatefulSet"), child("Job")]),
    "child-job-failed": (CHILDREN, [child("Job")]),
    "children-many-merged": (
        CHILDREN,
        [child("ConfigMap", CONFIG + "/339"), child("StatefulSet"), child("ConfigMap", CONFIG + "/341")],
    ),
    "child-lost-owner-labels": (CHILDREN, [child("ConfigMap", CONFIG + "/319")]),
    # Whose it was, the comparison with what is remembered has to tell.
    "child-lost-owner": (CHILDREN, []),
    "child-lost-managed-by-label": (CHILDREN, [child("ConfigMap")]),
    "children-deleted": (CHILDREN, [child("ConfigMap"), child("StatefulSet"), child("Job")]),
    "children-synchronization": (CHILDREN, []),
    "children-synchronization-empty": (CHILDREN, []),
}
ASKED = {
    "cluster-synchronization": Ask.EDITS,
    "schedule": Ask.EVERY_OWNER_SPREAD,
    "child-lost-owner": Ask.DRIFT,
    "children-synchronization": Ask.EVERY_OWNER_SOON,
    "children-synchronization-empty": Ask.EVERY_OWNER_SOON,
}
"""The resync that a recording asks for."""


def test_each_recording_is_replayed() -> None:
    assert {path.stem for path in CONTEXTS.glob("*.json")} == set(RECORDED)


@pytest.mark.parametrize("recording", RECORDED)
def test_a_recorded_context_wakes_its_owners(server: Received, recording: str) -> None:
    name, expected = RECORDED[recording]
    ran = server.run(name, CONTEXTS / f"{recording}.json")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    # Several contexts about one object are the same wake-up; the queue merges them.
    assert list(dict.fromkeys(server.requests)) == expected
    assert server.asked == ([ASKED[recording]] if recording in ASKED else [])


@pytest.mark.parametrize("name", [path.name for path in sorted(HOOKS.iterdir()) if path.suffix == ".py"])
@pytest.mark.parametrize(
    ("watched", "namespaces"),
    [("", None), ("*", None), ("data", ["data"]), (" b ,a,, b", ["a", "b"])],
)
def test_bindings_watch_the_namespaces_that_are_set(
    server: Received, name: str, watched: str, namespaces: list[str] | None
) -> None:
    ran = server.run(name, None, "--config", WATCH_NAMESPACE=watched)
    assert ran.returncode == 0, ran.stderr
    config = json.loads(ran.stdout)
    assert config["configVersion"] == "v1"
    for binding in config.get("kubernetes", []):
        selector = {"nameSelector": {"matchNames": namespaces}} if namespaces else None
        assert binding.get("namespace") == selector
        assert binding["keepFullObjectsInMemory"] is False
        assert binding["queue"] != "main"


@pytest.mark.parametrize(
    ("name", "watched", "unlisted", "namespaces"),
    [
        ("10-alluxioclusters.py", "a,b", "AlluxioCluster/a", [["b"]]),
        ("10-alluxioclusters.py", "a,b", "Presto/a", [["a", "b"]]),
        ("10-alluxioclusters.py", "a", "AlluxioCluster/a", []),
        ("10-alluxioclusters.py", "", "AlluxioCluster/", []),
        ("10-alluxioclusters.py", "a,b", "-", [["a", "b"]]),
        ("30-children.py", "a,b", "*/a,AlluxioCluster/a,Presto/a", [["b"]] * len(CHILD_KINDS)),
        ("30-children.py", "a,b", "Presto/a", [["a", "b"]] * len(CHILD_KINDS)),
        ("30-children.py", "a,b", "Job/a", [["b"] if one.kind == "Job" else ["a", "b"] for one in CHILD_KINDS]),
        ("30-children.py", "a", "PodDisruptionBudget/a", [["a"]] * (len(CHILD_KINDS) - 1)),
        ("30-children.py", "", "*/,AlluxioCluster/,Presto/", []),
    ],
)
def test_a_collection_that_cannot_be_listed_is_not_watched(
    server: Received, name: str, watched: str, unlisted: str, namespaces: list[list[str]]
) -> None:
    ran = server.run(name, None, "--config", WATCH_NAMESPACE=watched, ALLUXIO_OPERATOR_UNLISTED=unlisted)
    config = json.loads(ran.stdout)
    found = [binding["namespace"]["nameSelector"]["matchNames"] for binding in config.get("kubernetes", [])]
    assert (found, "settings" in config or bool(found)) == (namespaces, True)
    if name == "30-children.py" and namespaces:
        signals = [binding["executeHookOnSynchronization"] for binding in config["kubernetes"]]
        assert signals == [False] * (len(signals) - 1) + [True]


def test_edits_children_and_resyncs_wait_in_queues_of_their_own(server: Received) -> None:
    queues = {}
    for path in sorted(HOOKS.glob("*.py")):
        config = json.loads(server.run(path.name, None, "--config").stdout)
        bindings = config.get("kubernetes", []) + config.get("schedule", [])
        queues[path.name] = {binding["queue"] for binding in bindings}
    edits = {one.hook: {"edits"} for one in descriptors()}
    assert queues == {**edits, "20-resync.py": {"resync"}, "30-children.py": {"children"}}


@pytest.mark.parametrize("chosen", ["", "auto", "hooks"])
def test_the_hook_for_children_binds_each_kind_that_the_server_would_watch(server: Received, chosen: str) -> None:
    ran = server.run("30-children.py", None, "--config", ALLUXIO_OPERATOR_CHILD_EVENTS=chosen)
    bindings = json.loads(ran.stdout)["kubernetes"]
    assert [one["kind"] for one in bindings] == [child.kind for child in CHILD_KINDS]
    # The last one says that all are watched.
    assert [one["executeHookOnSynchronization"] for one in bindings] == [False] * (len(bindings) - 1) + [True]


def test_the_hook_for_children_binds_nothing_where_the_server_watches(server: Received) -> None:
    ran = server.run("30-children.py", None, "--config", ALLUXIO_OPERATOR_CHILD_EVENTS="watch")
    config = json.loads(ran.stdout)
    # Without settings shell-operator would refuse a configuration that has nothing but a version.
    assert config.keys() == {"configVersion", "settings"}


def test_an_unknown_source_of_child_events_is_refused_in_words(server: Received) -> None:
    ran = server.run("30-children.py", None, "--config", ALLUXIO_OPERATOR_CHILD_EVENTS="kopf")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "30-children: ALLUXIO_OPERATOR_CHILD_EVENTS='kopf': give one of auto, hooks, watch\n"


def test_the_resync_is_as_frequent_as_set(server: Received) -> None:
    def crontab(**env: str) -> str:
        ran = server.run("20-resync.py", None, "--config", **env)
        return str(json.loads(ran.stdout)["schedule"][0]["crontab"])

    assert crontab() == "*/20 * * * *"
    assert crontab(ALLUXIO_OPERATOR_RESYNC_MINUTES="3") == "*/3 * * * *"


@pytest.mark.parametrize("watched", ["Data", "a,b_c", "-a", "a-", ",", "a" * 64])
def test_a_namespace_that_cannot_be_is_refused_in_words(server: Received, watched: str) -> None:
    ran = server.run("10-alluxioclusters.py", None, "--config", WATCH_NAMESPACE=watched)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith(f"10-alluxioclusters: WATCH_NAMESPACE={watched!r}: ")
    assert ran.stderr.count("\n") == 1


def test_a_server_that_is_not_there_fails_the_run(server: Received) -> None:
    server.listener.close()
    ran = server.run("10-alluxioclusters.py", CONTEXTS / "cluster-added.json")
    assert ran.returncode == 1
    assert f"the hook server cannot be reached at {server.folder}/hooks.sock" in ran.stderr


def test_a_server_that_comes_a_little_later_is_waited_for(server: Received) -> None:
    server.listener.close()
    later = Received()
    later.folder = server.folder
    later.listener = Listener(server.folder / "hooks.sock", later, print, {KIND}, later.metrics, print)  # type: ignore[arg-type]
    import threading

    timer = threading.Timer(0.3, later.listener.start)
    timer.start()
    ran = server.run("10-alluxioclusters.py", CONTEXTS / "cluster-added.json")
    timer.join()
    later.listener.close()
    assert ran.returncode == 0, ran.stderr
    assert later.requests == [edit("one")]


def test_what_the_server_refuses_fails_the_run(server: Received) -> None:
    server.listener._resync = lambda what: 1 / 0  # type: ignore[assignment,return-value]
    ran = server.run("20-resync.py", CONTEXTS / "schedule.json")
    assert ran.returncode == 1
    assert 'did not accept the contexts: {"error": "ZeroDivisionError: division by zero"}' in ran.stderr


@pytest.mark.parametrize("content", ["{", "{}", "[1]", ""])
def test_contexts_that_are_broken_fail_the_run(server: Received, tmp_path: Path, content: str) -> None:
    path = tmp_path / "context.json"
    path.write_text(content)
    ran = server.run("10-alluxioclusters.py", path)
    assert ran.returncode == 1
    assert "did not accept the contexts" in ran.stderr


def test_contexts_that_are_missing_fail_the_run(server: Received) -> None:
    assert "BINDING_CONTEXT_PATH is not set" in server.run("10-alluxioclusters.py").stderr
    assert "cannot be read" in server.run("10-alluxioclusters.py", Path("/nonexistent")).stderr


def test_nothing_heavy_is_imported_by_a_hook() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n"
        "import alluxio_operator.hook\n"
        "print(*sorted(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    heavy = {"dataclasses", "enum", "json", "kubernetes", "logging", "pathlib", "re", "socket", "subprocess", "typing"}
    assert not heavy & set(ran.stdout.split())


def test_the_same_reconcile_runs_inline(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Request] = []

    def reconcile(request: Request, deadline: Deadline) -> Outcome:
        assert deadline.remaining(1e9) <= 7
        seen.append(request)
        return Outcome(requeue_after=1)

    module = SimpleNamespace(
        reconcilers=lambda kube, settings, metrics, changes: {KIND: reconcile},
        list_owners=lambda kube, settings, changes, unlisted: OWNERS,
    )
    monkeypatch.setitem(sys.modules, "stand_in", module)
    monkeypatch.setattr(inline.Kube, "connect", lambda: None)
    monkeypatch.setattr(inline.logs, "configure", lambda level, stream: None)
    environ = {
        "POD_NAMESPACE": "ops",
        "ALLUXIO_OPERATOR_RECONCILERS": "stand_in",
        "ALLUXIO_OPERATOR_RECONCILE_DEADLINE_SECONDS": "7",
    }

    def run_inline(recording: str) -> None:
        environ["BINDING_CONTEXT_PATH"] = str(CONTEXTS / f"{recording}.json")
        inline.reconcile(hook.message_for(environ), environ)

    run_inline("cluster-modified")
    assert seen.pop() == edit("one")
    run_inline("child-job-failed")
    assert seen.pop() == child("Job")
    run_inline("schedule")
    assert seen == [resync("one"), resync("two")]


@pytest.mark.parametrize("hook_file", sorted(HOOKS.glob("*.py")), ids=lambda path: path.name)
def test_a_hook_imports_the_hooks_client_and_nothing_that_builds_or_tests_it(hook_file: Path):
    tree = ast.parse(hook_file.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert imported <= {"os", "sys", "alluxio_operator.hook"}
