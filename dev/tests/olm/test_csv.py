"""What dev.olm adds to the ClusterServiceVersion that operator-sdk generates."""

from __future__ import annotations

from typing import Any

import pytest

from dev.olm.csv import finished, operands

Json = dict[str, Any]


def crd(version: Json, *, default: bool = True) -> Json:
    image = {"properties": {"repository": {"default": "team/engine"} if default else {"type": "string"}}}
    spec = {"properties": {"image": image, "version": version}}
    return {"spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": {"spec": spec}}}}]}}


@pytest.mark.parametrize(
    ("version", "images"),
    [({"enum": ["1.0", "1.1"], "default": "1.1"}, ["team/engine:1.0", "team/engine:1.1"])],
)
def test_images_are_those_that_run_where_a_resource_names_no_other(version: Json, images: list[str]):
    assert [one["image"] for one in operands([crd(version)])] == images
    assert [one["name"] for one in operands([crd(version)])] == [
        one.rpartition("/")[2].replace(":", "-") for one in images
    ]


def test_where_the_image_follows_from_the_version_a_crd_names_none():
    assert list(operands([crd({"pattern": "^[0-9.]+$", "default": "0.287"}, default=False)])) == []


def test_the_time_is_that_of_the_sources_and_every_image_is_listed():
    container = {"name": "operator", "image": "team/operator:1"}
    deployment = {"spec": {"template": {"spec": {"containers": [container]}}}}
    generated = {
        "metadata": {"annotations": {"createdAt": "now", "kept": "yes"}},
        "spec": {"install": {"spec": {"deployments": [deployment]}}},
    }
    base = {"metadata": {"annotations": {"createdAt": "then"}}}

    made = finished(generated, base, [crd({"enum": ["1.0"]})])

    assert made["metadata"]["annotations"] == {"createdAt": "then", "kept": "yes", "containerImage": "team/operator:1"}
    assert [one["image"] for one in made["spec"]["relatedImages"]] == [
        "team/operator:1",
        "team/engine:1.0",
        "prestodb/presto:0.287",
        "trinodb/trino:476",
    ]
    assert generated["metadata"]["annotations"]["createdAt"] == "now"
