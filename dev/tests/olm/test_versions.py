"""Versions that upgrade tests are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.olm.bundle import CHANNELS, CSV_FILE
from dev.olm.catalog import channels
from dev.olm.versions import container_list, entry, make

Json = dict[str, Any]


def described(folder: Path) -> Json:
    made: Json = yaml.safe_load((folder / CSV_FILE).read_text())
    return made


def test_a_version_differs_in_name_version_image_and_its_way(tmp_path: Path):
    folder = make("0.2.0", "here:1", replaces="0.1.0", target=tmp_path)

    csv = described(folder)
    assert csv["metadata"]["name"] == "alluxio-operator.v0.2.0"
    assert (csv["spec"]["version"], csv["spec"]["replaces"]) == ("0.2.0", "alluxio-operator.v0.1.0")
    [container] = container_list(csv)
    assert container["image"] == "here:1"
    assert {"name": "ALLUXIO_OPERATOR_BUNDLE_VERSION", "value": "0.2.0"} in container["env"]
    assert (folder / "metadata" / "annotations.yaml").is_file()


def test_changes_reach_the_manifests_that_they_are_for(tmp_path: Path):
    def no_image(csv: Json) -> None:
        container_list(csv)[0]["image"] = "nowhere:1"

    def more(crd: Json) -> None:
        crd["metadata"]["annotations"] = {"changed": "yes"}

    folder = make("0.2.0", "here:1", change_csv=no_image, change_crd=more, target=tmp_path)

    assert container_list(described(folder))[0]["image"] == "nowhere:1"
    crds = [yaml.safe_load(file.read_text()) for file in (folder / "manifests").glob("*.yaml")]
    assert [one["metadata"]["annotations"] for one in crds if one["kind"] == "CustomResourceDefinition"]
    assert "replaces" not in described(folder)["spec"]


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_that_is_not_named_offers_what_the_default_one_does(name: str):
    made = channels({"stable-v0": [entry("0.1.0")], "fast-v0": [entry("0.2.0", "0.1.0", ("0.1.5",))]})

    [channel] = [one for one in made if one["name"] == name]
    expected = [{"name": "alluxio-operator.v0.1.0"}]
    if name == "fast-v0":
        expected = [
            {
                "name": "alluxio-operator.v0.2.0",
                "replaces": "alluxio-operator.v0.1.0",
                "skips": ["alluxio-operator.v0.1.5"],
            }
        ]
    assert channel["entries"] == expected
