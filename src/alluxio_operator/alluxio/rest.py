"""HTTP requests to a master's REST interface. Source of the paths: Alluxio 2.9's AlluxioMasterRestServiceHandler.

`webui_overview` returns the role and the leader on every master. `/api/v1/master/info` returns version, workers and
capacity: the leader rejects it in safe mode, and a standby reports no worker. An open port proves nothing: the port is
open on standbys and in safe mode, too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from alluxio_operator.alluxio import paths
from alluxio_operator.alluxio.answers import Answer, JournalDisk, MasterInfo, NoAnswer, Standby, WorkerRegistration
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words
from alluxio_operator.transport.http import HttpAnswer, HttpClient
from alluxio_operator.transport.printable import printable

INFO = f"{paths.MASTER_INFO}?raw_configuration=false"
INDEXES = ("Master_JournalLastAppliedCommitIndex", "Master_EmbeddedJournalSnapshotLastIndex")
"""Metrics with a master's journal index: the last applied entry, or the last snapshot. After a start from a snapshot
the first is -1 until a newer entry arrives."""
RESTORED: Final = "Master.LastBackupRestoreCount"
"""Gauge with the number of entries that this process has restored from a backup; -1 if none."""
TIMEOUT = 3.0
"""Seconds for one answer; a healthy master answers in some ten milliseconds."""
MAX_BYTES: Final = {
    paths.MASTER_OVERVIEW: 512 * 1024,
    INFO: 2 * 1024 * 1024,
    paths.METRICS: 2 * 1024 * 1024,
    paths.GAUGES: 4 * 1024 * 1024,
}
"""Bytes of an answer by path. A master's overview has some 60 KB, its info about 1 KB for each worker."""
MAX_OF_OTHERS: Final = 512 * 1024
MAX_INDEX_LINES: Final = 16
"""Lines of a master's metrics about its journal index: two, with comments."""
MAX_INDEX_LINE: Final = 512
"""Characters of such a line; it has some sixty. The time of the parser grows with the square of the labels."""
MAX_COUNT: Final = 2**62
MAX_VERSION: Final = 128
MAX_MEMBERS: Final = 16
JOURNAL_ADDRESSES: Final = "alluxio.master.embedded.journal.addresses"
"""Property with the members of the quorum that a master begins with, and sets when it hands the lead over."""


class AlluxioRest:
    """Requests over HTTP; `answers.Alluxio` documents them."""

    def __init__(self) -> None:
        self._http = HttpClient()

    def master_info(self, host: str, port: int, deadline: Deadline) -> Answer:
        """Return the role of the master at an address and, if it leads, the state of the cluster."""
        leads, disk = False, None
        try:
            overview = self._get(host, port, paths.MASTER_OVERVIEW, deadline)
            if overview.status != 200:
                return NoAnswer(refusal(overview.status, overview.body))
            standby, disk = overview.read_json(lambda document: (parse_role(document), parse_journal_disk(document)))
            if standby:
                return replace(standby, journal_disk=disk)
            leads = True
            info = self._get(host, port, INFO, deadline)
            if info.status != 200:
                return NoAnswer(refusal(info.status, info.body), leads, journal_disk=disk)
            return replace(info.read_json(parse_master_info), journal_disk=disk)
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer(in_words(error), leads, journal_disk=disk)
        except (ArithmeticError, AttributeError, ValueError, KeyError, TypeError) as error:
            # A number may be too large for an integer: JSON's 1e400 is infinite.
            return NoAnswer(f"unexpected answer: {type(error).__name__}", leads, journal_disk=disk)

    def journal_index(self, host: str, port: int, deadline: Deadline) -> int | None:
        """Return the journal index that the master at an address has reached; None without a usable answer."""
        try:
            metrics = self._get(host, port, paths.METRICS, deadline)
        except urllib3.exceptions.HTTPError:
            return None
        return parse_journal_index(metrics.body.decode(errors="replace")) if metrics.status == 200 else None

    def restored_entries(self, host: str, port: int, deadline: Deadline) -> int | None:
        """Return the number of entries that a master's process has restored from a backup; None without an answer."""
        try:
            metrics = self._get(host, port, paths.GAUGES, deadline)
            return metrics.read_json(parse_restored_entries) if metrics.status == 200 else None
        except (urllib3.exceptions.HTTPError, ArithmeticError, AttributeError, ValueError, KeyError, TypeError):
            return None

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        """Return True if the server answers a path with 200."""
        try:
            return self._get(host, port, path, deadline).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _get(self, host: str, port: int, path: str, deadline: Deadline) -> HttpAnswer:
        address = f"[{host}]" if ":" in host else host
        url = f"http://{address}:{port}{path}"
        return self._http.get(url, deadline, seconds=TIMEOUT, max_bytes=MAX_BYTES.get(path, MAX_OF_OTHERS))


