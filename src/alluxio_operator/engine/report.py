"""The result of a reconcile: the status to publish, and the requeue delay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alluxio_operator.engine.gate import Severity


@dataclass(frozen=True, slots=True)
class Report:
    """The status to publish. `severities` are those of its conditions, by type: they decide which Events warn.

    `requeue_after` is in seconds; None to wait for an event.
    """

    status: Any
    requeue_after: float | None
    severities: Mapping[str, Severity] = field(default_factory=dict)
