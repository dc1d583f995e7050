"""The kind of docs/how-to-add-a-kind.md, in a temporary folder: found, generated for, reconciled."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from dev.generate import checks, files
from dev.olm.csv import completed
from dev.olm.rights import granted
from tests.support.builders import ROOT, TEMPLATES
from tests.support.crds import unknown_fields
from tests.support.kind_world import KindWorld

from alluxio_operator import inline, kinds
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.children import owner_of
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kinds import registry
from alluxio_operator.kinds.discovery import descriptors
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

PAGE = (ROOT / "docs" / "how-to-add-a-kind.md").read_text()
KEY = OwnerKey("Greeting", "data", "small")
KINDS_BEFORE = [one.kind for one in descriptors()]
BEFORE = files.generated(descriptors())


def blocks(pattern: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = re.findall(pattern, PAGE, re.MULTILINE | re.DOTALL)
    return found


TEST = blocks(r"^```python\n([^`]*?^def test_.*?)^```")[0]
FILES = dict(blocks(r"^`src/alluxio_operator/kinds/greeting/([^`]+)`[^`]*?\n\n```\w+\n(.*?)^```"))
SAMPLE = "\n".join(line.removeprefix("   ") for line in blocks(r"^   ```yaml\n(.*?)^   ```")[0].splitlines())
OUTPUTS = [
    [line for line in text.splitlines() if not line.startswith("$ ")] for text in blocks(r"^```console\n(.*?)^```")
]
"""Of each block of commands, what they print."""


@contextmanager
def kind_below(place: Path) -> Iterator[Path]:
    """Put the files of the page into a folder below `place`, where the operator finds the kind."""
    for name, text in FILES.items():
        file = place / "greeting" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    try:
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(place)])
            importlib.invalidate_caches()
            yield place / "greeting"
    finally:
        for module in [name for name in sys.modules if name.startswith("alluxio_operator.kinds.greeting")]:
            del sys.modules[module]
        if hasattr(kinds, "greeting"):
            del kinds.greeting


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of the kind, which is found during the test."""
    with kind_below(tmp_path / "kinds") as made:
        yield made


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return all generated files with the kind."""
    with kind_below(tmp_path_factory.mktemp("generated")):
        return files.generated(descriptors())


@pytest.fixture
def world(folder: Path) -> KindWorld:
    return KindWorld("Greeting", yaml.safe_load(SAMPLE)["spec"])


def config_map(world: KindWorld) -> Json:
    return world.object("ConfigMap", "small-greeting")


# --- found and generated for --------------------------------------------------------------------------------------


def test_the_page_has_every_file_of_the_folder():
    assert sorted(FILES) == [
        "__init__.py",
        "api.py",
        "kind.py",
        "reconcile.py",
        "report.py",
        "templates/10-config.yaml.j2",
    ]


def test_its_files_are_written_as_all_others(folder: Path):
    place = ["--config", str(ROOT / "pyproject.toml"), "--config", 'lint.isort.known-first-party=["alluxio_operator"]']
    for arguments in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *arguments, *place, str(folder)]
        ran = subprocess.run(command, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout


def test_the_operator_finds_it_and_loses_it_with_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert sorted(one.kind for one in descriptors()) == sorted([*KINDS_BEFORE, "Greeting"])
    assert KINDS["Greeting"].path("data", "small", "status") == (
        "/apis/alluxio-operator.io/v1alpha1/namespaces/data/greetings/small/status"
    )

    monkeypatch.setattr(kinds, "__path__", kinds.__path__[:-1])

    assert [one.kind for one in descriptors()] == KINDS_BEFORE
    assert "Greeting" not in KINDS


def test_only_generated_files_change_outside_of_its_folder(after: Mapping[str, str]):
    changed = sorted(path for path in after if path in BEFORE and after[path] != BEFORE[path])
    added = sorted(after.keys() - BEFORE.keys())
    listed = [f" M {path}" for path in changed] + [f"?? {path}" for path in added]
    assert [*listed, "?? src/alluxio_operator/kinds/greeting/"] == OUTPUTS[1]
    assert BEFORE.keys() <= after.keys()


def test_its_crd_takes_the_sample(after: Mapping[str, str]):
    crd = yaml.safe_load(after["config/crd/bases/alluxio-operator.io_greetings.yaml"])
    [version] = crd["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]

    assert crd["spec"]["names"]["shortNames"] == ["grt"]
    assert schema["spec"]["properties"]["text"] == {
        "description": "The text of the greeting.",
        "maxLength": 64,
        "minLength": 1,
        "type": "string",
    }
    assert schema["spec"]["required"] == ["text"]
    assert version["subresources"] == {"status": {}}
    assert unknown_fields(schema["spec"], yaml.safe_load(SAMPLE)["spec"], "spec") == []


def test_the_operator_gets_its_rights_and_no_other(after: Mapping[str, str]):
    path = "config/rbac/operator/role.yaml"
    before, now = (
        {str(right) for right in granted(yaml.safe_load(text)["rules"])} for text in (BEFORE[path], after[path])
    )

    assert before < now
    assert now - before == {
        *(f"{verb} greetings.alluxio-operator.io" for verb in ("get", "list", "watch")),
        "update greetings/status.alluxio-operator.io",
    }


def test_the_bundle_names_it_and_what_it_makes(folder: Path, after: Mapping[str, str]):
    crds = [yaml.load(after[path], Loader=yaml.CSafeLoader) for path in after if path.startswith("config/crd/bases/")]

    csv = completed({"spec": {}}, crds, b"icon")

    found = {one["kind"]: one for one in csv["spec"]["customresourcedefinitions"]["owned"]}
    assert found["Greeting"]["resources"] == [{"kind": "ConfigMap", "name": "", "version": "v1"}]
    assert [one["path"] for one in found["Greeting"]["specDescriptors"]] == ["text"]


def test_the_check_prints_what_the_page_shows(folder: Path):
    greeting = next(one for one in descriptors() if one.kind == "Greeting")

    assert [f"error: {problem}" for problem in checks.problems(ROOT, [greeting])] == OUTPUTS[2]


def test_the_test_of_the_page_passes(folder: Path):
    names: dict[str, Any] = {}
    exec(compile(TEST, "how-to-add-a-kind.md", "exec"), names)
    [test] = [value for name, value in names.items() if name.startswith("test_")]

    test()


# --- reconciled ---------------------------------------------------------------------------------------------------


def test_a_new_one_is_listed_and_its_object_made(world: KindWorld):
    assert world.owners() == [Request(KEY, Reason.EDIT)]

    world.reconcile()

    assert config_map(world)["data"] == {"text": "Good morning"}
    assert owner_of(config_map(world)) == KEY
    assert (world.status["phase"], world.status["observedGeneration"]) == ("Ready", 1)
    assert world.condition("Ready") == ("True", "Ready", "the greeting is in its ConfigMap")
    assert [item["name"] for item in world.status["inventory"]] == ["small-greeting"]
    assert world.owners() == [Request(KEY, Reason.RESYNC)]


def test_a_second_look_writes_nothing(world: KindWorld):
    world.reconcile()
    before = list(world.kube.writes)

    world.reconcile()

    assert world.kube.writes == before


def test_an_edit_changes_the_object(world: KindWorld):
    world.reconcile()
    world.edit("Greeting", "small", "spec", text="Good night")

    world.reconcile()

    assert config_map(world)["data"] == {"text": "Good night"}
    assert world.status["observedGeneration"] == 2


def test_drift_that_an_event_tells_of_is_repaired(world: KindWorld):
    world.reconcile()
    own = config_map(world)["metadata"]
    drifted = world.edit("ConfigMap", "small-greeting", "data", text="Go away")["metadata"]

    def event(meta: Json) -> Request:
        child = ChildRef("ConfigMap", "small-greeting", f"{meta['uid']}/{meta['resourceVersion']}")
        return Request(KEY, Reason.CHILD, frozenset({child}))

    assert not world.reconciler.is_news(event(own))
    assert world.reconciler.is_news(event(drifted))
    world.reconcile(event(drifted))

    assert config_map(world)["data"] == {"text": "Good morning"}


def test_drift_without_an_event_is_repaired_by_the_resync(world: KindWorld):
    world.reconcile()
    world.remove("ConfigMap", "small-greeting")

    found = world.resync()
    world.reconcile(*found)

    assert [request.reason for request in found] == [Reason.CHILD, Reason.RESYNC]
    assert config_map(world)["data"] == {"text": "Good morning"}


def test_an_object_of_somebody_else_is_left_alone_and_reported(world: KindWorld):
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "data", "name": "small-greeting"}}
    world.kube.put({**theirs, "data": {"text": "Mine"}})

    world.reconcile()

    assert config_map(world)["data"] == {"text": "Mine"}
    status, reason, message = world.condition("ConfigurationApplied")
    assert (status, reason) == ("False", "Refused")
    assert "ConfigMap small-greeting exists" in message
    assert world.status["phase"] == "Installing"


def test_an_operator_that_starts_again_changes_nothing(world: KindWorld):
    world.reconcile()
    before = list(world.kube.writes)

    world.start_operator()
    world.reconcile()

    assert world.kube.writes == before


def test_a_deleted_one_is_forgotten(world: KindWorld):
    world.reconcile()
    world.remove("Greeting", "small")

    world.reconcile(Request(KEY, Reason.EDIT))

    assert list(world.reconciler.drifted(("",))) == []
    assert world.owners() == []


def test_its_hook_wakes_it(world: KindWorld, after: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files.write(tmp_path, after)
    (tmp_path / "src").symlink_to(ROOT / "src")
    hook = tmp_path / "hooks" / "15-greetings.py"
    printed = subprocess.run([hook, "--config"], capture_output=True, text=True, check=True, timeout=30).stdout
    [binding] = json.loads(printed)["kubernetes"]
    assert (binding["kind"], binding["apiVersion"]) == ("Greeting", API_VERSION)
    # What shell-operator makes of the binding's filter.
    wake = {"wake": {"kind": "Greeting", "namespace": "data", "name": "small"}}
    event = {"binding": binding["name"], "type": "Event", "watchEvent": "Added", "filterResult": wake}
    monkeypatch.setattr(inline.Kube, "connect", lambda: world.kube)
    monkeypatch.setattr(inline.logs, "configure", lambda level, stream: None)

    inline.reconcile(
        json.dumps({"hook": hook.stem, "contexts": [event]}).encode(),
        {"POD_NAMESPACE": "operators", "ALLUXIO_OPERATOR_TEMPLATES_DIR": str(TEMPLATES)},
    )

    assert config_map(world)["data"] == {"text": "Good morning"}
    assert world.status["phase"] == "Ready"


def test_its_objects_are_watched(world: KindWorld):
    assert "ConfigMap" in {one.kind for one in registry.watched(world.settings)}
