"""One resource that nothing can be done for, among many: the others come to their end, it doesn't.

How long the others take beside it is measured, against a run in which it is as well as they are.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.records import Record
from tests.faults.world import World, WorldMaker, says
from tests.support.builders import TEMPLATES

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.kinds import KINDS

SHORT, LONG = 8, 100
POISON = "poison"
Spoil = Callable[[World, Path], None]
ADMISSION = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"


def as_well_as_the_others(world: World, templates: Path) -> None:
    """Nothing is wrong."""


def cannot_be_rendered(world: World, templates: Path) -> None:
    """A template that misses a value, for this one resource."""
    first = templates / "alluxio" / "10-config.yaml.j2"
    first.write_text('{% if name == "' + POISON + '" %}{{ nothing_has_this_name }}{% endif %}\n' + first.read_text())


def is_never_admitted(world: World, templates: Path) -> None:
    """An admission that refuses every object of this one resource."""
    name = world.namespace
    owner = "object.metadata.?labels[?'alluxio-operator.io/owner'].orValue('')"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
                "resourceRules": [rule],
            },
            "validations": [{"expression": f"{owner} != '{POISON}'", "message": "never"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    world.api.apply(f"{ADMISSION}ies/{name}", policy)
    world.api.apply(f"{ADMISSION}ybindings/{name}", binding)
    probe = {"metadata": {"name": "probe", "labels": {"alluxio-operator.io/owner": POISON}}}
    path = f"/api/v1/namespaces/{name}/configmaps"
    world.until(lambda: "never" in world.api.call("POST", path, probe, dryRun="All").message)


def seconds_for_the_others(new_world: WorldMaker, count: int, spoil: Spoil, folder: Path) -> float:
    """Return how long it takes until all but the poison are Ready; that one must not be, if it was spoilt."""
    templates = Path(shutil.copytree(TEMPLATES, folder / spoil.__name__))
    world = new_world({"ALLUXIO_OPERATOR_TEMPLATES_DIR": str(templates)})
    try:
        spoil(world, templates)
        world.first.start()
        world.first.wait_until_it_leads()
        others = {f"c{n}" for n in range(count - 1)}
        began = time.monotonic()
        # In the middle, so that it is met early and stays.
        for name in (*sorted(others)[: count // 4], POISON, *sorted(others)[count // 4 :]):
            world.create(name)

        def ready() -> set[str]:
            found = world.api.kube.list(KINDS[KIND].path(world.namespace))
            return {resource["metadata"]["name"] for resource in found if says(resource, "Ready")}

        world.until(lambda: others <= ready(), 60 + 3 * count)
        took = time.monotonic() - began
        assert (POISON in ready()) <= (spoil is as_well_as_the_others)
        return took
    finally:
        for path in (f"{ADMISSION}ies/{world.namespace}", f"{ADMISSION}ybindings/{world.namespace}"):
            world.api.call("DELETE", path)
        world.close()
        # What is still being deleted would slow down the next run.
        world.until(lambda: world.api.call("GET", f"/api/v1/namespaces/{world.namespace}").status == 404, 300)


@pytest.fixture(scope="module")
def usual(new_world: WorldMaker, long: bool, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that they take when nothing is wrong."""
    folder = tmp_path_factory.mktemp("templates")
    return seconds_for_the_others(new_world, LONG if long else SHORT, as_well_as_the_others, folder)


@pytest.mark.parametrize("spoil", [cannot_be_rendered, is_never_admitted], ids=lambda spoil: spoil.__name__)
def test_the_others_come_to_their_end(
    spoil: Spoil, new_world: WorldMaker, usual: float, long: bool, record: Record, tmp_path: Path
):
    if spoil is is_never_admitted and not long:
        pytest.skip("in the long form only")
    count = LONG if long else SHORT

    took = seconds_for_the_others(new_world, count, spoil, tmp_path)

    record(
        f"one of {count} {spoil.__name__.replace('_', ' ')}",
        usual_seconds=round(usual, 1),
        seconds=round(took, 1),
        ratio=round(took / usual, 2),
    )
