"""Asks a master over its REST interface; source of the paths: Alluxio 2.9's AlluxioMasterRestServiceHandler.

`webui_overview` tells the role, and which member leads, on every master; `/api/v1/master/info` carries version, workers
and capacity. The leader refuses it in safe mode, standbys answer it with no worker. That the port is open says nothing:
it is, on standbys and in safe mode too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from alluxio_operator.alluxio import paths
from alluxio_operator.alluxio.answers import Answer, MasterInfo, NoAnswer, Standby
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words

INFO = f"{paths.MASTER_INFO}?raw_configuration=false"
INDEXES = ("Master_JournalLastAppliedCommitIndex", "Master_EmbeddedJournalSnapshotLastIndex")
"""What tells how far a master has the journal: entries that it applied, or a snapshot that stands for them. After a
start from a snapshot the first is -1 until there is a newer entry."""
TIMEOUT = 3.0
"""Seconds for one answer; a healthy master answers in some ten milliseconds."""


class AlluxioRest:
    """The questions over real HTTP."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=2, retries=False)

    def master_info(self, host: str, port: int, deadline: Deadline) -> Answer:
        """Ask the master at an address which part it has and, if it leads, how the cluster is."""
        leads = False
        try:
            overview = self._get(host, port, paths.MASTER_OVERVIEW, deadline)
            if overview.status != 200:
                return NoAnswer(refusal(overview.status, overview.data))
            standby = parse_role(json.loads(overview.data))
            if standby:
                return standby
            leads = True
            info = self._get(host, port, INFO, deadline)
            if info.status != 200:
                return NoAnswer(refusal(info.status, info.data), leads)
            return parse_master_info(json.loads(info.data))
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer(in_words(error), leads)
        except (ValueError, KeyError, TypeError) as error:
            return NoAnswer(f"an answer that isn't understood: {error!r}", leads)

    def journal_index(self, host: str, port: int, deadline: Deadline) -> int | None:
        """Ask the master at an address up to which index it has the journal; None when it doesn't say."""
        try:
            metrics = self._get(host, port, paths.METRICS, deadline)
        except urllib3.exceptions.HTTPError:
            return None
        return parse_journal_index(metrics.data.decode(errors="replace")) if metrics.status == 200 else None

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        """Tell whether a path is answered with 200."""
        try:
            return self._get(host, port, path, deadline).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _get(self, host: str, port: int, path: str, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        address = f"[{host}]" if ":" in host else host
        return self._pool.request("GET", f"http://{address}:{port}{path}", timeout=deadline.remaining(TIMEOUT))


def parse_role(overview: Mapping[str, Any]) -> Standby | None:
    """Return what a master that doesn't lead says, None for one that leads; raise KeyError or TypeError for others.

    The leader's id is HOST_PORT, with the port of the journal.
    """
    if overview["masterRole"] == "LEADER":
        return None
    leader = overview.get("leaderId")
    return Standby(leader.rpartition("_")[0] if isinstance(leader, str) else "")


def parse_journal_index(metrics: str) -> int | None:
    """Return up to which index a master has the journal, from its metrics in the form of Prometheus."""
    # These lines alone: the page has a thousand others, and a broken one of them would hide the index.
    lines = (line for line in metrics.splitlines() if line.startswith(INDEXES))
    try:
        families = list(text_string_to_metric_families("\n".join(lines)))
    except ValueError:
        return None
    found = [sample.value for family in families for sample in family.samples if sample.name in INDEXES]
    return max((int(value) for value in found if math.isfinite(value)), default=None)


def parse_master_info(info: Mapping[str, Any]) -> MasterInfo:
    """Return what a leading master says of the cluster; raise KeyError or TypeError for other documents."""
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
