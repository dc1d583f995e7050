"""The committed bundle agrees with config/; `make bundle-check` shows that it is operator-sdk's exact output."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.builders import ROOT

from alluxio_operator import __version__
from dev.generate.crds import without_empty
from dev.olm import csv as csvs
from dev.olm.bundle import CHANNELS, CSV_FILE, DEFAULT_CHANNEL
from dev.olm.catalog import released
from dev.olm.versions import csv_name

Json = dict[str, Any]
BUNDLE, CONFIG = ROOT / "bundle", ROOT / "config"
MIB = 1024**2

KINDS_OF_OLD_CATALOGS = {"ClusterServiceVersion", "CustomResourceDefinition", "ClusterRole"}
"""Kinds that the bundle may contain; older releases reject others, such as NetworkPolicy or PodMonitor."""

SCORECARD = [
    "basic-check-spec",
    "olm-bundle-validation",
    "olm-crds-have-validation",
    "olm-crds-have-resources",
    "olm-spec-descriptors",
    "olm-status-descriptors",
]
"""All tests of the scorecard's own image; `make bundle-check` runs those that the bundle names."""

NETWORK_ANSWERS = ("disconnected", "fips-compliant", "proxy-aware", "tls-profiles")
TOKEN_ANSWERS = ("token-auth-aws", "token-auth-azure", "token-auth-gcp")


def read(path: Path) -> Json:
    [made] = [one for one in yaml.safe_load_all(path.read_text()) if one]
    return dict(made)


def read_all(folder: Path) -> list[Json]:
    found = [one for file in sorted(folder.glob("*.yaml")) for one in yaml.safe_load_all(file.read_text())]
    return [one for one in found if one and one["kind"] != "Kustomization"]


@pytest.fixture(scope="module")
def csv() -> Json:
    return read(BUNDLE / CSV_FILE)


@pytest.fixture(scope="module")
def manifests() -> list[Json]:
    return read_all(BUNDLE / "manifests")


def test_the_crds_are_those_of_config(manifests: list[Json]):
    crds = [one for one in manifests if one["kind"] == "CustomResourceDefinition"]
    bundled = {one["metadata"]["name"]: without_empty(one["spec"]) for one in crds}
    sources = {one["metadata"]["name"]: without_empty(one["spec"]) for one in read_all(CONFIG / "crd" / "bases")}

    assert bundled == sources


def test_the_deployment_is_that_of_config_but_for_the_namespaces(csv: Json):
    source = read(CONFIG / "manager" / "manager.yaml")["spec"]
    [deployment] = csv["spec"]["install"]["spec"]["deployments"]
    watched = {
        "name": "WATCH_NAMESPACE",
        "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['olm.targetNamespaces']"}},
    }
    for one in source["template"]["spec"]["containers"][0]["env"]:
        if one["name"] == "WATCH_NAMESPACE":
            one.clear()
            one.update(watched)

    # The API's own type writes it, empty.
    made = {name: value for name, value in deployment["spec"].items() if (name, value) != ("strategy", {})}
    assert made == source


def test_the_rights_are_the_roles_of_config_and_none_is_for_the_whole_cluster(csv: Json):
    roles = [*read_all(CONFIG / "rbac" / "operator"), *read_all(CONFIG / "rbac")]
    wanted = [
        rule
        for role in roles
        if role["metadata"]["name"] in ("alluxio-operator", "alluxio-operator-leader") and "rules" in role
        for rule in role["rules"]
    ]
    install = csv["spec"]["install"]["spec"]
    [permissions] = install["permissions"]

    assert permissions["serviceAccountName"] == "alluxio-operator"
    assert sorted(json.dumps(rule, sort_keys=True) for rule in permissions["rules"]) == sorted(
        json.dumps(rule, sort_keys=True) for rule in wanted
    )
    assert "clusterPermissions" not in install


def test_every_install_mode_is_supported(csv: Json):
    modes = {mode["type"]: mode["supported"] for mode in csv["spec"]["installModes"]}

    assert modes == dict.fromkeys(("OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces"), True)


def test_the_version_is_that_of_the_project(csv: Json):
    assert csv["metadata"]["name"] == csv_name(__version__)
    assert csv["spec"]["version"] == __version__


def test_every_owned_kind_has_an_example(csv: Json):
    examples = json.loads(csv["metadata"]["annotations"]["alm-examples"])
    listed = read(CONFIG / "samples" / "kustomization.yaml")["resources"]
    sources = [read(CONFIG / "samples" / name) for name in listed]

    assert sorted(examples, key=str) == sorted(sources, key=str)
    owned = {one["kind"] for one in csv["spec"]["customresourcedefinitions"]["owned"]}
    assert owned == {one["kind"] for one in examples}


