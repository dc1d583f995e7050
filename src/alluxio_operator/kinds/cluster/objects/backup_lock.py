"""How a backup of the journal locks the leader's state; pure.

A backup needs the leader's state lock exclusively for a moment, and every call holds it shared. The lock is fair: once
a backup waits, each new call queues behind it, and the backup waits for the longest call that runs, such as a recursive
listing of the UFS. By default a backup waits for up to 15 minutes, in which the leader serves no further call.

With these properties a backup waits for 5 s and fails, and the calls go on. The leader reads them at each backup, so
the operator sets them on the running leader before it starts one, and their change restarts no pod (run on 2.9.4; read
in the classes of 2.9.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alluxio_operator.api.alluxiocluster import ClusterSpec

_PREFIX: Final = "alluxio.master.shell.backup.state.lock."

DEFAULTS: Final[Mapping[str, str]] = {
    f"{_PREFIX}grace.mode": "TIMEOUT",
    # Both have the same value, for a single try. Before each try the leader suspends the standby's journal, and to
    # suspend it twice fails ("Already suspended").
    f"{_PREFIX}try.duration": "5s",
    f"{_PREFIX}timeout": "5s",
}
"""Defaults of the masters; the spec may override them."""

KEYS: Final = frozenset({*DEFAULTS, f"{_PREFIX}sleep.duration"})
"""All properties of the lock; Alluxio's default for the pause between two tries is none."""


def lock_properties(spec: ClusterSpec, site: Mapping[str, str]) -> Mapping[str, str]:
    """Return the properties to set on a leader before a backup; `site` holds all properties of the masters."""
    # JVM options win over the properties file at the start, so an update must not override them either.
    fixed = {option[2:].partition("=")[0] for option in spec.masters.jvm.options if option.startswith("-D")}
    return {key: site[key] for key in sorted(KEYS & site.keys()) if key not in fixed}
