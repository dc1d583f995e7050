"""Lists the capabilities of an AlluxioCluster, in the order in which the driver performs their effects.

A capability is a folder. Its `decide.operations` returns its operations, as data. The module `execute` of this kind
performs their effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.cluster.backup import decide as backup
from alluxio_operator.kinds.cluster.masters import decide as masters
from alluxio_operator.kinds.cluster.objects import decide as objects
from alluxio_operator.kinds.cluster.restore import decide as restore
from alluxio_operator.kinds.cluster.risk import decide as risk
from alluxio_operator.kinds.cluster.rollout import decide as rollout
from alluxio_operator.kinds.cluster.storage import decide as storage
from alluxio_operator.kinds.cluster.ufs import decide as ufs
from alluxio_operator.kinds.cluster.view import View

Capability = Callable[[View], Iterable[Operation]]

CAPABILITIES: Final[tuple[Capability, ...]] = (
    masters.operations,
    restore.operations,
    rollout.operations,
    objects.operations,
    storage.operations,
    ufs.operations,
    backup.operations,
    risk.operations,
)
