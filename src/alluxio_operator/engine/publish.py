"""Writes a status, guarded by the resourceVersion that it follows from."""

from __future__ import annotations

from typing import Any, Protocol

from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS, Object


class Written(Protocol):
    """A status that can be written as the API server has it."""

    def model_dump(
        self, *, by_alias: bool | None = None, mode: str = ..., exclude_none: bool = ..., warnings: bool = ...
    ) -> dict[str, Any]:
        """Return the status as JSON values."""
        ...


def publish(kube: Kube, resource: Object, status: Written) -> dict[str, Any]:
    """Replace the status of a resource and return the resource as written; raise Conflict if it changed meanwhile."""
    meta = resource["metadata"]
    path = KINDS[resource["kind"]].path(meta["namespace"], meta["name"], "status")
    # Without warnings: a status keeps words of other versions that its types don't list.
    body = {**resource, "status": status.model_dump(by_alias=True, mode="json", exclude_none=True, warnings=False)}
    return kube.replace(path, body)
