"""What differs between versions of Alluxio, in one place."""

from __future__ import annotations

from typing import Final

MASTER_INFO: Final = "/api/v1/master/info"
"""Answered with 200 by a leader that serves, and by standbys of 2.9.4."""
MASTER_OVERVIEW: Final = "/api/v1/master/webui_overview"
"""Answered by every master that runs, also by a leader in safe mode."""


def master_probe(version: str, members: int) -> str:
    """Return the path that tells whether a master is ready.

    A standby of 2.9.3 answers `master/info` with 500 for as long as it is one (run on 2.9.3).
    """
    return MASTER_OVERVIEW if version == "2.9.3" and members > 1 else MASTER_INFO