def parse_role(overview: Mapping[str, Any]) -> Standby | None:
    """Return a `Standby` from a master's overview, or None for a leader. Raise KeyError or TypeError.

    The overview's `leaderId` is HOST_PORT, with the port of the journal.
    """
    if overview["masterRole"] == "LEADER":
        return None
    leader = overview.get("leaderId")
    return Standby(leader.rpartition("_")[0] if isinstance(leader, str) else "")


def parse_journal_disk(overview: Mapping[str, Any]) -> JournalDisk | None:
    """Return the fullest disk of a master's journal from its overview; None if it has no warning about one.

    A master measures the space for each overview. Its warning is text, with a description of the disk at its end.
    """
    warnings = overview.get("journalDiskWarnings")
    found = [_DISK.search(text) for text in warnings if isinstance(text, str)] if isinstance(warnings, list) else []
    disks = [JournalDisk(min(float(one["percent"]), 100.0), int(one["bytes"])) for one in found if one]
    return min(disks, key=lambda disk: disk.free_percent, default=None)


_DISK: Final = re.compile(r"availableBytes=(?P<bytes>\d+), percentAvailable=(?P<percent>\d+(?:\.\d+)?(?:E-?\d+)?)")


def parse_journal_index(metrics: str) -> int | None:
    """Return the journal index from a master's metrics in Prometheus format; None without a finite value."""
    # Parse these lines only: the page has a thousand others, and a malformed one would hide the index.
    named = (line for line in metrics.splitlines() if line.startswith(INDEXES) and len(line) <= MAX_INDEX_LINE)
    lines = list(islice(named, MAX_INDEX_LINES))
    try:
        families = list(text_string_to_metric_families("\n".join(lines)))
    except ValueError:
        return None
    found = [sample.value for family in families for sample in family.samples if sample.name in INDEXES]
    return max((min(int(value), MAX_COUNT) for value in found if math.isfinite(value)), default=None)


def parse_restored_entries(metrics: Mapping[str, Any]) -> int:
    """Return the gauge from a master's metrics in JSON; raise KeyError or TypeError without it."""
    value = metrics["gauges"][RESTORED]["value"]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("the number of restored entries isn't an integer")
    return max(-1, min(value, MAX_COUNT))


def parse_master_info(info: Mapping[str, Any]) -> MasterInfo:
    """Return the state of the cluster from a leader's answer.

    Raise AttributeError, KeyError, TypeError or ValueError for other documents.
    """
    active = (_registration(one, lost=False) for one in info["workers"])
    lost = (_registration(one, lost=True) for one in info["lostWorkers"])
    version = info["version"]
    if not isinstance(version, str):
        raise TypeError("the version isn't text")
    return MasterInfo(
        version=printable(version[:MAX_VERSION]), workers=(*active, *lost), members=_members(info.get("configuration"))
    )


def _members(configuration: Any) -> tuple[str, ...]:
    """Return the hosts of the masters in a master's own properties; none if it doesn't tell them."""
    listed = configuration.get(JOURNAL_ADDRESSES) if isinstance(configuration, Mapping) else None
    found = (one.strip().rpartition(":")[0] for one in listed.split(",")) if isinstance(listed, str) else ()
    return tuple(printable(host) for host in islice(found, MAX_MEMBERS) if host)


def _registration(worker: Mapping[str, Any], *, lost: bool) -> WorkerRegistration:
    return WorkerRegistration(
        host=str(worker.get("address", {}).get("host", "")),
        silent_seconds=_count(worker, "lastContactSec"),
        started_ms=_count(worker, "startTimeMs"),
        capacity=_count(worker, "capacityBytes"),
        used=_count(worker, "usedBytes"),
        lost=lost,
    )


def _count(worker: Mapping[str, Any], name: str) -> int:
    """Return a number that the status may hold: a server may answer with any."""
    return min(max(0, int(worker.get(name, 0))), MAX_COUNT)


def refusal(status: int, body: bytes) -> str:
    """Return the message of a master's error response, at most 200 characters."""
    text = body.decode(errors="replace")
    try:
        message = json.loads(text)["message"]
    except (RecursionError, ValueError, KeyError, TypeError):
        message = None
    # The message is null after an error without one, such as a null pointer.
    return (message if isinstance(message, str) else f"HTTP {status}: {text}").strip()[:200]
