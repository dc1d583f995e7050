"""Where a coordinator of each engine reports its workers and queries; sources: runs of Presto 0.287 and Trino 476.

Neither engine counts a query that waits for the first worker. So while no worker is active, the operator lists the
queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from alluxio_operator.api.presto import Engine
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo

Ask = Callable[[str], Any]
"""Returns the parsed answer for a path."""

MAX_COUNT: Final = 2**31 - 1
"""Largest number in a status: a server may answer with any."""
ENDED: Final = frozenset({"FINISHED", "FAILED"})
NODES: Final = "/v1/jmx/mbean/trino.metadata:name=DiscoveryNodeManager"
QUERIES: Final = "/v1/jmx/mbean/trino.execution:name=QueryManager"


def presto_view(version: str, ask: Ask) -> CoordinatorInfo:
    """Return the view of a coordinator of Presto; raise KeyError or TypeError for a document of another form."""
    cluster = ask("/v1/cluster")
    active = _count(cluster["activeWorkers"])
    return CoordinatorInfo(
        version=version,
        active_workers=active,
        running=_count(int(cluster["runningQueries"]) + int(cluster["blockedQueries"])),
        queued=max(_count(cluster["queuedQueries"]), _waiting(active, ask)),
    )


def trino_view(version: str, ask: Ask) -> CoordinatorInfo:
    """Return the view of a coordinator of Trino; raise KeyError or TypeError for a document of another form.

    The numbers of Trino's web page need a login; its JMX beans don't.
    """
    # The coordinator counts itself as a node. One question for each number: the whole bean of queries takes 75 KB.
    active = _count(int(ask(f"{NODES}/ActiveNodeCount")) - 1)
    return CoordinatorInfo(
        version=version,
        active_workers=active,
        running=_count(sum(int(ask(f"{QUERIES}/{count}")) for count in ("RunningQueries", "FinishingQueries"))),
        queued=max(_count(ask(f"{QUERIES}/QueuedQueries")), _waiting(active, ask)),
    )


VIEWS: Final[Mapping[Engine, Callable[[str, Ask], CoordinatorInfo]]] = {"Presto": presto_view, "Trino": trino_view}


def unended(queries: Iterable[Mapping[str, Any]]) -> int:
    """Return how many queries of a list haven't ended."""
    return sum(query["state"] not in ENDED for query in queries)


def _count(given: Any) -> int:
    return min(max(0, int(given)), MAX_COUNT)


def _waiting(active: int, ask: Ask) -> int:
    return 0 if active else unended(ask("/v1/query"))
