"""Derives the spec that a recovery would begin with: what runs, and the Alluxio that wrote the backup; pure."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from alluxio_operator.api.alluxiocluster import ClusterSpec, Image
from alluxio_operator.kinds.cluster.clients import spec_of
from alluxio_operator.kube.kinds import Object

PARTS: Final = 3
"""Numbers of a version."""


def rehearsed_spec(cluster: Object, backup: Object) -> ClusterSpec:
    """Return the spec of the cluster with the version and the image that wrote the backup, as its proof uses them.

    The spec may name others by now, such as a tag that doesn't exist, or a version that an upgrade has yet to reach.
    """
    spec, status = spec_of(cluster), backup.get("status", {})
    version, image = str(status.get("version") or ""), _image(spec.image, str(status.get("image") or ""))
    if image is None:
        # Of an earlier operator, or named by a digest.
        return spec
    dumped = spec.model_dump(by_alias=True, mode="json", exclude_none=True)
    given = {"image": image.model_dump(by_alias=True, mode="json", exclude_none=True)}
    try:
        return ClusterSpec.model_validate({**dumped, **given, **({"version": version} if version else {})})
    except ValidationError:
        # A version of no release, as of an image of the user's own.
        return ClusterSpec.model_validate({**dumped, **given})


def newer_than_spec(spec: ClusterSpec, backup: Object) -> str:
    """Return the version that wrote the backup if the spec's is an older one, which can't read it; else nothing."""
    written = str(backup.get("status", {}).get("version") or "")
    return written if _number(written) > _number(spec.version) else ""


def _image(given: Image, used: str) -> Image | None:
    repository, colon, tag = used.rpartition(":")
    if not colon or "/" in tag or "@" in used:
        return None
    try:
        return Image.model_validate({**given.model_dump(by_alias=True), "repository": repository, "tag": tag})
    except ValidationError:
        return None


def _number(version: str) -> tuple[int, ...]:
    parts = version.partition("-")[0].split(".")
    return tuple(map(int, parts)) if len(parts) == PARTS and all(map(str.isdecimal, parts)) else ()
