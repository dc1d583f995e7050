"""The scorecard of the bundle as operator-sdk runs it, in pods: its own tests, and a story of kuttl that comes along.

The bundle itself has no such story: it would name an image that whoever checks it can't pull.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dev.cluster import tools
from dev.cluster.paths import find_paths
from dev.images.scorecard import TAG
from dev.olm import versions
from dev.olm.lifecycle import Lifecycle
from dev.olm.versions import csv_name
from dev.tasks.shell import ROOT, run
from tests.olm.stage import Installed, Source, apply, kubectl, namespaces

Json = dict[str, Any]
HOME, ACCOUNT = "olm-scorecard", "scorecard"
STORY = {"image": TAG, "entrypoint": ["run-kuttl"], "labels": {"suite": "own", "test": "install"}}


@pytest.fixture(scope="module")
def operator_sdk() -> str:
    """The program; it takes minutes to build, so it is not built for this alone."""
    toolbox, missing = tools.find(find_paths(os.environ), tools.OLM_TOOLS)
    if missing:
        pytest.skip("operator-sdk isn't built: `make bundle-check` builds it")
    return toolbox.path("operator-sdk")


@pytest.fixture(scope="module")
def installed(
    operator_sdk: str, lifecycle: Lifecycle, new_source: Callable[[str], Source], image: str
) -> Iterator[Installed]:
    """The operator, and what the scorecard's pods need: their image, and an account that may do as editors do."""
    run(sys.executable, "-m", "dev.images", "build", "scorecard", quiet=True)
    name = TAG.rpartition("/")[2].replace(":", "-")
    lifecycle.cluster.load([find_paths(os.environ).archives / f"{name}.tar"])
    source = new_source("scorecard")
    source.publish(versions.make("0.1.0", image), versions.entry("0.1.0"))
    with namespaces(HOME):
        kubectl("label", "namespace", HOME, "pod-security.kubernetes.io/enforce=restricted")
        kubectl("create", "serviceaccount", ACCOUNT, "-n", HOME)
        kubectl(
            "create", "rolebinding", ACCOUNT, "-n", HOME, "--clusterrole=edit", f"--serviceaccount={HOME}:{ACCOUNT}"
        )
        operator = Installed(HOME, source.name, "stable-v0")
        operator.group([HOME])
        operator.subscribe()
        operator.succeeded(csv_name("0.1.0"))
        yield operator
        operator.unsubscribe()


def scorecard(operator_sdk: str, bundle: Path) -> dict[str, list[Json]]:
    """Run all tests that a bundle asks for; return the results by the test's label."""
    options = ("--namespace", HOME, "--service-account", ACCOUNT, "--pod-security=restricted", "--wait-time=200s")
    command = (operator_sdk, "scorecard", str(bundle), "--output=json", f"--untar-image={TAG}", *options)
    done = subprocess.run(["dev/in-cluster", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("{"), done.stderr
    items = json.loads(done.stdout)["items"]
    return {one["spec"]["labels"]["test"]: one["status"]["results"] for one in items}


def test_the_bundle_passes_as_it_is(installed: Installed, operator_sdk: str):
    results = scorecard(operator_sdk, ROOT / "bundle")

    assert len(results) == 6
    assert [name for name, found in results.items() if [one["state"] for one in found] != ["pass"]] == [], results


def test_a_story_of_kuttl_runs_there_too(installed: Installed, operator_sdk: str, tmp_path: Path):
    results = scorecard(operator_sdk, with_story(tmp_path / "bundle"))

    [story] = results["install"]
    assert (story["name"], story["state"]) == ("install", "pass"), story
    assert [
        one["metadata"]["name"] for one in json.loads(kubectl("get", "alx", "-n", HOME, "-o", "json"))["items"]
    ] == []


def test_a_story_that_fails_is_told(installed: Installed, operator_sdk: str, tmp_path: Path):
    bundle = with_story(tmp_path / "bundle")
    story = bundle / "tests" / "scorecard" / "kuttl" / "install"
    for file in story.iterdir():
        file.unlink()
    apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there", "namespace": HOME}})
    (story / "00-errors.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: there}\n")
    suite = story.parent / "kuttl-test.yaml"
    suite.write_text(suite.read_text().replace("timeout: 120", "timeout: 2"))

    [result] = scorecard(operator_sdk, bundle)["install"]

    assert (result["name"], result["state"]) == ("install", "fail"), result


def with_story(bundle: Path) -> Path:
    """Return a copy of the bundle that asks for the story, and for nothing else."""
    shutil.copytree(ROOT / "bundle", bundle)
    shutil.copytree(ROOT / "kuttl-tests" / "scorecard", bundle / "tests" / "scorecard" / "kuttl")
    file = bundle / "tests" / "scorecard" / "config.yaml"
    configuration = yaml.safe_load(file.read_text())
    configuration["stages"] = [{"tests": [STORY]}]
    file.write_text(yaml.safe_dump(configuration))
    return bundle
