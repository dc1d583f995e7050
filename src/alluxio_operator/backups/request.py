"""Decides from the record of an AlluxioBackup whether the leading master may still act on a request; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.engine.conditions import moment

RETRY_AFTER: Final = timedelta(seconds=200)
"""Pause before a retry whose request reached the leader.

The standby that makes the backup suspends its journal before the leader waits for its lock, and resumes it after
alluxio.master.backup.suspend.timeout (3 minutes). Until then each further backup fails ("Already suspended").
"""

ANSWER_TIME: Final = timedelta(seconds=60)
"""Time after the record of a request at which the leader has answered it: the operator waits no longer."""


HELD_FOR_BACKUP: Final = "HeldForBackup"
"""Reason of a cluster's condition UpToDate while its rollout waits for a backup that Alluxio writes."""


def is_acting(run: Mapping[str, Any], now: datetime) -> bool:
    """Return True while the leader writes the backup of a `run`, or may be about to."""
    return run.get("state") == "Running" or (run.get("state") == "Requested" and _is_in_flight(run, now))


def _is_in_flight(run: Mapping[str, Any], now: datetime) -> bool:
    """Return True while the leader may be about to write a backup whose `run` is Requested.

    The record of a request sets `retryAt` to the pause from then on, and so does the answer of a leader that refuses.
    One that was refused before keeps its message.
    """
    if not run.get("retryAt"):
        return True
    retry = moment(str(run["retryAt"]))
    return now < (retry - RETRY_AFTER + ANSWER_TIME if run.get("message") else retry)
