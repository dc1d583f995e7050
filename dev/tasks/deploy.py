"""Puts this checkout's operator into the local cluster, as its users do: from config/, with the image built here."""

from __future__ import annotations

import json
import os
from typing import Any

import yaml

from alluxio_operator import __version__
from dev.cluster.paths import find_paths
from dev.tasks.shell import inside, python, run

IMAGE = f"localhost/alluxio-operator/operator:{__version__}"


def deploy(form: str = "default") -> None:
    """Apply `config/FORM` with the image of this checkout and wait until the operator leads.

    It builds and loads an image that is out of date first: a change is tried with the operator that has it.
    Pods of an earlier build are replaced even when nothing else changed.
    """
    run(*python("-m", "dev.images", "build", "operator"))
    run(*python("-m", "dev.cluster", "load"))
    manifests = list(yaml.safe_load_all(inside("kubectl", "kustomize", f"config/{form}")))
    apply(with_image(manifests, IMAGE, image_id()))
    inside("kubectl", "-n", "alluxio-operator", "rollout", "status", "deployment/alluxio-operator", "--timeout=120s")


def with_image(manifests: list[dict[str, Any]], image: str, build: str) -> list[dict[str, Any]]:
    """Return manifests in which every Deployment runs `image`; `build` tells one build under a tag from another."""
    for manifest in manifests:
        if manifest["kind"] == "Deployment":
            template = manifest["spec"]["template"]
            template["metadata"].setdefault("annotations", {})["alluxio-operator.io/build"] = build
            for container in template["spec"]["containers"]:
                container["image"] = image
    return manifests


def apply(manifests: list[dict[str, Any]]) -> None:
    """Apply manifests server-side."""
    text = yaml.safe_dump_all(manifests)
    inside("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-", text=text)


def image_id() -> str:
    """Return the id of the operator's image, as the image cache has it."""
    index = json.loads((find_paths(os.environ).archives / "index.json").read_text())
    return str(index[IMAGE]["id"])
