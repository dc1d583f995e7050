"""Asks a master over its REST interface; source of the paths: Alluxio 2.9's AlluxioMasterRestServiceHandler.

`/api/v1/master/info` carries version, workers and capacity, and is refused in safe mode; `webui_overview` tells the
role. That the port is open says nothing: it is, on standbys and in safe mode too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.work import Deadline

INFO = "/api/v1/master/info?raw_configuration=false"
OVERVIEW = "/api/v1/master/webui_overview"
TIMEOUT = 3.0
"""Seconds for one answer; a healthy master answers in some ten milliseconds."""


class AlluxioRest:
    """The questions over real HTTP."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=2, retries=False)

    def master_info(self, host: str, port: int, deadline: Deadline) -> MasterInfo | NoAnswer:
        """Ask the master at an address how the cluster is."""
        try:
            info = self._get(host, port, INFO, deadline)
            if info.status != 200:
                return NoAnswer(refusal(info.status, info.data))
            overview = self._get(host, port, OVERVIEW, deadline)
            return parse_master_info(json.loads(info.data), json.loads(overview.data))
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


def parse_master_info(info: Mapping[str, Any], overview: Mapping[str, Any]) -> MasterInfo | NoAnswer:
    """Return what a leading master says of the cluster; raise KeyError or TypeError for other documents.

    A standby, and a master that hasn't won its election yet, answer too but know of no worker.
    """
    if overview["masterRole"] != "LEADER":
        return NoAnswer(f"its role is {overview['masterRole']}")
    return MasterInfo(
        version=info["version"],
        live_workers=len(info["workers"]),
        lost_workers=len(info["lostWorkers"]),
        capacity=int(info["capacity"]["total"]),
        used=int(info["capacity"]["used"]),
    )


def refusal(status: int, body: bytes) -> str:
    """Return in words why a master answered with an error."""
    text = body.decode(errors="replace")
    try:
        said = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        said = None
    # The message is null after an error that has none, such as a null pointer.
    return (said if isinstance(said, str) else f"HTTP {status}: {text}").strip()[:200]


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
