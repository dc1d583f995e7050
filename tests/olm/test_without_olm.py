"""Installed without the Operator Lifecycle Manager: by kustomize as first-cluster.md says, by one file, by namespace.

The tests are steps of one story and run in the order of this file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dev.olm import install_yaml
from dev.olm.bundle import PACKAGE
from dev.olm.lifecycle import Lifecycle
from dev.tasks.shell import ROOT
from tests.olm.stage import ALX, Installed, apply, followed, get, kubectl, light, namespaces, remove, until
from tests.support.console import Follower, section

HOME, ONE, OTHER = PACKAGE, "olm-plain", "olm-plain-unwatched"
DOCUMENT = (ROOT / "docs" / "first-cluster.md").read_text()


@pytest.fixture(scope="module")
def checkout(lifecycle: Lifecycle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout that a person may change, and nothing of it installed."""
    del lifecycle
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "config", folder / "config")
    with namespaces(ONE, OTHER):
        yield folder
        taken_away()


def taken_away() -> None:
    remove(HOME)
    kubectl("delete", "clusterrolebinding,clusterrole", PACKAGE, "--ignore-not-found")


def works(namespace: str, name: str) -> None:
    operator = Installed(HOME, "", "")
    kubectl("rollout", "status", f"deployment/{PACKAGE}", "-n", HOME, "--timeout=90s")
    apply(light(name, namespace))
    until(lambda: followed(name, namespace), 60, f"{namespace} is looked after", operator.explain)


def test_by_kustomize(checkout: Path):
    def run(line: str) -> str:
        words = line.replace("config/", f"{checkout}/config/").split()
        assert words.pop(0) == "kubectl"
        # As the document says: CRDs that OLM has left belong to it.
        return kubectl(*words, *(["--force-conflicts"] if get("crd", ALX, HOME) else []))

    Follower(checkout, run).follow(section(DOCUMENT, "Install the operator"))

    works(ONE, "by-kustomize")


def test_the_one_file_changes_nothing(checkout: Path, lifecycle: Lifecycle):
    before = get("deployment", PACKAGE, HOME) or {}
    file = install_yaml.write(lifecycle.programs, checkout / "release")

    kubectl("apply", "--server-side", "-f", str(file))

    assert (get("deployment", PACKAGE, HOME) or {})["metadata"]["generation"] == before["metadata"]["generation"]
    works(ONE, "by-one-file")


def test_its_own_namespace_and_a_further_one(checkout: Path):
    taken_away()
    kubectl("apply", "--server-side", "-k", str(checkout / "config" / "namespaced"))
    works(HOME, "at-home")
    apply(light("unseen", ONE))

    kustomization = checkout / "config" / "watched" / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("change-me", ONE))
    kubectl("apply", "--server-side", "-k", str(kustomization.parent))
    assert not followed("unseen", ONE), "it hasn't been told yet"
    watched = {"name": "WATCH_NAMESPACE", "value": f"{HOME},{ONE}"}
    [container] = (get("deployment", PACKAGE, HOME) or {})["spec"]["template"]["spec"]["containers"]
    place = [one["name"] for one in container["env"]].index("WATCH_NAMESPACE")
    patch = json.dumps([{"op": "replace", "path": f"/spec/template/spec/containers/0/env/{place}", "value": watched}])
    kubectl("patch", "deployment", PACKAGE, "-n", HOME, "--type=json", f"--patch={patch}")
    works(ONE, "further")
    until(lambda: followed("unseen", ONE), 60, "what was there before is looked after, too")

    apply(light("unseen", OTHER))
    operator = Installed(HOME, "", "")
    assert operator.may("create", "statefulsets.apps", ONE)
    assert not operator.may("create", "statefulsets.apps", OTHER)
    works(HOME, "later")
    assert not followed("unseen", OTHER)
