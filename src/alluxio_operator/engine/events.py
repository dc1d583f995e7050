"""Events: what `kubectl describe` shows, made from the changes between two statuses."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import holds, stamp
from alluxio_operator.engine.gate import Severity
from alluxio_operator.kube.client import FIELD_MANAGER, Kube
from alluxio_operator.kube.errors import ApiError, Conflict
from alluxio_operator.kube.kinds import KINDS, Object, Ref

LONGEST_MESSAGE = 1000
"""The API server refuses messages of more than 1,024 characters."""

UNKNOWN: Final[Mapping[str, Severity]] = MappingProxyType({})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Note:
    """An Event to post."""

    type: str
    reason: str
    message: str


def notes(
    before: Sequence[Condition],
    after: Sequence[Condition],
    applied: Applied | None,
    severities: Mapping[str, Severity] = UNKNOWN,
) -> tuple[Note, ...]:
    """Return Events for what was written, for each trouble, and one for all good news together.

    `severities` are those of the conditions `after`, by type. A condition that isn't True is trouble from WARNING on,
    and so is one without a severity.

    An installation meets a dozen gates. An event for each would be a quarter of all its writes, so until it is done its
    good news is what it created and updated, in one event for each layer. The conditions say which gate opened when.
    """
    return (*_written(applied), *_told(before, after, severities))


def _written(applied: Applied | None) -> Iterable[Note]:
    if applied is None:
        return
    created_and_updated = (("Created", applied.created), ("Updated", applied.changed))
    for verbs in (created_and_updated, (("Pruned", applied.pruned),), (("Replaced", applied.replaced),)):
        said = [(verb, f"{verb} {_listed(refs)}") for verb, refs in verbs if refs]
        if said:
            yield Note("Normal", said[0][0], "; ".join(text for _, text in said))


def _told(
    before: Sequence[Condition], after: Sequence[Condition], severities: Mapping[str, Severity]
) -> Iterable[Note]:
    known = {condition.type: condition for condition in before}
    good: list[Condition] = []
    for condition in after:
        old = known.get(condition.type)
        if old is not None and (old.status, old.reason) == (condition.status, condition.reason):
            continue
        severity = severities.get(condition.type, Severity.WARNING)
        waits = condition.status != "True" and severity < Severity.WARNING
        if waits and (old is None or old.status == condition.status):
            continue
        if old is None and condition.status != "True":
            continue
        wished = (condition.status == "True") != (condition.type in ("Degraded", "Progressing"))
        if wished or waits or condition.type == "Progressing":
            good.append(condition)
        else:
            yield Note("Warning", condition.reason, _sentence(condition))
    if good and holds(after, "Installed"):
        # Conditions begin with Ready, which the user waits for; gates end with it.
        yield Note("Normal", good[0].reason, "; ".join(_sentence(condition) for condition in good))


def _sentence(condition: Condition) -> str:
    return f"{condition.type} is {condition.status}" + (f": {condition.message}" if condition.message else "")


def post(kube: Kube, resource: Object, said: Iterable[Note], now: datetime) -> None:
    """Post Events about a resource.

    The name follows from content and time, so that a repeated reconcile posts no second one. An Event that can't be
    posted is logged, since the work of its reconcile is done.
    """
    meta = resource["metadata"]
    path = KINDS["Event"].path(meta["namespace"])
    for note in said:
        digest = hashlib.sha256(f"{meta['uid']}{stamp(now)}{note}".encode()).hexdigest()[:16]
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{meta['name']}.{digest}", "namespace": meta["namespace"]},
            "involvedObject": {
                "apiVersion": resource["apiVersion"],
                "kind": resource["kind"],
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
            "type": note.type,
            "reason": note.reason,
            "message": note.message[:LONGEST_MESSAGE],
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "firstTimestamp": stamp(now),
            "lastTimestamp": stamp(now),
            "count": 1,
        }
        try:
            kube.create(path, event)
        except Conflict:
            continue
        except ApiError as error:
            log.warning("event %s couldn't be posted: %s", note.reason, error)


def _listed(refs: Sequence[Ref]) -> str:
    shown = ", ".join(f"{ref.kind} {ref.name}" for ref in refs[:12])
    return shown + (f" and {len(refs) - 12} more" if len(refs) > 12 else "")
