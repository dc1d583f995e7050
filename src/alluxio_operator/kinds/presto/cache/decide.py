"""Keeps the connection to the cache on record; pure."""

from __future__ import annotations

from collections.abc import Iterable

from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.presto.cache.gates import alluxio_connected
from alluxio_operator.kinds.presto.view import View


def operations(view: View) -> Iterable[Operation]:
    """Yield the connection, which is recorded before it is used: so it outlives the AlluxioCluster."""
    known = {"alluxio": view.connection}
    gate = alluxio_connected(view.presto.spec, view.observed.cluster)
    yield Operation("connection", status=known, intent=known, gate=gate, blocking=True)
    if view.hash_baseline is not None:
        baseline = {"hash_baseline": view.hash_baseline}
        yield Operation("hash baseline", status=baseline, intent=baseline)
