"""Writes a status, guarded by the resourceVersion that it follows from."""

from __future__ import annotations

from typing import Any, Final, Protocol

from alluxio_operator.api.lenient import read_status
from alluxio_operator.api.status import OwnerStatus
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.transport.printable import all_printable

REPORTED: Final = ("phase", "conditions", "history", "masters", "writeProof", "alluxio")
"""Fields that only report, or that the operator finds out again: an unknown word in them may be dropped."""


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
    body = {**resource, "status": _as_json(status)}
    try:
        return kube.replace(path, body)
    except Refused:
        # The CRD may be as old as the operator, and refuse a word of a newer one that the operator has kept.
        if not isinstance(status, OwnerStatus):
            raise
        known = read_status(type(status), body, known_words=True)
        if not known.unread or len(known.unread_below(REPORTED)) < len(known.unread):
            raise
        return kube.replace(path, {**resource, "status": _as_json(known.status)})


def _as_json(status: Written) -> dict[str, Any]:
    # Without warnings: a status keeps words of other versions that its types don't list.
    dumped = status.model_dump(by_alias=True, mode="json", exclude_none=True, warnings=False)
    cleaned: dict[str, Any] = all_printable(dumped)
    return cleaned
