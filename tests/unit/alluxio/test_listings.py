"""Listings outlive the reconcile that asked for them."""

from __future__ import annotations

import threading

import pytest

from alluxio_operator.alluxio import listings
from alluxio_operator.alluxio.answers import NoAnswer, Unfinished, UnpersistedFiles
from alluxio_operator.alluxio.listings import Listings

FILES = UnpersistedFiles(3)


def test_a_short_listing_answers_at_once():
    assert Listings().ask("small", 1, lambda: FILES, 5) == FILES


def test_a_long_one_is_found_later_and_begins_once():
    goes_on, begun = threading.Event(), []

    def lists() -> UnpersistedFiles:
        begun.append(1)
        goes_on.wait(5)
        return FILES

    made = Listings()
    assert made.ask("small", 1, lists, 0.01) == Unfinished()
    assert made.ask("small", 1, lists, 0) == Unfinished()
    goes_on.set()
    assert made.ask("small", 1, lists, 5) == FILES
    assert len(begun) == 1
    assert made.ask("small", 1, lists, 5) == FILES
    assert len(begun) == 2, "an answer is given once"


def test_another_leader_or_time_is_another_listing():
    goes_on = threading.Event()
    made = Listings()

    def lists() -> UnpersistedFiles:
        goes_on.wait(5)
        return FILES

    assert made.ask("small", 1, lists, 0) == Unfinished()
    assert made.ask("small", 2, lambda: UnpersistedFiles(4), 5) == UnpersistedFiles(4)
    goes_on.set()


def test_a_listing_that_fails_is_no_answer(caplog: pytest.LogCaptureFixture):
    def fails() -> UnpersistedFiles:
        raise RuntimeError("a defect")

    found = Listings().ask("small", 1, fails, 5)
    assert isinstance(found, NoAnswer)
    assert "a defect" in caplog.text


def test_so_many_run_at_once():
    goes_on = threading.Event()
    made, running = Listings(), []

    def lists() -> UnpersistedFiles:
        running.append(1)
        goes_on.wait(5)
        return FILES

    for owner in range(listings.AT_ONCE + 2):
        made.ask(owner, 1, lists, 0.05)
    assert len(running) == listings.AT_ONCE
    goes_on.set()
    for owner in range(listings.AT_ONCE + 2):
        assert made.ask(owner, 1, lists, 5) == FILES
