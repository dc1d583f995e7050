"""Asks Presto over HTTP; source of the paths: Presto 0.287, run.

`/v1/info` is answered before a coordinator serves, and says so; `/v1/cluster` counts workers and queries. A query that
waits for the first worker is in neither of its counts, so the queries themselves are asked for while there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import urllib3

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.presto.answers import CoordinatorInfo
from alluxio_operator.silence import in_words
from alluxio_operator.work import Deadline

TIMEOUT: Final = 3.0
"""Seconds for one answer."""
ENDED: Final = frozenset({"FINISHED", "FAILED"})
USER: Final = {"X-Presto-User": "alluxio-operator"}


class PrestoRest:
    """The questions over real HTTP."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=2, retries=False)

    def coordinator(self, host: str, port: int, deadline: Deadline) -> CoordinatorInfo | NoAnswer:
        """Ask a coordinator whether it has started, and for its view."""
        try:
            info = self._get(host, port, "/v1/info", deadline)
            if info["starting"]:
                return NoAnswer("it is starting")
            cluster = self._get(host, port, "/v1/cluster", deadline)
            waiting = 0
            if not cluster["activeWorkers"]:
                waiting = unended(self._get(host, port, "/v1/query", deadline))
            return parse_coordinator(info, cluster, waiting)
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer(in_words(error))
        except (ValueError, KeyError, TypeError) as error:
            return NoAnswer(f"an answer that isn't understood: {error!r}")

    def processor_load(self, host: str, port: int, deadline: Deadline) -> float | None:
        """Ask a worker which share of its processors its process uses, from 0 to 1; None when it doesn't say."""
        try:
            return float(self._get(host, port, "/v1/status", deadline)["processCpuLoad"])
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError):
            return None

    def _get(self, host: str, port: int, path: str, deadline: Deadline) -> Any:
        address = f"[{host}]" if ":" in host else host
        url = f"http://{address}:{port}{path}"
        answer = self._pool.request("GET", url, headers=USER, timeout=deadline.remaining(TIMEOUT))
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status} of {path}")
        return json.loads(answer.data)


def parse_coordinator(info: Mapping[str, Any], cluster: Mapping[str, Any], waiting: int) -> CoordinatorInfo:
    """Return a coordinator's view; raise KeyError or TypeError for other documents."""
    return CoordinatorInfo(
        version=info["nodeVersion"]["version"],
        active_workers=int(cluster["activeWorkers"]),
        running=int(cluster["runningQueries"]) + int(cluster["blockedQueries"]),
        queued=max(int(cluster["queuedQueries"]), waiting),
    )


def unended(queries: Iterable[Mapping[str, Any]]) -> int:
    """Return how many queries of a list have not ended."""
    return sum(query["state"] not in ENDED for query in queries)
