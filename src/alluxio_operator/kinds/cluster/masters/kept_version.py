"""Keeps the masters' version while their number changes; pure.

A master that joins would start with the spec's version before the backup that precedes an upgrade, and it may lead. So
all masters keep the version with which the change began. An upgrade begins once the change is complete. Another image
of the same version is followed: the image of before may be gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, MembersChange
from alluxio_operator.kinds.cluster.masters.counts import LEADS
from alluxio_operator.kube.kinds import Object


def with_kept_version(resource: Object, status: ClusterStatus) -> Object:
    """Return the resource with the version that its masters run, while their number changes."""
    journal, spec = status.journal, resource.get("spec") or {}
    change = journal.change if journal is not None else None
    if change is None or not is_held(change, spec):
        return resource
    repository, _, tag = change.image.rpartition(":")
    image = {**(spec.get("image") or {}), "repository": repository, "tag": tag}
    return {**resource, "spec": {**spec, "version": change.version, "image": image}}


def is_held(change: MembersChange, spec: Mapping[str, Any]) -> bool:
    """Return True if the version of a spec has to wait for the end of a change."""
    known = change.state != LEADS and change.version and change.image
    return bool(known) and spec.get("version") != change.version
