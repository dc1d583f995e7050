"""The capabilities of a Presto: each is a folder, whose `decide.operations` says what it does, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.presto.autoscaling import decide as autoscaling
from alluxio_operator.kinds.presto.cache import decide as cache
from alluxio_operator.kinds.presto.shutdown import decide as shutdown
from alluxio_operator.kinds.presto.view import View

Capability = Callable[[View], Iterable[Operation]]

CAPABILITIES: Final[tuple[Capability, ...]] = (cache.operations, autoscaling.operations, shutdown.operations)
