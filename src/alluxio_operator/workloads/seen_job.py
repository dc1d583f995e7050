"""A Job on record with its pods, and what their containers left as termination messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A Job of the resource with its pods; without a Job if there is none, or only one of an earlier resource."""

    job: Object | None = None
    pods: tuple[Pod, ...] = ()
    results: Mapping[str, str] = field(default_factory=dict)
    """By container, the message with which it ended, in the newest pod of the Job."""


NONE: Final = SeenJob()
