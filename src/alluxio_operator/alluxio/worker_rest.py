"""HTTP requests to a worker's web server; `answers.AlluxioWorkers` documents them.

Source of the paths and fields: Alluxio 2.9.4's AlluxioWorkerRestServiceHandler, and the answers of running workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import urllib3

from alluxio_operator.alluxio import paths
from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import Inventory
from alluxio_operator.alluxio.rest import MAX_COUNT, AlluxioRest, refusal
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words
from alluxio_operator.transport.http import HttpAnswer

USED: Final = "Worker.CapacityUsed."
"""Beginning of the gauge's name, before the worker's host."""
FILES: Final = 200
"""Files of a part of an inventory. The worker asks the leader for each."""
SECONDS: Final = 10.0
LARGEST_PART: Final = 4 * 1024 * 1024
"""Bytes of such a part: some 1.5 KB for each file, and 150 for each block."""


class WorkerRest(AlluxioRest):
    """Requests over HTTP to masters and workers."""

    def inventory(self, host: str, web_port: int, offset: int, deadline: Deadline) -> Inventory | NoAnswer:
        """Return the blocks that a worker has of some hundred files."""
        path = f"{paths.WORKER_BLOCKS}?offset={offset}&limit={FILES}"
        try:
            answer = self._get_large(host, web_port, path, deadline)
            if answer.status != 200:
                return NoAnswer(refusal(answer.status, answer.body))
            return answer.read_json(lambda document: parse_inventory(document, offset))
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer(in_words(error))
        except (ArithmeticError, AttributeError, ValueError, KeyError, TypeError) as error:
            return NoAnswer(f"unexpected answer: {type(error).__name__}")

    def worker_used(self, host: str, web_port: int, deadline: Deadline) -> int | NoAnswer:
        """Return the bytes of all blocks of a worker."""
        try:
            answer = self._get(host, web_port, paths.GAUGES, deadline)
            if answer.status != 200:
                return NoAnswer(refusal(answer.status, answer.body))
            return answer.read_json(parse_used)
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer(in_words(error))
        except (ArithmeticError, AttributeError, ValueError, KeyError, TypeError) as error:
            return NoAnswer(f"unexpected answer: {type(error).__name__}")

    def _get_large(self, host: str, port: int, path: str, deadline: Deadline) -> HttpAnswer:
        address = f"[{host}]" if ":" in host else host
        url = f"http://{address}:{port}{path}"
        return self._http.get(url, deadline, seconds=SECONDS, max_bytes=LARGEST_PART)


def parse_inventory(page: Mapping[str, Any], offset: int) -> Inventory:
    """Return a part of an inventory; raise AttributeError, KeyError, TypeError or ValueError for other documents."""
    files = _whole(page["ntotalFile"])
    asked = min(max(files - offset, 0), FILES)
    if error := page.get("fatalError") or page.get("invalidPathError"):
        if asked or not isinstance(error, str):
            raise ValueError("the worker reports an error")
        # An offset behind the end.
        return Inventory({}, files, 0, 0)
    infos = page["fileInfos"]
    lengths: dict[int, int] = {}
    for info in infos:
        for blocks in info["blocksOnTier"].values():
            lengths |= {_whole(one["id"]): _whole(one["blockLength"]) for one in blocks}
    if len(infos) > asked:
        raise ValueError("more files than were asked for")
    return Inventory(lengths, files, asked, asked - len(infos))


def parse_used(metrics: Mapping[str, Any]) -> int:
    """Return the gauge from a worker's metrics in JSON; raise KeyError or TypeError without exactly one."""
    [found] = [one for name, one in metrics["gauges"].items() if name.startswith(USED)]
    return _whole(found["value"])


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a number isn't an integer")
    if not 0 <= value <= MAX_COUNT * 2 - 1:
        raise ValueError("a number is out of bounds")
    return value
