"""Errors that the API server answers in place of an object."""

from __future__ import annotations

import json
from typing import Any

from alluxio_operator.transport.deadline import CallFailed
from alluxio_operator.transport.printable import printable


class ApiError(CallFailed):
    """The API server refused a call or couldn't be reached.

    `status` is the HTTP status, or 0 without an answer; `retry_after` is in seconds, if the server named a time.
    """

    def __init__(self, call: str, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{call}: {message} (HTTP {status})" if status else f"{call}: {message}")
        self.call = call
        self.status = status
        self.message = message
        self.retry_after = retry_after


class NotFound(ApiError):
    """The object doesn't exist."""


class Conflict(ApiError):
    """The object changed in between, or exists already."""


class Gone(ApiError):
    """The API server no longer has the version from which a watch was to begin."""


class Refused(ApiError):
    """The API server understood the object and refuses it: invalid, forbidden by policy, over quota."""


NOT_OF_THE_TYPE = "failed to create typed patch object"
"""Begin of the answer to a server-side apply of an unknown field: HTTP 500, though no retry can help."""


def error_for(call: str, status: int, body: bytes, retry_after: str | None) -> ApiError:
    """Return the error for an HTTP answer."""
    message = body.decode(errors="replace")[:2000]
    try:
        document: Any = json.loads(body)
        message = document.get("message", message)
    except (ValueError, AttributeError, RecursionError):
        pass
    message = printable(str(message))
    kinds = {404: NotFound, 409: Conflict, 410: Gone, 422: Refused, 403: Refused, 400: Refused}
    if status == 500 and message.startswith(NOT_OF_THE_TYPE):
        return Refused(call, status, message)
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return kinds.get(status, ApiError)(call, status, message, seconds)
