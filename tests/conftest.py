"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No deadline for one example: on a busy machine it says nothing about the code.
settings.register_profile("unhurried", deadline=None, print_blob=True)
settings.load_profile("unhurried")
