"""The command that restores a backup in place: show what would be lost, ask for the confirmation, wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import Object, Reader
from alluxio_operator.plugin.view import HEALTHY
from alluxio_operator.transport.printable import printable

PAUSE: Final = 1.0
"""Seconds between two looks."""
OFFERED_WITHIN: Final = 90.0
"""Seconds in which the operator says what would be lost, or begins to count it: it lists the whole namespace once."""
READY_WITHIN: Final = 600.0
"""Seconds in which a restored cluster gets Ready."""

AWAITING: Final = "AwaitingConfirmation"
EXIT_CODES: Final[Mapping[str, int]] = {
    "Restored": 0,
    AWAITING: 3,
    "Cancelled": 3,
    "WentBack": 4,
    "Failed": 5,
}
"""Exit code by the state in which the command ends; 3 also if the backup is refused."""
REFUSED: Final = 3
MISTYPED: Final = "WrongConfirmation"
WORKING: Final = ("Waiting", "Counting", AWAITING, "")
"""Reasons of the condition before an offer is complete. Every other one needs an act, or the end of something else."""
SHOWN: Final = ("state", "backup", "recoveryPoint", "confirmation", "loss", "aside", "earlier")
"""Fields of the record that programs get as they are."""
ENDED: Final = ("Restored", "WentBack", "Failed", "Cancelled")
GATE: Final = "RestoredInPlace"
UNDER_WAY: Final = ("Stopping", "SettingAside", "Restoring", "Opening", "Syncing", "GoingBack", "Returning")

NOT_RESTORED: Final = (
    "A backup has names, not data. A file that was deleted in the under storage (UFS) since the backup doesn't come "
    "back: its name disappears again at the next sync of its folder. Newer files that are in the UFS come back at that "
    "sync."
)
CANCEL: Final = '{"spec":{"restoreInPlace":null}}'


def wanted(backup: str | None, confirmation: str | None = None) -> Object:
    """Return the patch that asks for a restore; without a confirmation it removes that of an earlier one."""
    field: dict[str, Any] = {"confirmation": confirmation}
    if backup is not None:
        field |= {"backupName": backup, "uri": None, "volume": None, "expectedEntries": None}
    return {"spec": {"restoreInPlace": field}}


def as_before(earlier: Mapping[str, Any] | None) -> Object:
    """Return the patch that removes the request, or gives the field the value that it had before."""
    if not earlier:
        return {"spec": {"restoreInPlace": None}}
    unset = dict.fromkeys(("backupName", "uri", "expectedEntries", "volume", "confirmation"))
    return {"spec": {"restoreInPlace": {**unset, **earlier}}}


def record(cluster: Object) -> Mapping[str, Any]:
    """Return the record of the restore in place."""
    found: Mapping[str, Any] = cluster.get("status", {}).get("restoreInPlace") or {}
    return found


def state(cluster: Object) -> str:
    """Return its state."""
    return str(record(cluster).get("state", ""))


def condition(cluster: Object) -> Mapping[str, Any]:
    """Return the condition about it."""
    conditions = cluster.get("status", {}).get("conditions", ())
    return next((one for one in conditions if one["type"] == GATE), {})


def offered(
    reader: Reader, name: str, backup: str, generation: int, sleep: Callable[[float], None] = time.sleep
) -> Object:
    """Wait until the operator has seen the request; return the cluster, with an offer or a refusal."""
    until = time.monotonic() + OFFERED_WITHIN
    while True:
        cluster = reader.cluster(name)
        seen = int(condition(cluster).get("observedGeneration", 0)) >= generation
        told = record(cluster).get("backup") == backup and state(cluster) == AWAITING and record(cluster).get("loss")
        if seen and (told or refusal(cluster)):
            return cluster
        if record(cluster).get("lossAsked"):
            # The operator ends the count by a bound of its own.
            until = time.monotonic() + OFFERED_WITHIN
        if time.monotonic() > until:
            raise PluginError(
                f"the operator hasn't said within {OFFERED_WITHIN:.0f} s what {backup} would replace: "
                f"`kubectl alluxio status {name}` shows its state"
            )
        sleep(PAUSE)


def refusal(cluster: Object) -> str:
    """Return why the operator offers no restore now; an empty text if it does, or looks into it."""
    about = condition(cluster)
    if not about or about.get("status") == "True" or state(cluster) in UNDER_WAY:
        return ""
    return "" if about.get("reason", "") in WORKING else str(about.get("message", ""))


def steps(
    reader: Reader, name: str, seconds: float, generation: int, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Object]:
    """Yield the cluster whenever the state in words has changed, until the restore has ended.

    `generation` is that of the confirmation: one that another request has outdated ends the wait.
    """
    said, until = None, time.monotonic() + seconds
    while True:
        cluster = reader.cluster(name)
        words = in_words(cluster)
        if words != said:
            said = words
            yield cluster
        about = condition(cluster)
        outdated = int(about.get("observedGeneration", 0)) >= generation and about.get("reason") == MISTYPED
        if state(cluster) in ENDED or outdated:
            return
        if time.monotonic() > until:
            raise PluginError(f"the restore hasn't ended after {seconds:.0f} s: {words}. It goes on")
        sleep(PAUSE)


def until_serving(reader: Reader, name: str, sleep: Callable[[float], None] = time.sleep) -> Iterator[Object]:
    """Yield the restored cluster whenever its phase in words has changed, until it is healthy or the time is over."""
    said, until = None, time.monotonic() + READY_WITHIN
    while True:
        cluster = reader.cluster(name)
        words = phase_in_words(cluster)
        if words != said:
            said = words
            yield cluster
        if is_serving(cluster) or time.monotonic() > until:
            return
        sleep(PAUSE)


def is_serving(cluster: Object) -> bool:
    """Return True if the cluster is healthy."""
    return cluster.get("status", {}).get("phase") in HEALTHY


def phase_in_words(cluster: Object) -> str:
    """Return the phase of the cluster in one line."""
    status = cluster.get("status", {})
    return printable(f"{status.get('phase', 'Pending')}: {status.get('summary', '')}")


def in_words(cluster: Object) -> str:
    """Return the state in one line."""
    message = condition(cluster).get("message") or record(cluster).get("message") or ""
    return printable(f"{state(cluster) or 'Pending'}: {message}")


def shown(cluster: Object) -> Mapping[str, Any]:
    """Return what programs need."""
    known = record(cluster)
    return {
        "cluster": cluster["metadata"]["name"],
        **{key: known.get(key) for key in SHOWN},
        "entries": (known.get("restore") or {}).get("entries"),
        "safetyBackup": known.get("safetyBackup") or None,
        "message": condition(cluster).get("message") or known.get("message") or "",
    }
