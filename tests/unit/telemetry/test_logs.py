"""What is logged of a thread that ends by an exception: without it nobody would know why."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator

import pytest

from alluxio_operator.telemetry import logs


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    root = logs.logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_thread_that_ends_by_an_exception_is_told_by_name_and_cause(stream: io.StringIO):
    def fail() -> None:
        raise ValueError("no such thing")

    thread = threading.Thread(target=fail, name="watch-pods")
    thread.start()
    thread.join()

    line = json.loads(stream.getvalue())
    assert (line["msg"], line["ended"]) == ("a thread has ended", "watch-pods")
    assert "no such thing" in line["traceback"]
