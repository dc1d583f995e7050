"""Reads the metrics of shell-operator, whose port only this pod reaches."""

from __future__ import annotations

from typing import Final

from urllib3.exceptions import HTTPError

from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words
from alluxio_operator.transport.http import HttpClient

TIMEOUT: Final = 5.0
"""Seconds; less than Prometheus' default scrape timeout of 10."""
MAX_BYTES: Final = 8 * 1024 * 1024
WILDCARDS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared, not bound)

_HTTP: Final = HttpClient()


def shell_operator_metrics(address: str, port: int) -> bytes:
    """Return the metrics in Prometheus' text format; raise OSError with a reason."""
    host = WILDCARDS.get(address, address)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
    try:
        answer = _HTTP.get(url, Deadline.after(TIMEOUT), seconds=TIMEOUT, max_bytes=MAX_BYTES)
    except HTTPError as error:
        raise OSError(f"shell-operator: {in_words(error)}") from error
    if answer.status != 200:
        raise OSError(f"shell-operator: HTTP {answer.status}")
    return answer.body
