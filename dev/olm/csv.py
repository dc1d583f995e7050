"""Complete the ClusterServiceVersion: the hand-written part in config/manifests, and data from the rest of config/."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from alluxio_operator.kinds.discovery import descriptors
from dev.olm.descriptors import owned

Json = dict[str, Any]

OPERATOR = "operator"
"""Name of the operator's image in relatedImages, and of its container."""


def completed(base: Mapping[str, Any], crds: Iterable[Mapping[str, Any]], icon: bytes) -> Json:
    """Return the base with the icon and the owned CRDs; operator-sdk adds the rest."""
    csv = copy.deepcopy(dict(base))
    csv["spec"]["icon"] = [{"base64data": base64.b64encode(icon).decode(), "mediatype": "image/svg+xml"}]
    children = {one.kind: [child.kind for child in one.children] for one in descriptors()}
    entries = [owned(crd, children[crd["spec"]["names"]["kind"]]) for crd in crds]
    csv["spec"]["customresourcedefinitions"] = {"owned": entries}
    return csv


def finished(generated: Mapping[str, Any], base: Mapping[str, Any], crds: Iterable[Mapping[str, Any]]) -> Json:
    """Return operator-sdk's output with data that it can't know: all images, and createdAt from the sources."""
    csv = copy.deepcopy(dict(generated))
    image = operator_image(csv)
    csv["metadata"]["annotations"] |= {
        "createdAt": base["metadata"]["annotations"]["createdAt"],
        "containerImage": image,
    }
    others = (named(*image.rsplit(":", 1)) for one in descriptors() for image in one.images)
    csv["spec"]["relatedImages"] = [{"name": OPERATOR, "image": image}, *operands(crds), *others]
    return csv


def operator_image(csv: Mapping[str, Any]) -> str:
    """Return the image of the operator's container."""
    [deployment] = csv["spec"]["install"]["spec"]["deployments"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def operands(crds: Iterable[Mapping[str, Any]]) -> Iterator[Json]:
    """Yield the images that the operator runs by default, from the defaults of the CRDs.

    For a CRD without a default, the kind's descriptor lists the images.
    """
    for crd in crds:
        [version] = crd["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        repository = spec.get("image", {}).get("properties", {}).get("repository", {}).get("default")
        for tag in spec["version"]["enum"] if repository else ():
            yield named(repository, tag)


def named(repository: str, tag: str) -> Json:
    """Return an image as an entry of relatedImages."""
    return {"name": f"{repository.rpartition('/')[2]}-{tag}", "image": f"{repository}:{tag}"}