def test_every_image_is_a_related_one(csv: Json):
    related = {one["image"] for one in csv["spec"]["relatedImages"]}
    crds = read_all(CONFIG / "crd" / "bases")

    assert csvs.operator_image(csv) in related
    assert {one["image"] for one in csvs.operands(crds)} <= related
    assert csv["metadata"]["annotations"]["containerImage"] == csvs.operator_image(csv)


def test_the_icon_is_a_square_picture(csv: Json):
    root = ET.parse(CONFIG / "manifests" / "icon.svg").getroot()

    assert root.get("width") == root.get("height")
    assert csv["spec"]["icon"][0]["mediatype"] == "image/svg+xml"


def test_the_questions_of_catalogs_are_answered(csv: Json):
    annotations = csv["metadata"]["annotations"]

    for feature in (*NETWORK_ANSWERS, *TOKEN_ANSWERS):
        assert annotations[f"features.operators.openshift.io/{feature}"] in ("true", "false")
    assert 20 <= len(annotations["description"]) <= 135
    assert annotations["repository"].startswith("https://")
    requests = csvs_container(csv)["resources"]["requests"]
    assert set(requests) == {"cpu", "memory"}


def test_the_level_is_the_one_that_the_documents_show(csv: Json):
    levels = ("Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot")
    claimed = csv["metadata"]["annotations"]["capabilities"]
    text = (ROOT / "docs" / "capabilities.md").read_text()

    assert f"The bundle claims level {levels.index(claimed) + 1}, {claimed.lower()}" in text


def test_the_bundle_holds_only_what_every_catalog_takes(manifests: list[Json]):
    assert {one["kind"] for one in manifests} <= KINDS_OF_OLD_CATALOGS


def test_the_bundle_is_far_from_what_an_install_plan_can_carry():
    size = sum(file.stat().st_size for file in BUNDLE.rglob("*") if file.is_file())

    assert size < MIB * 3 / 4


def test_the_channels_are_the_same_everywhere():
    annotations = read_annotations()

    assert annotations["operators.operatorframework.io.bundle.channels.v1"] == ",".join(CHANNELS)
    assert annotations["operators.operatorframework.io.bundle.channel.default.v1"] == DEFAULT_CHANNEL
    documents = released()
    assert [one["name"] for one in documents if one["schema"] == "olm.channel"] == list(CHANNELS)
    [package] = [one for one in documents if one["schema"] == "olm.package"]
    assert package["defaultChannel"] == DEFAULT_CHANNEL


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_leads_from_each_version_to_its_head(channel: str):
    [found] = [one for one in released() if one.get("schema") == "olm.channel" and one["name"] == channel]
    entries = {entry["name"]: entry for entry in found["entries"]}
    left_behind = {old for entry in found["entries"] for old in (entry.get("replaces"), *entry.get("skips", ())) if old}
    heads = set(entries) - left_behind

    assert len(entries) == len(found["entries"]), "a version stands twice"
    assert len(heads) == 1, "people on any other head would never be offered the next version"
    assert csv_name(__version__) in entries


def test_the_project_file_names_the_crds():
    project = read_plain(ROOT / "PROJECT")
    sources = {
        (one["spec"]["group"], one["spec"]["names"]["kind"], one["spec"]["versions"][0]["name"])
        for one in read_all(CONFIG / "crd" / "bases")
    }

    assert sources == {(f"{one['group']}.{one['domain']}", one["kind"], one["version"]) for one in project["resources"]}


def test_the_bundle_asks_for_every_test_of_the_scorecard():
    [stage] = read_plain(BUNDLE / "tests" / "scorecard" / "config.yaml")["stages"]

    assert [test["entrypoint"] for test in stage["tests"]] == [["scorecard-test", name] for name in SCORECARD]


def test_the_bundle_image_has_the_labels_of_its_metadata_and_copies_what_is_there():
    text = (ROOT / "bundle.Dockerfile").read_text()
    labels = dict(re.findall(r"^LABEL ([^=]+)=(.*)$", text, re.MULTILINE))
    copies = dict(re.findall(r"^COPY (\S+) /(\S+)$", text, re.MULTILINE))

    assert labels == read_annotations()
    assert all((ROOT / source).is_dir() for source in copies)
    assert set(copies.values()) == {value for value in labels.values() if value.endswith("/")}


def test_the_document_on_catalogs_installs_this_version():
    text = (ROOT / "docs" / "install-olm.md").read_text()

    assert f"startingCSV: {csv_name(__version__)}\n" in text


def csvs_container(csv: Json) -> Json:
    [deployment] = csv["spec"]["install"]["spec"]["deployments"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return dict(container)


def read_annotations() -> Json:
    return dict(read_plain(BUNDLE / "metadata" / "annotations.yaml")["annotations"])


def read_plain(path: Path) -> Json:
    return dict(yaml.safe_load(path.read_text()))
