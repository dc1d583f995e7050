"""docs/install-olm.md, followed to the letter: the catalog, install, metrics, update, channel, uninstall, the way back.

The tests are steps of one story and run in the order of this file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dev.cluster import tools
from dev.cluster.crds import not_established
from dev.olm import catalog, releases, versions
from dev.olm.bundle import CHANNELS, PACKAGE
from dev.olm.lifecycle import CATALOG, NAMESPACE, PORT, Lifecycle
from dev.olm.versions import csv_name
from dev.tasks.shell import ROOT, inside
from tests.olm.stage import (
    ALX,
    Installed,
    apply,
    followed,
    get,
    items,
    kubectl,
    light,
    namespaces,
    remove,
    until,
)
from tests.support.console import CommandFailed, Follower, section

from alluxio_operator import __version__

Json = dict[str, Any]
HOME = SOURCE = PACKAGE
"""The document names namespace and catalog like the operator."""

CLUSTERS, MONITORING = "olm-documented", "monitoring"
IMAGE = f"{PACKAGE}:{__version__}"
"""As the bundle names it; the local cluster's images answer to it."""


@dataclass
class Reader:
    """Somebody who installs the operator as the document says, and the catalog that they use."""

    lifecycle: Lifecycle
    follower: Follower
    folder: Path
    document: str = (ROOT / "docs" / "install-olm.md").read_text()
    operator: Installed = field(default_factory=lambda: Installed(HOME, SOURCE, "stable-v0", manual=True))
    channels: list[Json] = field(default_factory=catalog.released)
    bundles: list[Path] = field(default_factory=lambda: releases.bundles(catalog.released()))

    def reads(self, title: str) -> None:
        """Do what a section says."""
        self.follower.follow(section(self.document, title))

    def serve(self) -> None:
        """Serve the catalog as it is now."""
        target = catalog.write(self.lifecycle.programs, self.channels, self.bundles, self.folder)
        self.lifecycle.run_server(target, SOURCE, PORT)

    def publish(self, version: str, replaces: str, channels: Sequence[str] = CHANNELS) -> None:
        """Offer a version that was never released."""
        self.bundles.append(versions.make(version, IMAGE, replaces=replaces))
        for one in self.channels:
            if one["schema"] == "olm.channel" and one["name"] in channels:
                one["entries"].append(versions.entry(version, replaces))
        self.serve()

    def works(self, name: str) -> None:
        """Wait until the operator looks after a cluster that it hasn't seen before."""
        apply(light(name, CLUSTERS))
        until(lambda: followed(name, CLUSTERS), 60, "the operator works", self.operator.explain)


