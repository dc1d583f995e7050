"""Asks several servers at once: one that hangs costs its own answer, and not the time of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from alluxio_operator.transport.deadline import Deadline

AT_MOST = 4.0
"""Seconds for all answers together; more than a single one may take (`rest.TIMEOUT`), which most often ends it."""

Key = TypeVar("Key")
Told = TypeVar("Told")


def side_by_side(questions: Mapping[Key, Callable[[], Told]], deadline: Deadline) -> dict[Key, Told]:
    """Ask all questions and return the answers that came in time; raise what a question raised."""
    if len(questions) < 2:
        # The usual case of one master is not worth a thread.
        return {key: ask() for key, ask in questions.items()}
    seconds = deadline.remaining(AT_MOST)
    pool = ThreadPoolExecutor(len(questions), thread_name_prefix="ask")
    try:
        asked = {key: pool.submit(ask) for key, ask in questions.items()}
        wait(asked.values(), timeout=seconds)
        return {key: one.result() for key, one in asked.items() if one.done()}
    finally:
        # Those that still hang end by their own time-out.
        pool.shutdown(wait=False, cancel_futures=True)
