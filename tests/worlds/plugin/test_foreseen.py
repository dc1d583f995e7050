"""What another spec would change, told before anything is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.builders import NOW, TEMPLATES, resource
from tests.support.rendering import RENDERER
from tests.support.three_masters import THREE, deleted, settled
from tests.support.volumes import VolumesWorld, sized
from tests.support.world import World

from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.errors import Refused
from alluxio_operator.plugin import main, plan
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.plan import Preview, preview
from alluxio_operator.plugin.reader import Reader

Json = dict[str, Any]


def live(world: World) -> Json:
    return world.kube.object(KIND, world.namespace, world.name)


def told(world: World, **over: Any) -> Preview:
    """Return what is foreseen of another spec."""
    pods = [world.kube.object("Pod", world.namespace, name) for name in world.kube.of_kind("Pod")]
    before = live(world)
    return preview(before, {**before, "spec": resource(**over)["spec"]}, pods, RENDERER, NOW)


@pytest.mark.parametrize(
    "over",
    [
        {"properties": {"alluxio.user.metrics.collection.enabled": "true"}},
        {"masters": {"replicas": 3, "properties": {"alluxio.master.journal.checkpoint.period.entries": "400000"}}},
        {"workers": {"ports": {"web": 30080}}},
        {"logServer": {"enabled": False}},
        {"proxy": {"enabled": True}},
        {"service": {"type": "NodePort"}},
        {"version": "2.9.3"},
    ],
)
def test_what_is_foreseen_is_what_then_happens(over: Json):
    world = settled()
    over = {**THREE, **over}
    found = told(world, **over)
    before = contents(world)

    world.edit_spec(**over)
    world.settle(60)

    own = [name.partition(" ")[0] for name in found.replaced if not name.startswith("the pods")]
    assert deleted(world) == own
    after = contents(world)
    really = {name for name, content in after.items() if name in before and before[name] != content}
    assert really == {one.name for one in found.objects if one.verb == "change"}
    assert before.keys() - after.keys() == {one.name for one in found.objects if one.verb == "remove"}
    assert after.keys() - before.keys() == {one.name for one in found.objects if one.verb == "create"}


def test_a_growth_is_told_as_what_it_is_and_replaces_no_pod():
    world = VolumesWorld(resource(**sized()))
    world.settle()

    found = told(world, **sized(journal="2Gi", ssd="6Gi"))

    assert found.replaced == ()
    verbs = {one.name: one.verb for one in found.objects}
    assert verbs == {
        "PersistentVolumeClaim/journal-small-master-0": "change",
        "StatefulSet/small-master": "recreate (its pods keep running)",
        "StatefulSet/small-worker": "recreate (its pods keep running)",
    }
    assert found.sizes == (
        "spec.masters.journal.storage.size expands from 1Gi to 2Gi if the storage class allows it.",
        "spec.workers.tiers[SSD].storage.claim.size expands from 5Gi to 6Gi if the storage class allows it.",
    )


def test_a_larger_quota_replaces_workers_in_the_end():
    world = VolumesWorld(resource(**sized()))
    world.settle()

    found = told(world, **sized(ssd="9Gi", quota="9Gi"))

    assert found.replaced == ("small-worker-0", "small-worker-1")
    assert "once all volumes are large enough" in found.sizes[0]


def test_a_size_that_is_set_back_shrinks_nothing():
    world = VolumesWorld(resource(**sized(logs="2Gi")))
    world.settle()

    assert told(world, **sized()).sizes == (
        "spec.logServer.storage.size goes from 2Gi back to 1Gi: larger volumes keep their size",
    )


def contents(world: World) -> Json:
    """Return what the operator's objects say, without records of what it did, such as the backup of an upgrade."""
    return {
        f"{obj['kind']}/{obj['metadata']['name']}": obj.get("spec") or obj.get("data")
        for obj in world.kube.objects.values()
        if obj["kind"] not in ("Pod", "Event", "ControllerRevision", BACKUP, KIND)
    }


def test_the_leader_is_named_and_last_of_the_masters():
    found = told(settled(), **THREE, version="2.9.3")

    assert found.replaced[:3] == ("small-master-2", "small-master-1", "small-master-0 (the leader)")
    assert found.replaced[3:5] == ("small-jobmaster-0", "small-worker-0")
    assert found.replaced[5] == "the pods of Deployment small-logserver, by its own rolling update"


@pytest.mark.parametrize("image", [{"pullPolicy": "Always"}, {"pullSecrets": [{"name": "registry"}]}])
def test_another_way_to_pull_replaces_the_pods_of_deployments_only(image: Json):
    found = told(settled(), **THREE, image=image)

    assert found.replaced == ("the pods of Deployment small-logserver, by its own rolling update",)


def test_properties_are_compared_line_by_line():
    found = told(settled(), **THREE, workers={"properties": {"alluxio.worker.free.space.timeout": "20s"}})
    [conf] = [one for one in found.objects if one.name == "ConfigMap/small-workerconf"]

    assert [line.strip() for line in conf.lines if line.startswith(("+", "-"))] == [
        "+    alluxio.worker.free.space.timeout=20s"
    ]


