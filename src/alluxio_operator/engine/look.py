"""Context for the questions of a reconcile after its observation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.client import Kube
from alluxio_operator.transport.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Look:
    """Client, owner, time and deadline for the questions of one reconcile."""

    kube: Kube
    key: OwnerKey
    now: datetime
    deadline: Deadline
