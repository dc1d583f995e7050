"""Reports masters whose journal volume is almost full; pure.

A master that can't write its journal stops serving, and one that starts on a full volume hangs. Each master reports its
own volume, standbys included, but only while less is free than a threshold of its own, which the operator sets above
the watermark in the spec. A master is low once less is free than the watermark, until its warning ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.alluxio.answers import JournalDisk, NoAnswer
from alluxio_operator.api.alluxiocluster import Masters
from alluxio_operator.engine.gate import Gate, Severity
from alluxio_operator.kinds.cluster.observed import Observed

GATE: Final = "JournalSpace"
FIELD: Final = "spec.masters.journal.storage.size"

HYSTERESIS: Final = 5
"""Percent points between the watermark and the free space at which a volume is no longer low."""
FULL: Final = "Full"
"""Reason while a volume is full: the cluster isn't Ready."""
FULL_BELOW: Final = 2
"""Percent of free space below which a volume counts as full: a segment of the journal, or a checkpoint, may not fit."""

NO_SPACE: Final = (": NO_SPACE", "No space left on device")
"""Parts of the last words of a master that ended on a full volume (run on 2.9.4)."""

THRESHOLD: Final = "alluxio.master.journal.space.monitor.percent.free.threshold"
"""Percent of free space below which a master reports its disk; Alluxio's default is 10."""


@dataclass(frozen=True, slots=True)
class LowSpace:
    """A master whose journal volume is low; `disk` is None if it doesn't answer: the number is its last one."""

    master: str
    free_percent: int
    disk: JournalDisk | None

    @property
    def full(self) -> bool:
        """Whether the volume counts as full."""
        return self.free_percent < FULL_BELOW

    def __str__(self) -> str:
        if self.disk is None:
            return f"{self.master} doesn't answer and had {self.free_percent} %"
        # Whole percents only: the message is in the status, and bytes would change it in each reconcile.
        return f"{self.master} has {self.free_percent} %"


def threshold_property(masters: Masters) -> Mapping[str, str]:
    """Return the property that makes a master report its disk early enough."""
    return {THRESHOLD: str(masters.journal.free_space_watermark + HYSTERESIS)}


def without_restart(site: Mapping[str, str]) -> frozenset[str]:
    """Return the property if it has the default value: masters of an older operator needn't restart for it.

    Until they restart, they report their disk later, below 10 percent.
    """
    return frozenset({THRESHOLD}) if site.get(THRESHOLD) == threshold_property(Masters())[THRESHOLD] else frozenset()


def low_space(observed: Observed, masters: Iterable[str], watermark: int) -> tuple[LowSpace, ...]:
    """Return the masters whose journal volume is low."""
    before = {one.name: one.journal_free_percent for one in observed.status.masters.members}
    found = (_low_space(observed, name, before.get(name), watermark) for name in masters)
    return tuple(one for one in found if one is not None)


def _low_space(observed: Observed, name: str, before: int | None, watermark: int) -> LowSpace | None:
    answer = observed.answers.get(name)
    if answer is None or (isinstance(answer, NoAnswer) and not answer.leads):
        # A master that hangs on a full volume doesn't answer, and one that starts on it ends before it reports.
        last = 0 if _ended_without_space(observed, name) else before
        return None if last is None else LowSpace(name, last, None)
    disk = answer.journal_disk
    if disk is None or (before is None and disk.free_percent >= watermark):
        return None
    return LowSpace(name, int(disk.free_percent), disk)


def _ended_without_space(observed: Observed, name: str) -> bool:
    pod = observed.master_named(name)
    return pod is not None and pod.trouble is not None and any(text in pod.trouble.message for text in NO_SPACE)


def journal_space(low: Iterable[LowSpace], watermark: int) -> Gate:
    """Open while no journal volume is low; a full one is an error, a low one only a warning."""
    masters = tuple(low)
    if not masters:
        return Gate(GATE, True, "Sufficient", f"no master reports less than {watermark} % of free space")
    full = any(one.full for one in masters)
    message = (
        f"free space on the journal's volumes: {'; '.join(str(one) for one in masters)}; at least {watermark} % should "
        f"be free (spec.masters.journal.freeSpaceWatermark). A master without space stops serving. Increase "
        f"{FIELD}, or remove other files from the volume"
    )
    return Gate(GATE, False, FULL if full else "Low", message, Severity.WARNING)
