"""Words for transport errors that don't vary from call to call, so that a status doesn't change by them."""

from __future__ import annotations

from typing import Final

import urllib3

LONGEST: Final = 200

_KNOWN: Final = (
    ("timed out", "no answer in time"),
    ("refused", "connection refused"),
    ("Failed to resolve", "its name can't be resolved"),
    ("No route", "no route"),
)
"""Parts of the texts of urllib3's exceptions, and the words for them."""


def in_words(error: urllib3.exceptions.HTTPError) -> str:
    """Return why a request got no answer."""
    text = str(error)
    return next((said for known, said in _KNOWN if known in text), text[:LONGEST])
