"""Asks a master over its REST interface; source of the paths: Alluxio 2.9's AlluxioMasterRestServiceHandler.

`/api/v1/master/info` answers 200 once the master serves (500 in safe mode), and carries version, workers and
capacity in one document. That the port is open says nothing: it is, on standbys and in safe mode too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.work import Deadline

TIMEOUT = 3.0
"""Seconds for one answer; a healthy master answers in some ten milliseconds."""


class AlluxioRest:
    """The questions over real HTTP."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=2, retries=False)

    def master_info(self, host: str, port: int, deadline: Deadline) -> MasterInfo | NoAnswer:
        """Ask the master at an address how the cluster is."""
        try:
            answer = self._get(host, port, "/api/v1/master/info?raw_configuration=false", deadline)
            if answer.status != 200:
                return NoAnswer(f"HTTP {answer.status}: {answer.data[:200].decode(errors='replace')}")
            return parse_master_info(json.loads(answer.data))
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer(_short(error))
        except (ValueError, KeyError, TypeError) as error:
            return NoAnswer(f"an answer that isn't understood: {error!r}")

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        """Tell whether a path is answered with 200."""
        try:
            return self._get(host, port, path, deadline).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _get(self, host: str, port: int, path: str, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        address = f"[{host}]" if ":" in host else host
        return self._pool.request("GET", f"http://{address}:{port}{path}", timeout=deadline.remaining(TIMEOUT))


def parse_master_info(document: Mapping[str, Any]) -> MasterInfo:
    """Return what a master's info document says; raise KeyError or TypeError for another document."""
    return MasterInfo(
        version=document["version"],
        live_workers=len(document["workers"]),
        lost_workers=len(document["lostWorkers"]),
        capacity=int(document["capacity"]["total"]),
        used=int(document["capacity"]["used"]),
    )


def _short(error: urllib3.exceptions.HTTPError) -> str:
    text = str(error)
    for known, said in (
        ("timed out", "no answer in time"),
        ("refused", "connection refused"),
        ("No route", "no route"),
    ):
        if known in text:
            return said
    return text[:200]
