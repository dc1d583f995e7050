"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# No deadline per example: on a busy machine it proves nothing about the code.
settings.register_profile("unhurried", deadline=None, print_blob=True)
settings.load_profile("unhurried")
