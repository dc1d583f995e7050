"""Status fields of the data that single workers hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alluxio_operator.api.lenient import SIZE, StatusModel
from alluxio_operator.api.roles import list_map
from alluxio_operator.api.status import Short, Time

RoundedSize = Annotated[str, Field(max_length=32), SIZE]
"""Bytes, rounded up by an eighth at most."""
RoundedCount = Annotated[int, Field(ge=0)]
"""A number, rounded up to two digits."""


class WorkerAtRisk(StatusModel):
    """What only one worker has. A worker without such data has no entry."""

    name: Short = Field(description="Pod of the worker.")
    unpersisted: RoundedSize = Field("0", description="In no UFS: lost if the worker dies.")
    unpersisted_on_restart: RoundedSize = Field(
        "0", description="Of unpersisted, what a new pod of the worker doesn't find: on tiers in memory or emptyDir."
    )
    cached_once: RoundedSize = Field("0", description="In the UFS: read again from there if the worker dies.")
    pinned: RoundedSize = Field("0", description="Of both, what belongs to pinned files.")
    files: RoundedCount = Field(0, description="Files with unpersisted data here.")
    oldest: Time | None = Field(
        None, description="Last change of the oldest of these files (RFC 3339), rounded down to ten minutes."
    )


class PathAtRisk(StatusModel):
    """Unpersisted data below a path that has one copy."""

    path: Annotated[str, Field(max_length=512)] = Field(description="A folder, by at most three parts of its path.")
    unpersisted: RoundedSize = Field(description="Bytes that are lost if the worker that has them dies.")
    files: RoundedCount = Field(0, description="Files with such data.")
    oldest: Time | None = Field(
        None, description="Last change of the oldest of these files (RFC 3339), rounded down to ten minutes."
    )


class AtRiskStatus(StatusModel):
    """Data that single workers hold, as the last listing of Alluxio's namespace found it. Metrics have exact bytes."""

    as_of: Time | None = Field(
        None,
        description="Start of the listing (RFC 3339). While later listings find the same figures, the operator renews "
        "it every six hours. Empty until the first listing has ended.",
    )
    unpersisted: RoundedSize = Field("0", description="In no UFS, with one copy: lost if the worker that has it dies.")
    unpersisted_on_restart: RoundedSize = Field(
        "0", description="Of unpersisted, what a new pod of the worker doesn't find: on tiers in memory or emptyDir."
    )
    cached_once: RoundedSize = Field("0", description="In the UFS, cached by one worker: read again if it dies.")
    pinned: RoundedSize = Field("0", description="Of both, what belongs to pinned files.")
    files: RoundedCount = Field(0, description="Files with unpersisted data that has one copy.")
    oldest: Time | None = Field(
        None, description="Last change of the oldest of these files (RFC 3339), rounded down to ten minutes."
    )
    unavailable: RoundedSize = Field(
        "0", description="In no UFS, and no worker has it now: lost, or on a worker that doesn't run."
    )
    workers: Annotated[tuple[WorkerAtRisk, ...], Field(max_length=16, json_schema_extra=list_map("name"))] = Field(
        (), description="The workers with the most unpersisted data, then with the most that is cached once."
    )
    other_workers: RoundedCount = Field(0, description="Further workers with such data.")
    paths: Annotated[tuple[PathAtRisk, ...], Field(max_length=16, json_schema_extra=list_map("path"))] = Field(
        (), description="The folders with the most unpersisted data that has one copy."
    )
    worst: Short = Field("", description="The worker with the most unpersisted data.")
    above_since: Time | None = Field(
        None,
        description="Start of the first listing of those, without interruption, that found a worker above "
        "spec.workers.atRiskLimit (RFC 3339).",
    )
    failing_since: Time | None = Field(
        None, description="Start of the first of the listings since asOf, if the last one failed (RFC 3339)."
    )
    message: Annotated[str, Field(max_length=256)] = Field("", description="Why the listings fail.")
