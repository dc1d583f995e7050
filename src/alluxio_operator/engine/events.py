"""Events: what `kubectl describe` shows, made from the changes between two statuses."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from types import MappingProxyType
from typing import Final

from alluxio_operator.api.status import Condition
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import holds, stamp
from alluxio_operator.engine.gate import Severity
from alluxio_operator.kube.client import FIELD_MANAGER, Kube
from alluxio_operator.kube.errors import ApiError, Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.transport.printable import printable

LONGEST_MESSAGE = 1000
"""The API server refuses messages of more than 1,024 characters."""

SIMILAR_FOR: Final = timedelta(minutes=10)
MOST_SIMILAR: Final = 10
"""So many messages of one reason within that time are Events of their own; source: client-go's EventAggregator."""
REMEMBERED: Final = 4096
"""Events whose count can rise; source: client-go's EventCorrelator."""
COMBINED: Final = "(combined from similar events): "

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
    and so is one without a severity, also when it first appears. Ready and Degraded quote the condition that causes
    them, which is one trouble and one Event.

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
    for reason, message in applied.noted:
        yield Note("Normal", reason, message)


def _told(
    before: Sequence[Condition], after: Sequence[Condition], severities: Mapping[str, Severity]
) -> Iterable[Note]:
    known = {condition.type: condition for condition in before}
    good: list[Condition] = []
    troubles: list[Condition] = []
    for condition in after:
        old = known.get(condition.type)
        if old is not None and (old.status, old.reason) == (condition.status, condition.reason):
            continue
        waits = condition.status != "True" and severities.get(condition.type, Severity.WARNING) < Severity.WARNING
        if waits and (old is None or old.status == condition.status):
            continue
        wished = (condition.status == "True") != (condition.type in ("Degraded", "Progressing"))
        if wished or waits or condition.type == "Progressing":
            if old is not None or condition.status == "True":
                good.append(condition)
        elif not _is_told(condition, after, known, severities):
            troubles.append(condition)
    said: set[str] = set()
    for condition in troubles:
        if _trouble(condition, after) not in said:
            said.add(_trouble(condition, after))
            yield Note("Warning", condition.reason, _sentence(condition))
    if good and holds(after, "Installed"):
        # Conditions begin with Ready, which the user waits for; gates end with it.
        yield Note("Normal", good[0].reason, "; ".join(_sentence(condition) for condition in good))


def _quoted(condition: Condition, after: Sequence[Condition]) -> Condition | None:
    """Return the condition that one of the whole resource, such as Ready, quotes."""
    kind, colon, _ = condition.message.partition(": ")
    return next((one for one in after if one.type == kind and one.reason == condition.reason), None) if colon else None


def _is_told(
    condition: Condition, after: Sequence[Condition], known: Mapping[str, Condition], severities: Mapping[str, Severity]
) -> bool:
    """Return True if the condition quotes one whose Warning was posted when it closed."""
    quoted = _quoted(condition, after)
    if quoted is None or severities.get(quoted.type, Severity.WARNING) < Severity.WARNING:
        return False
    old = known.get(quoted.type)
    return old is not None and (old.status, old.reason) == (quoted.status, quoted.reason)


def _trouble(condition: Condition, after: Sequence[Condition]) -> str:
    """Return what identifies the trouble of a condition: several conditions may report the same one."""
    quoted = _quoted(condition, after)
    return (quoted or condition).message or f"{condition.type} {condition.reason}"


def _sentence(condition: Condition) -> str:
    return f"{condition.type} is {condition.status}" + (f": {condition.message}" if condition.message else "")


@dataclass(slots=True)
class _Posted:
    """An Event that was posted, with its count."""

    name: str
    count: int
    last: str


@dataclass(slots=True)
class _Similar:
    """Events of one resource, type and reason; `messages` are digests, since the last one 10 minutes ago or less."""

    messages: set[str]
    last: datetime


class Recorder:
    """Posts Events, each repetition as a higher count of the Event before, as client-go's EventCorrelator does.

    It remembers Events in memory only: after a restart of the operator, a repeated one is a new Event.
    """

    def __init__(self) -> None:
        self._posted: OrderedDict[str, _Posted] = OrderedDict()
        self._similar: OrderedDict[str, _Similar] = OrderedDict()
        self._lock = Lock()

    def post(self, kube: Kube, resource: Object, said: Iterable[Note], now: datetime) -> None:
        """Post Events about a resource.

        The name follows from content and time, so that a repeated reconcile posts no second one. An Event that can't
        be posted is logged, since the work of its reconcile is done.
        """
        for note in said:
            try:
                self._post(kube, resource, note, now)
            except Conflict:
                continue
            except ApiError as error:
                log.warning("event %s couldn't be posted: %s", note.reason, error)

    def _post(self, kube: Kube, resource: Object, note: Note, now: datetime) -> None:
        meta = resource["metadata"]
        path = KINDS["Event"].path(meta["namespace"])
        message = printable(note.message)[:LONGEST_MESSAGE]
        key, combined = self._key(meta["uid"], Note(note.type, note.reason, message), now)
        if combined:
            message = f"{COMBINED}{message}"[:LONGEST_MESSAGE]
        with self._lock:
            before = self._posted.get(key)
        if before is not None:
            if before.last == stamp(now):
                return
            count = before.count + 1
            patch = {"count": count, "lastTimestamp": stamp(now), "message": message}
            try:
                kube.merge(f"{path}/{before.name}", patch)
            except (NotFound, Refused):
                pass  # The API server drops Events after an hour. An older role lacks the right to patch.
            else:
                self._remember(key, _Posted(before.name, count, stamp(now)))
                return
        digest = hashlib.sha256(f"{meta['uid']}{stamp(now)}{note}".encode()).hexdigest()[:16]
        name = f"{meta['name']}.{digest}"
        self._remember(key, _Posted(name, 1, stamp(now)))
        kube.create(path, _event(resource, name, replace(note, message=message), now))

    def _key(self, uid: str, note: Note, now: datetime) -> tuple[str, bool]:
        """Return what identifies a repetition, and whether the Event stands for several similar ones."""
        kind = hashlib.sha256(f"{uid} {note.type} {note.reason}".encode()).hexdigest()
        message = hashlib.sha256(note.message.encode()).hexdigest()
        with self._lock:
            similar = self._similar.get(kind)
            if similar is None or now - similar.last > SIMILAR_FOR:
                similar = self._similar[kind] = _Similar(set(), now)
            similar.last = now
            self._similar.move_to_end(kind)
            while len(self._similar) > REMEMBERED:
                self._similar.popitem(last=False)
            if message in similar.messages:
                return f"{kind} {message}", False
            if len(similar.messages) >= MOST_SIMILAR:
                return kind, True
            similar.messages.add(message)
            return f"{kind} {message}", False

    def _remember(self, key: str, posted: _Posted) -> None:
        with self._lock:
            self._posted[key] = posted
            self._posted.move_to_end(key)
            while len(self._posted) > REMEMBERED:
                self._posted.popitem(last=False)


def _event(resource: Object, name: str, note: Note, now: datetime) -> Object:
    meta = resource["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": resource["apiVersion"],
            "kind": resource["kind"],
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
        },
        "type": note.type,
        "reason": note.reason,
        "message": note.message,
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": stamp(now),
        "lastTimestamp": stamp(now),
        "count": 1,
    }


def _listed(refs: Sequence[Ref]) -> str:
    shown = ", ".join(f"{ref.kind} {ref.name}" for ref in refs[:12])
    return shown + (f" and {len(refs) - 12} more" if len(refs) > 12 else "")
