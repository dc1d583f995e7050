"""One resource that nothing can be done for, among many: the others come to their end, it doesn't.

The long form measures how long the others take, against a run in which that one is as well as they are.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.api.stage import Api, until
from tests.faults.records import Record
from tests.faults.reference import Form
from tests.faults.world import KEEPS_ITS_LEASE, LABEL, World, WorldMaker, says
from tests.support.builders import TEMPLATES

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.kinds import KINDS

SHORT, LONG = 8, 100
MEASURES = True
"""The long form wants the cluster for itself."""
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
    world = new_world(KEEPS_ITS_LEASE | {"ALLUXIO_OPERATOR_TEMPLATES_DIR": str(templates)})
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

        world.until(lambda: others <= ready(), 120 + 3 * count)
        took = time.monotonic() - began
        assert (POISON in ready()) <= (spoil is as_well_as_the_others)
        return took
    finally:
        for path in (f"{ADMISSION}ies/{world.namespace}", f"{ADMISSION}ybindings/{world.namespace}"):
            world.api.call("DELETE", path)
        world.close()


def beside_a_poisoned_one(new_world: WorldMaker) -> float:
    """Return how long the others take in the short form."""
    with TemporaryDirectory() as folder:
        return seconds_for_the_others(new_world, SHORT, cannot_be_rendered, Path(folder))


def begin(form: Form) -> dict[str, Future[float]]:
    """Begin the short form, which measures nothing."""
    return {} if form.long else {"short": form.pool.submit(beside_a_poisoned_one, form.new_world)}


def test_the_others_come_to_their_end_in_the_short_form(long: bool, begun: dict[str, Any], record: Record):
    if long:
        pytest.skip("the long form has 100 of them")

    record(f"one of {SHORT} cannot be rendered", seconds=round(begun[__name__]["short"].result(), 1))


@pytest.fixture(scope="module")
def usual(api: Api, new_world: WorldMaker, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that they take when nothing is wrong."""
    took = seconds_for_the_others(new_world, LONG, as_well_as_the_others, tmp_path_factory.mktemp("templates"))
    wait_until_worlds_are_gone(api)
    return took


def wait_until_worlds_are_gone(api: Api) -> None:
    """Wait until no world is being deleted any more: that would slow down the next run."""

    def gone() -> bool:
        return not api.call("GET", "/api/v1/namespaces", ok=True, labelSelector=f"{LABEL}=true").body["items"]

    until(gone, 300, 1.0)


@pytest.mark.parametrize("spoil", [cannot_be_rendered, is_never_admitted], ids=lambda spoil: spoil.__name__)
def test_the_others_come_to_their_end(
    spoil: Spoil, new_world: WorldMaker, long: bool, record: Record, request: pytest.FixtureRequest, tmp_path: Path
):
    if not long:
        pytest.skip("in the long form only")
    usual: float = request.getfixturevalue("usual")

    took = seconds_for_the_others(new_world, LONG, spoil, tmp_path)
    wait_until_worlds_are_gone(request.getfixturevalue("api"))

    record(
        f"one of {LONG} {spoil.__name__.replace('_', ' ')}",
        usual_seconds=round(usual, 1),
        seconds=round(took, 1),
        ratio=round(took / usual, 2),
    )
