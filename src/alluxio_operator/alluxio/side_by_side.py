"""Parallel requests to several servers: a hanging server loses its own answer and doesn't delay the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from alluxio_operator.transport.deadline import Deadline

AT_MOST = 4.0
"""Seconds for all answers together; more than the timeout of one request (`rest.TIMEOUT`), which usually ends first."""

AT_ONCE = 32
"""Requests that run at the same time, each in a thread: a user may label any number of pods as masters."""

Key = TypeVar("Key")
Answer = TypeVar("Answer")


def side_by_side(questions: Mapping[Key, Callable[[], Answer]], deadline: Deadline) -> dict[Key, Answer]:
    """Run all requests in parallel and return the answers that arrive in time; raise a request's exception."""
    if len(questions) < 2:
        # One master is the usual case, and needs no thread.
        return {key: ask() for key, ask in questions.items()}
    seconds = deadline.remaining(AT_MOST)
    pool = ThreadPoolExecutor(min(len(questions), AT_ONCE), thread_name_prefix="ask")
    try:
        answers = {key: pool.submit(ask) for key, ask in questions.items()}
        wait(answers.values(), timeout=seconds)
        return {key: one.result() for key, one in answers.items() if one.done()}
    finally:
        # Requests that still hang end at their own timeout.
        pool.shutdown(wait=False, cancel_futures=True)
