"""Differences between versions of Alluxio, in one place."""

from __future__ import annotations

from alluxio_operator.alluxio.paths import MASTER_INFO, MASTER_OVERVIEW
from alluxio_operator.api.alluxiocluster import ClusterSpec


def image_of(spec: ClusterSpec) -> str:
    """Return the image of Alluxio."""
    return f"{spec.image.repository}:{spec.image.tag or spec.version}"


def master_probe(version: str, members: int) -> str:
    """Return the HTTP path of a master's readiness probe.

    A standby of 2.9.3 always answers `master/info` with 500 (run on 2.9.3).
    """
    return MASTER_OVERVIEW if version == "2.9.3" and members > 1 else MASTER_INFO