@pytest.fixture(scope="module")
def reader(lifecycle: Lifecycle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Their folder is a checkout as far as the document needs one."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "config").symlink_to(ROOT / "config")

    def run(line: str) -> str:
        command = ["dev/in-cluster", "bash", "-euo", "pipefail", "-c", f"cd '{folder}'\n{line}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise CommandFailed(f"{done.stdout}\n{done.stderr}")
        return done.stdout

    # What `make olm` serves has the same address.
    lifecycle.unserve(CATALOG)
    reader = Reader(lifecycle, Follower(folder, run), folder / "build" / "catalog")
    reader.serve()
    with namespaces(CLUSTERS, MONITORING):
        yield reader
        remove(HOME)
        lifecycle.unserve(SOURCE)


def test_the_catalog_becomes_known(reader: Reader):
    reader.reads("The catalog")

    assert get("catalogsource.operators.coreos.com", SOURCE, NAMESPACE)


def test_nothing_is_installed_before_its_plan_is_approved(reader: Reader):
    reader.reads("Install")

    reader.operator.succeeded(csv_name("0.1.0"))
    reader.works("first")


def test_who_reads_metrics_reaches_them(reader: Reader):
    definitions = tools.module_directory("prometheus-operator", "github.com/prometheus-operator/prometheus-operator")
    monitors = definitions / "example" / "prometheus-operator-crd" / "monitoring.coreos.com_podmonitors.yaml"
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(monitors))
    until(lambda: not not_established(kubectl("get", "-o", "json", "-f", str(monitors))), 30, "PodMonitors are served")

    reader.reads("Metrics")

    policy = (get("networkpolicy", PACKAGE, HOME) or {})["spec"]
    monitor = (get("podmonitor", PACKAGE, HOME) or {})["spec"]
    [pod] = reader.operator.pods()
    ports = {one["name"]: one["containerPort"] for one in pod["spec"]["containers"][0]["ports"]}
    for chosen in (policy["podSelector"], monitor["selector"]):
        names = [one["metadata"]["name"] for one in items("pods", HOME, labels(chosen))]
        assert names == [pod["metadata"]["name"]], "the operator's pods, and no other"

    [rule] = policy["ingress"]
    [peer] = rule["from"]
    reached = json.loads(kubectl("get", "namespaces", "-l", labels(peer["namespaceSelector"]), "-o", "json"))["items"]
    assert [one["metadata"]["name"] for one in reached] == [MONITORING]
    read = {one["port"] for one in monitor["podMetricsEndpoints"]}
    assert read == {one["port"] for one in rule["ports"]} == set(ports), "what is read may be reached"
    probes = [pod["spec"]["containers"][0][f"{kind}Probe"]["httpGet"]["port"] for kind in ("readiness", "liveness")]
    assert set(probes) <= set(ports)

    address = pod["status"]["podIP"]
    assert "\nalluxio_operator_" in metrics(address, ports["metrics"])
    assert "\nshell_operator_" in metrics(address, ports["metrics"], "/metrics/shell-operator")


def test_what_a_pod_monitor_has_not_is_refused(reader: Reader):
    """The kind is the real one: a word that it doesn't know doesn't pass."""
    monitor = get("podmonitor", PACKAGE, HOME) or {}
    monitor["spec"]["podMetricsEndpoints"][0]["interval"] = "often"
    monitor["metadata"] = {"name": "wrong", "namespace": HOME}
    command = ("kubectl", "create", "--dry-run=server", "-f", "-")
    done = subprocess.run(
        ["dev/in-cluster", *command], cwd=ROOT, input=json.dumps(monitor), capture_output=True, text=True, check=False
    )

    assert done.returncode
    assert "interval" in done.stderr


def test_a_new_version_waits_for_approval(reader: Reader):
    reader.publish("0.2.0", "0.1.0")

    reader.reads("Updates of the operator")

    reader.operator.succeeded(csv_name("0.2.0"))
    reader.works("second")


def test_another_channel_goes_further(reader: Reader):
    reader.publish("0.3.0", "0.2.0", ["candidate-v0"])

    reader.reads("Channels")

    until(lambda: reader.operator.waiting(csv_name("0.3.0")), 60, "a plan waits", reader.operator.explain)
    assert reader.operator.versions() == [csv_name("0.2.0")]
    reader.operator.approve(csv_name("0.3.0"))
    reader.operator.succeeded(csv_name("0.3.0"))


def test_uninstalled_and_back_to_an_older_version(reader: Reader):
    reader.reads("Uninstall")
    assert reader.operator.versions() == []
    assert get(ALX, "first", CLUSTERS), "clusters stay"

    reader.reads("Back to an older version")
    reader.operator.succeeded(csv_name("0.1.0"))
    reader.works("third")


def test_everything_is_removed(reader: Reader):
    others = {one["metadata"]["namespace"] for one in json.loads(kubectl("get", ALX, "-A", "-o", "json"))["items"]}
    if others != {CLUSTERS}:
        pytest.skip(f"there are clusters of somebody else, in {sorted(others - {CLUSTERS})}")
    reader.reads("Uninstall")

    reader.reads("Remove everything")

    assert not get("crd", ALX, HOME)
    assert not get("namespace", HOME, HOME)


def labels(selector: Json) -> str:
    assert set(selector) == {"matchLabels"}
    return ",".join(f"{name}={value}" for name, value in selector["matchLabels"].items())


def metrics(address: str, port: int, path: str = "/metrics") -> str:
    ask = f"import urllib.request as u; print(u.urlopen('http://{address}:{port}{path}', timeout=5).read().decode())"
    return inside(sys.executable, "-c", ask)
