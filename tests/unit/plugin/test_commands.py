"""The commands of the plugin, on a stand-in for the API server."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support import builders
from tests.support.builders import NOW, merged
from tests.unit.plugin.test_view import pod, resource

from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kube.errors import ApiError, NotFound
from alluxio_operator.plugin import bundle, commands, logs, main
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import LOG_BYTES, Reader

Json = dict[str, Any]
SECRET = "hunter2hunter2"
OTHER_SECRET = "swordfish-swordfish"


PRESTO: Json = {
    "metadata": {
        "namespace": "lake",
        "name": "compute",
        "generation": 2,
        "creationTimestamp": "2030-01-02T02:04:05Z",
    },
    "spec": {"version": "0.287", "alluxio": {"clusterRef": {"name": "small"}}},
    "status": {
        "observedGeneration": 2,
        "phase": "Ready",
        "summary": "2 of 2 workers are active",
        "conditions": [{"type": "CoordinatorServing", "status": "True", "reason": "Serving"}],
        "coordinator": {"ready": True, "version": "0.287", "address": "compute.lake.svc:8080"},
        "workers": {"ready": 2, "wanted": 2, "active": 2},
        "queries": {"running": 5, "queued": 1},
        "autoscaling": {"target": 2, "reason": "day", "nextChange": "2030-01-02T20:00:00Z"},
    },
}


class FakeKube:
    """Answers lists by path and selector."""

    def __init__(self, lists: dict[str, list[Json]], refused: Sequence[str] = ()) -> None:
        self.lists, self.refused, self.asked = lists, refused, []  # type: ignore[var-annotated]
        self.merged: list[tuple[str, Json, str]] = []
        self.spec: Json = {}

    def list(self, path: str, selector: str = "", *, field_selector: str = "") -> Iterator[Json]:
        del field_selector
        self.asked.append(path)
        if any(part in path for part in self.refused):
            raise ApiError(f"GET {path}", 403, "forbidden")
        for key, found in self.lists.items():
            plural, _, wanted = key.partition("?")
            if path.endswith(plural) and wanted in selector:
                yield from found

    def get(self, path: str) -> Json:
        self.asked.append(path)
        if path.endswith("/prestos/compute"):
            return PRESTO
        if not path.endswith("/alluxioclusters/small"):
            raise NotFound(path, 404, "not found")
        return resource()

    def merge(self, path: str, patch: Json, *, manager: str) -> Json:
        self.get(path)
        self.merged.append((path, patch, manager))
        return {"spec": patch.get("spec", self.spec)}


class FakeReader(Reader):
    """Logs without a kubelet."""

    def log(self, pod: str, container: str, namespace: str | None = None, *, tail: int, previous: bool = False) -> str:
        del namespace, tail
        if container == "gone":
            raise PluginError("the log of it can't be read: Not Found")
        return f"{pod} {container} {'before' if previous else 'now'} password={SECRET}\n"

    def follow(self, pod: str, container: str, *, tail: int) -> Iterator[str]:
        yield from self.log(pod, container, tail=tail).splitlines()


def reader(**extra: Any) -> FakeReader:
    config = {"metadata": {"name": "small-conf"}, "data": {"site": f"a=1\ns3a.secretKey={SECRET}"}}
    operator = {"metadata": {"name": "alluxio-operator", "namespace": "operators"}, "spec": {}}
    kube = FakeKube(
        {
            "pods?app.kubernetes.io/instance=small": [pod("small-worker-0", "worker", restarts=1)],
            "pods?app.kubernetes.io/name=alluxio-operator": [pod("alluxio-operator-x", "operator")],
            "configmaps": [config],
            "deployments?app.kubernetes.io/name=alluxio-operator": [operator],
        },
        **extra,
    )
    return FakeReader(kube, None, "lake")  # type: ignore[arg-type]


def packed(found: bundle.Report, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "small.tar.gz"
    bundle.write(found, file, NOW)
    assert file.stat().st_mode & 0o077 == 0, "only its owner may read it"
    with tarfile.open(file) as tar:
        members = {one.name: tar.extractfile(one) for one in tar.getmembers()}
        return {name: content.read().decode() for name, content in members.items() if content}


def test_a_report_holds_what_belongs_to_the_cluster_and_no_secret(tmp_path: Path):
    kube_reader = reader()

    files = packed(bundle.collect(kube_reader, "small", NOW), tmp_path)

    assert {name.partition("/")[0] for name in files} == {"small"}
    names = {name.partition("/")[2] for name in files}
    assert {
        "README.txt", "cluster.yaml", "objects/configmaps.yaml", "objects/pods.yaml",
        "logs/small-worker-0/worker.log", "logs/small-worker-0/worker.previous.log",
        "operator/operators/logs/alluxio-operator-x/operator.log",
    } <= names  # fmt: skip
    assert SECRET not in "".join(files.values())
    assert not [path for path in kube_reader.kube.asked if "secrets" in path]  # type: ignore[attr-defined]
    assert "missing.txt" not in names


def test_a_secret_that_an_object_names_is_gone_where_nothing_names_it(tmp_path: Path):
    found = reader()
    kube: FakeKube = found.kube  # type: ignore[assignment]
    values = f"shared: &x {OTHER_SECRET}\ndb:\n  password: *x\n"
    kube.lists["configmaps"] = [{"metadata": {"name": "x"}, "data": {"values.yaml": values, "pass": "short"}}]
    kube.lists["events"] = [{"message": f"tried {OTHER_SECRET}, in short"}]

    files = packed(bundle.collect(found, "small", NOW), tmp_path)

    assert OTHER_SECRET not in "".join(files.values())
    assert "tried REMOVED, in short" in files["small/events.yaml"]


class Pods:
    """Gives a log with one endless line, in pieces."""

    def __init__(self) -> None:
        self.asked: Json = {}

    def read_namespaced_pod_log(self, *_: object, **asked: Any) -> Any:
        self.asked = asked
        return self

    data = b"x"

    def stream(self) -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000


def test_a_pod_does_not_decide_how_much_of_its_log_is_read():
    pods = Pods()
    found = Reader(None, pods, "lake")  # type: ignore[arg-type]

    found.log("p", "c", tail=10)
    lines = list(found.follow("p", "c", tail=10))

    assert len(lines) > 10
    assert sum(map(len, lines)) == 1_000_000
    pods.asked = {}
    found.log("p", "c", tail=10)
    assert pods.asked["limit_bytes"] == LOG_BYTES


@pytest.mark.parametrize("before", ["nothing", "a file", "a link"])
def test_a_report_is_private_and_follows_no_link(tmp_path: Path, before: str):
    file, target = tmp_path / "small.tar.gz", tmp_path / "target"
    target.write_text("kept")
    target.chmod(0o644)
    if before == "a file":
        file.write_text("old")
        file.chmod(0o644)
    elif before == "a link":
        file.symlink_to(target)

    bundle.write(bundle.Report({"a": "b\ud800"}), file, NOW)

    assert not file.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o600
    assert tarfile.is_tarfile(file)
    assert target.read_text() == "kept"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["small.tar.gz", "target"]


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path):
    (tmp_path / "small.tar.gz").mkdir()

    with pytest.raises(PluginError, match="can't be written"):
        bundle.write(bundle.Report({"a": "b"}), tmp_path / "small.tar.gz", NOW)
    with pytest.raises(PluginError, match="--file names another place"):
        bundle.write(bundle.Report({"a": "b"}), tmp_path / "missing" / "small.tar.gz", NOW)

    assert [one.name for one in tmp_path.iterdir()] == ["small.tar.gz"]


def test_what_may_not_be_read_is_named_and_the_rest_is_there(tmp_path: Path):
    files = packed(bundle.collect(reader(refused=("daemonsets", "deployments")), "small", NOW), tmp_path)

    missing = files["small/missing.txt"]
    assert "objects/daemonsets.yaml: GET" in missing
    assert "forbidden" in missing
    assert "operator/deployments.yaml" in missing
    assert "small/logs/small-worker-0/worker.log" in files


def test_logs_are_those_of_a_role_or_a_container():
    pods = [pod("small-worker-0", "worker"), pod("small-master-0", "master")]
    pods[0]["spec"]["containers"].append({"name": "job-worker"})
    pods[0]["status"]["containerStatuses"].append({"name": "job-worker", "restartCount": 0, "state": {"running": {}}})

    assert [str(one) for one in logs.sources(pods, None)] == [
        "small-master-0/master",
        "small-worker-0/job-worker",
        "small-worker-0/worker",
    ]
    assert [str(one) for one in logs.sources(pods, "jobworker")] == ["small-worker-0/job-worker"]
    assert [str(one) for one in logs.sources(pods, "worker")] == ["small-worker-0/worker"]
    assert [str(one) for one in logs.sources(pods, "master")] == ["small-master-0/master"]


def test_a_container_that_has_not_started_has_no_log():
    waiting = pod("small-worker-0", "worker", ready=False, waiting={"reason": "ContainerCreating"})

    assert logs.sources([waiting], None) == []


def test_followed_logs_come_from_all_and_end_with_all():
    found = logs.sources([pod("small-worker-0", "worker"), pod("small-master-0", "master")], None)

    lines = sorted(logs.followed(reader(), [*found, logs.Source("small-master-0", "gone")], 10))

    assert [line.partition("  ")[0] for line in lines] == [
        "small-master-0/gone",
        "small-master-0/master",
        "small-worker-0/worker",
    ]
    assert "can't be read" in lines[0]


def test_a_cluster_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(main.Reader, "connect", classmethod(lambda cls, *_: reader()))

    assert main.main(["status", "other"]) == 1
    assert "there is no AlluxioCluster or Presto other" in capsys.readouterr().err


def test_status_of_all_says_whether_one_needs_a_person(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    kube = FakeKube({"alluxioclusters": [resource(), resource(phase="Degraded")]})
    fake = FakeReader(kube, None, "lake")  # type: ignore[arg-type]
    monkeypatch.setattr(main.Reader, "connect", classmethod(lambda cls, *_: fake))

    assert main.main(["status"]) == commands.UNHEALTHY
    assert "Degraded" in capsys.readouterr().out
    assert main.main(["status", "-o", "yaml"]) == commands.UNHEALTHY
    assert "phase: Degraded" in capsys.readouterr().out


PATH = "/apis/alluxio-operator.io/v1alpha1/namespaces/lake/alluxioclusters/small"


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> FakeReader:
    fake = reader()
    monkeypatch.setattr(main.Reader, "connect", classmethod(lambda cls, *_: fake))
    return fake


@pytest.mark.parametrize(("command", "paused"), [("pause", True), ("resume", None)])
def test_pausing_and_resuming_write_that_field_alone(connected: FakeReader, command: str, paused: bool | None):
    assert main.main([command, "small"]) == 0
    assert connected.kube.merged == [(PATH, {"spec": {"paused": paused}}, "kubectl-alluxio")]  # type: ignore[attr-defined]


def test_a_restart_writes_one_annotation_for_each_role(connected: FakeReader):
    assert main.main(["restart", "small", "--role", "worker", "--role", "proxy"]) == 0

    ((path, patch, _),) = connected.kube.merged  # type: ignore[attr-defined]
    annotations = patch["metadata"]["annotations"]
    assert path == PATH
    assert set(patch) == {"metadata"}
    assert sorted(annotations) == ["alluxio-operator.io/restart-proxy", "alluxio-operator.io/restart-worker"]
    assert all(datetime.fromisoformat(text).tzinfo for text in annotations.values())


def test_that_a_paused_cluster_waits_with_a_restart_is_said(connected: FakeReader, capsys: pytest.CaptureFixture[str]):
    connected.kube.spec = {"paused": True}  # type: ignore[attr-defined]

    assert main.main(["restart", "small", "--role", "worker"]) == 0
    assert "kubectl alluxio resume small" in capsys.readouterr().err


def test_a_restart_wants_a_role_that_there_is(connected: FakeReader, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main.main(["restart", "small", "--role", "workers"])
    assert "jobworker" in capsys.readouterr().err
    assert connected.kube.merged == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", names.ROLES)
def test_the_operator_reads_what_a_restart_writes(connected: FakeReader, role: str):
    assert main.main(["restart", "small", "--role", role]) == 0

    ((_, patch, _),) = connected.kube.merged  # type: ignore[attr-defined]
    cluster = validate(merged(builders.resource(), patch))
    assert isinstance(cluster, Cluster)
    assert list(cluster.restarts) == [role]


@pytest.mark.parametrize("named", ["compute", "presto/compute", "prestos/compute"])
def test_a_presto_is_shown_with_its_queries_its_workers_and_its_cache(
    connected: FakeReader, capsys: pytest.CaptureFixture[str], named: str
):
    assert main.main(["status", named]) == 0
    shown = capsys.readouterr().out

    for text in (
        "lake/compute",
        "Presto 0.287",
        "2 of 2 active",
        "5 running, 1 queued",
        "compute.lake.svc:8080",
        "small",
    ):
        assert text in shown
    assert "2 workers: day; next change 2030-01-02T20:00:00Z" in shown
    assert "CoordinatorServing" in shown


def test_prestos_stand_below_the_clusters(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    kube = FakeKube({"alluxioclusters": [resource()], "prestos": [PRESTO]})
    monkeypatch.setattr(main.Reader, "connect", classmethod(lambda cls, *_: FakeReader(kube, None, "lake")))  # type: ignore[arg-type]

    assert main.main(["status"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert [line[1] for line in lines] == ["NAME", "small", "PRESTO", "compute"]
    assert [lines[2][4], lines[3][4]] == ["ENGINE", "Presto"]

    assert main.main(["status", "-o", "json"]) == 0
    assert [one["kind"] for one in json.loads(capsys.readouterr().out)] == ["AlluxioCluster", "Presto"]


def test_a_kind_that_the_operator_does_not_have_is_refused(connected: FakeReader, capsys: pytest.CaptureFixture[str]):
    assert main.main(["status", "pods/small"]) == 1
    assert "write small, alx/small or presto/small" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("-n", "lake", "status", "small"), ("status", "small", "-n", "lake")])
def test_the_options_of_kubectl_stand_before_a_command_or_after_it(words: tuple[str, ...]):
    assert main.parser().parse_args(words).namespace == "lake"
    assert main.parser().parse_args(("--context=a", "--kubeconfig=b", *words)).context == "a"
    assert main.parser().parse_args(("status",)).kubeconfig is None
