"""What differs between versions of Alluxio, in one place."""

from __future__ import annotations

from alluxio_operator.alluxio.paths import MASTER_INFO, MASTER_OVERVIEW


def master_probe(version: str, members: int) -> str:
    """Return the path that tells whether a master is ready.

    A standby of 2.9.3 answers `master/info` with 500 for as long as it is one (run on 2.9.3).
    """
    return MASTER_OVERVIEW if version == "2.9.3" and members > 1 else MASTER_INFO
