"""What a reconcile asks further questions with, after its first look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.client import Kube
from alluxio_operator.transport.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Look:
    """With what further questions of one reconcile are asked."""

    kube: Kube
    key: OwnerKey
    now: datetime
    deadline: Deadline