def test_the_same_spec_changes_nothing():
    found = told(settled(), **THREE)

    assert (found.objects, found.replaced, found.held) == ((), (), "")


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"paused": True}, "spec.paused"),
        ({"upgrade": {"strategy": "OnDelete"}}, "OnDelete"),
        ({"upgrade": {"maintenanceWindow": {"start": "0 2 * * *", "durationMinutes": 60}}}, "maintenance window"),
    ],
)
def test_what_holds_it_up_is_said(over: Json, said: str):
    assert said in told(settled(), **THREE, **over).held


def test_a_spec_that_cannot_be_followed_is_refused_with_the_reason():
    with pytest.raises(PluginError, match=r"spec\.masters\.replicas"):
        told(settled(), masters={"replicas": 5})


def test_the_templates_are_found_in_a_checkout():
    assert plan.templates() == TEMPLATES


# --- the command --------------------------------------------------------------------------------------------------


class PlanKube:
    """Holds a world's resource and pods, and writes nothing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dry: list[bool] = []

    def get(self, path: str) -> Json:
        return live(self.world)

    def list(self, path: str, selector: str = "") -> list[Json]:
        return [self.world.kube.object("Pod", "data", name) for name in self.world.kube.of_kind("Pod")]

    def replace(self, path: str, body: Json, *, dry_run: bool, manager: str) -> Json:
        self.dry.append(dry_run)
        if body["spec"].get("workers", {}).get("workload") == "DaemonSet":
            raise Refused(f"PUT {path}", 422, "spec.workers.workload can't be changed")
        return body


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> PlanKube:
    made = PlanKube(settled())
    monkeypatch.setattr(Reader, "connect", lambda *_: Reader(made, None, "data"))  # type: ignore[arg-type]
    return made


def file(folder: Path, *documents: Json) -> str:
    path = folder / "new.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return str(path)


def test_the_command_tells_and_changes_nothing(kube: PlanKube, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    before = json.dumps(kube.world.kube.objects, sort_keys=True)
    wished = resource(**THREE, workers={"ports": {"web": 30080}})

    assert main.main(["plan", "-f", file(tmp_path, wished)]) == 0

    printed = capsys.readouterr().out
    assert "change StatefulSet/small-worker" in printed
    assert "alluxio.worker.web.port=30080" in printed
    assert "1. small-worker-0" in printed
    assert kube.dry == [True]
    assert json.dumps(kube.world.kube.objects, sort_keys=True) == before


def test_what_the_server_refuses_is_told(kube: PlanKube, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    wished = resource(workers={"workload": "DaemonSet", "replicas": None})

    assert main.main(["plan", "-f", file(tmp_path, wished)]) == 1
    assert "spec.workers.workload can't be changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("documents", "said"),
    [([], "holds 0 AlluxioClusters"), ([resource(), resource()], "holds 2"), ([{"kind": KIND}], "metadata.name")],
)
def test_a_file_without_one_cluster_is_refused(
    kube: PlanKube, tmp_path: Path, capsys: pytest.CaptureFixture[str], documents: list[Json], said: str
):
    assert main.main(["plan", "-f", file(tmp_path, *documents)]) == 1
    assert said in capsys.readouterr().err


def test_history_shows_what_came_of_each_change(kube: PlanKube, capsys: pytest.CaptureFixture[str]):
    kube.world.edit_spec(**THREE, version="2.9.3")
    kube.world.settle(60)

    assert main.main(["history", "small"]) == 0
    newest = capsys.readouterr().out.splitlines()[1]
    assert "Upgraded 2.9.4 -> 2.9.3" in newest
    assert "Succeeded" in newest


def test_after_a_rollback_it_is_compared_with_what_is_followed():
    world = settled()
    good = live(world)["spec"]
    generation = live(world)["metadata"]["generation"]
    bad = {
        **live(world),
        "spec": resource(**THREE, properties={"alluxio.user.metrics.collection.enabled": "x"})["spec"],
    }
    to = {"revision": "small-spec-1", "generation": generation}
    bad["status"] = {**bad["status"], "rollback": {"generation": generation, "to": to, "since": "2030-01-01T00:00:00Z"}}
    pods = [world.kube.object("Pod", world.namespace, name) for name in world.kube.of_kind("Pod")]
    wished = {**bad, "spec": good, "metadata": {**bad["metadata"], "generation": generation + 1}}

    found = preview(bad, wished, pods, RENDERER, NOW, good)

    assert (found.objects, found.replaced) == ((), ()), "what runs is what is asked for again"


def test_what_the_leader_takes_while_it_runs_replaces_no_pod():
    timeout = "alluxio.master.worker.timeout"

    found = told(settled(), masters={**THREE["masters"], "properties": {timeout: "2min"}})

    assert found.dynamic_properties == (f"{timeout}=2min",)
    assert found.replaced == ()


def test_what_restarts_the_masters_anyway_is_told_to_nobody():
    found = told(
        settled(),
        masters={
            **THREE["masters"],
            "properties": {"alluxio.master.worker.timeout": "2min", "alluxio.master.journal.log.size.bytes.max": "9MB"},
        },
    )

    assert found.dynamic_properties == ()
    assert len(found.replaced) == 3
