"""The figures: one module each, with its measurement and its summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bench.api import Json
from bench.figures import (
    at_risk,
    backup_calls,
    backups,
    burst,
    children,
    creation,
    edits,
    helm,
    hook,
    idle,
    memory,
    queries,
    real_node,
    recovery,
    stages,
    start,
)
from bench.results import Figure, Runs
from bench.session import Session

MEASURES: Mapping[str, Callable[[Session], Json]] = {
    memory.EMPTY: memory.measure,
    hook.NAME: hook.measure,
    creation.NAME: stages.measure_creation,
    creation.READY: creation.measure_ready,
    memory.FULL: memory.measure,
    children.NAME: children.measure,
    edits.PLAIN: stages.measure_edits,
    edits.DURING_RESYNC: edits.measure_during_resync,
    edits.DURING_A_HANG: edits.measure_beside_a_hang,
    idle.NAME: idle.measure,
    burst.NAME: burst.measure,
    start.NAME: start.measure,
    helm.NAME: helm.measure,
}
"""The measures in the order of a session: each leaves the clusters in the state that the next one needs."""

TOPICS: Mapping[str, Callable[[Runs], Iterator[Figure]]] = {
    "creation": creation.figures,
    "edits": edits.figures,
    "memory": memory.figures,
    "idle": idle.figures,
    "start": start.figures,
    "stages": stages.figures,
    "hook": hook.figures,
    "burst": burst.figures,
    "children": children.figures,
    "helm": helm.figures,
    "real-node": real_node.figures,
    "presto": queries.figures,
    "backup": backups.figures,
    "backup-calls": backup_calls.figures,
    "recovery": recovery.figures,
    "at-risk": at_risk.figures,
}
"""The summary of the raw records for each file of results."""
