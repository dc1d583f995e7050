"""Effects of a rollout; a change of the number of masters replaces failing ones by the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.api.alluxiocluster_status import GoodSpec
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class ReplacePod:
    """Deletion of a pod; only once the template of its workload has `config_hash`, so that the next pod is current."""

    pod: Pod
    workload: str
    config_hash: str
    at: datetime
    """Time of the decision."""


@dataclass(frozen=True, slots=True)
class KeepSpec:
    """Creation of the ControllerRevision that keeps the resource's spec."""

    spec: GoodSpec
