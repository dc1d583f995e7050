"""Keeps a change of the number of masters on the first master's PVC, so that a later cluster can complete it; pure.

A cluster may be deleted, and its journals kept, in any state of a change. Then no number of masters fits: the first
master may need the vote of a second one that no other record names. So the PVC tells the state, before the state takes
effect, and the cluster that adopts the journals goes on from there, as an operator does that was stopped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from alluxio_operator.api.alluxiocluster_status import MembersChange
from alluxio_operator.kinds.cluster.masters.counts import LEADS

SETTLED: Final = "settled"
"""Key of the number of masters before the change."""
FIELDS: Final = ("to", "members", "state", "operation", "since", "version", "image")
COUNTS: Final = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change that another cluster has begun; `settled` is the number of masters before it."""

    settled: int
    change: MembersChange


def as_text(change: MembersChange | None, settled: int) -> str:
    """Return the value of the annotation; empty without a change of which the journals' quorum depends."""
    if change is None or change.state == LEADS:
        return ""
    values = change.model_dump(by_alias=True, mode="json", exclude_none=True)
    return json.dumps({SETTLED: settled, **{key: values[key] for key in FIELDS if key in values}}, sort_keys=True)


def read(text: str) -> KeptChange | None:
    """Return the change of an annotation; None without one that this version can complete."""
    try:
        raw = json.loads(text) if text else None
        if not isinstance(raw, dict) or raw.get(SETTLED) not in COUNTS or raw.get("to") not in COUNTS:
            return None
        change = MembersChange.model_validate({key: raw[key] for key in FIELDS if key in raw})
    except (ValueError, ValidationError):
        return None
    return KeptChange(raw[SETTLED], change) if change.state in ("Preparing", "Joining", "Leaving", "Stopping") else None
