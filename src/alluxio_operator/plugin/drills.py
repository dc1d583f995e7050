"""The command for drills: rehearse a recovery, and wait for its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.plugin.backups import phase
from alluxio_operator.plugin.reader import Object


def manifest(
    cluster: str, name: str, namespace: str, *, backup: str | None, files: int | None, seconds: int
) -> Mapping[str, Any]:
    """Return the AlluxioDrill to create."""
    chosen = {"backupName": backup} if backup else {}
    sample = {"sample": {"files": files}} if files else {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterRef": {"name": cluster}, "timeoutSeconds": seconds, **chosen, **sample},
    }


def shown(drill: Object) -> Mapping[str, Any]:
    """Return what programs need of a drill."""
    status = drill.get("status", {})
    return {
        "name": drill["metadata"]["name"],
        "cluster": drill["spec"]["clusterRef"]["name"],
        "phase": phase(drill),
        "passed": bool(status.get("passed")),
        "backup": status.get("backup", ""),
        "recoveryPoint": status.get("recoveryPoint"),
        "rpoSeconds": status.get("rpoSeconds"),
        "restoreSeconds": status.get("restoreSeconds"),
        "rtoSeconds": status.get("rtoSeconds"),
        "files": status.get("files"),
        "examples": status.get("examples", []),
        "reason": status.get("reason", ""),
        "started": status.get("started"),
        "finished": status.get("finished"),
        "summary": status.get("summary", ""),
    }
