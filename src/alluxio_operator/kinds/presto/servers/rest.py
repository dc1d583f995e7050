"""Asks Presto and Trino over HTTP; source of the paths: runs of Presto 0.287 and Trino 476.

A coordinator answers `/v1/info` before it serves, and reports there that it is still starting.
"""

from __future__ import annotations

import math
import time
from functools import partial
from typing import Any, Final

import urllib3

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo, Server
from alluxio_operator.kinds.presto.servers.views import VIEWS
from alluxio_operator.kinds.presto.versions import DIALECTS, OPERATOR
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words
from alluxio_operator.transport.http import HttpClient
from alluxio_operator.transport.printable import printable

TIMEOUT: Final = 3.0
"""Seconds until one question fails."""
TIMEOUT_OF_ALL: Final = 5.0
"""Seconds for all questions to one coordinator, of which there are up to six."""
SHORTEST: Final = 0.001
"""Seconds for a question when all others took too long: the client refuses a timeout of zero."""
MAX_VERSION: Final = 128
MAX_BYTES: Final = 256 * 1024
QUERIES: Final = "/v1/query"
MAX_OF_QUERIES: Final = 2 * 1024 * 1024
"""Bytes of a list of queries, each with its text; a coordinator keeps the last hundred that ended."""
USER: Final = {dialect.user_header: OPERATOR for known in DIALECTS.values() for dialect in known.values()}
"""The header of each engine; a server ignores that of the other engine."""


class PrestoRest:
    """The questions over HTTP, with pooled connections."""

    def __init__(self) -> None:
        self._http = HttpClient()

    def coordinator(self, server: Server, deadline: Deadline) -> CoordinatorInfo | NoAnswer:
        """Ask a coordinator whether it has started, and for its view."""
        until = time.monotonic() + TIMEOUT_OF_ALL
        ask = partial(self._get, server, deadline, until)
        try:
            info = ask("/v1/info")
            if info["starting"]:
                return NoAnswer("it is starting")
            version = info["nodeVersion"]["version"]
            if not isinstance(version, str):
                raise TypeError("the version isn't text")
            return VIEWS[server.engine](printable(version[:MAX_VERSION]), ask)
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer(in_words(error))
        except PermissionError as error:
            return NoAnswer(f"{error}: let the user {OPERATOR} read system information in its access control")
        except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError) as error:
            # A number may be too large for an integer: JSON's 1e400 is infinite.
            return NoAnswer(f"its answer isn't one of {server.engine}: {type(error).__name__}")

    def processor_load(self, server: Server, deadline: Deadline) -> float | None:
        """Ask a worker which share of its processors its process uses, from 0 to 1; None if it doesn't answer."""
        try:
            load = float(self._get(server, deadline, time.monotonic() + TIMEOUT, "/v1/status")["processCpuLoad"])
            return min(max(load, 0.0), 1.0) if math.isfinite(load) else None
        except (urllib3.exceptions.HTTPError, PermissionError, ArithmeticError, ValueError, KeyError, TypeError):
            return None

    def _get(self, server: Server, deadline: Deadline, until: float, path: str) -> Any:
        address = f"[{server.host}]" if ":" in server.host else server.host
        url = f"http://{address}:{server.port}{path}"
        limit = MAX_OF_QUERIES if path == QUERIES else MAX_BYTES
        seconds = max(SHORTEST, min(TIMEOUT, until - time.monotonic()))
        answer = self._http.get(url, deadline, seconds=seconds, max_bytes=limit, headers=USER)
        if answer.status in (401, 403):
            raise PermissionError(f"HTTP {answer.status} of {path}")
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status} of {path}")
        return answer.read_json(lambda document: document)
