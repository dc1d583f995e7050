"""Structured logs: one JSON object per line, so that a query can select the lines of one cluster.

Every line has `time` (RFC 3339, UTC, milliseconds), `level`, `msg` and `logger`. Inside `bound(...)` it also has the
bound fields: code deep below a reconcile logs without a reference to the owner.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO, Any

from pythonjsonlogger.json import JsonFormatter

from alluxio_operator.engine.work import OwnerKey

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_NAMES = {logging.WARNING: "warn", logging.CRITICAL: "error"}
_NO_FIELDS: Mapping[str, object] = {}
_bound: ContextVar[Mapping[str, object]] = ContextVar("bound_log_fields", default=_NO_FIELDS)


def configure(level: str, stream: IO[str]) -> None:
    """Log everything to `stream`, including uncaught exceptions; `level`: debug, info, warn or error."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    sys.excepthook = lambda kind, error, trace: root.critical("uncaught", exc_info=(kind, error, trace))
    threading.excepthook = _log_end_of_thread
    # The client's connection pool logs every reconnect, and its debug lines would contain request bodies.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    logging.getLogger("kubernetes").setLevel(logging.WARNING)


def owner_fields(key: OwnerKey) -> dict[str, str]:
    """Return the log fields that name an owner."""
    return {"owner_kind": key.kind, "owner_namespace": key.namespace, "owner_name": key.name}


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add `fields` to every line that this thread logs inside the block."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def _log_end_of_thread(raised: threading.ExceptHookArgs) -> None:
    name = raised.thread.name if raised.thread else ""
    logging.getLogger().critical("a thread has ended", exc_info=raised.exc_value, extra={"ended": name})


class _Formatter(JsonFormatter):
    def __init__(self) -> None:
        super().__init__("%(message)s", rename_fields={"message": "msg", "exc_info": "traceback"})

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        instant = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data["level"] = _NAMES.get(record.levelno, record.levelname.lower())
        log_data["logger"] = record.name
        log_data.update(_bound.get())
        super().add_fields(log_data, record, message_dict)
