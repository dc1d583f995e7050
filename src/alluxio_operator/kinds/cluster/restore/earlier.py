"""What restores in place have left behind: journals that were set aside, and backups of the time before; pure.

The operator deletes neither, and a later restore has other names for both. So the record of each names those of the
ones before it.
"""

from __future__ import annotations

from typing import Final

from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import MOST_BACKUPS, MOST_EARLIER, EarlierRestore, RestoreInPlaceStatus

TAKEN_BACK: Final = ("Returning", "WentBack", "Failed")
"""States in which the masters' objects are as before the restore."""


def all_backups(known: RestoreInPlaceStatus) -> tuple[str, ...]:
    """Return the names of the AlluxioBackups that a restore has made first, the newest last.

    The record has a name before the AlluxioBackup exists, so that a crash in between loses none.
    """
    last = known.safety_backup if not known.without_safety_backup else ""
    return (*known.older_backups, *((last,) if last else ()))[-MOST_BACKUPS:]


def left_behind(before: RestoreInPlaceStatus | None) -> tuple[EarlierRestore, ...]:
    """Return what the restores up to this one have left behind, the newest last."""
    if before is None:
        return ()
    backups = all_backups(before)
    # Also after a way back, and if most journals had been lost: one volume may have been away, or have a journal.
    aside = before.aside if before.restore is not None else ""
    if not aside and not backups:
        return before.earlier
    one = EarlierRestore(
        operation=before.operation,
        state=before.state,
        ended=before.since,
        source=before.backup or before.uri or before.volume,
        aside=aside,
        backups=backups,
    )
    return _bounded((*before.earlier, one))


def _bounded(given: tuple[EarlierRestore, ...]) -> tuple[EarlierRestore, ...]:
    """Return the newest ones; those with a journal stay longest, since only they name its folder."""
    if len(given) <= MOST_EARLIER:
        return given
    oldest = next((number for number, one in enumerate(given) if not one.aside), 0)
    return (*given[:oldest], *given[oldest + 1 :])


def shown_to_masters(known: RestoreInPlaceStatus) -> RestoreInPlaceStatus:
    """Return the record that the masters' objects are about: this one, or that of the last restore that was proven.

    A request that has changed nothing, and a restore that was taken back, leave the masters' template as it was.
    """
    if known.restore is not None and known.state not in TAKEN_BACK:
        return known
    found = next((one for one in reversed(known.earlier) if one.state == "Restored" and one.aside), None)
    if found is None:
        return known.model_copy(update={"restore": None})
    proven = RestoreStatus(state="Restored", location=found.source, journal=found.operation, since=found.ended)
    return known.model_copy(update={"restore": proven, "aside": found.aside})
