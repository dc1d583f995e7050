"""Reads a hook's message: who is to be reconciled, and why.

A message is `{"hook": NAME, "contexts": [...]}` with the contexts as shell-operator wrote them. Every binding's filter
puts into its result, beside what tells of a change, who is to be woken:

    {"wake": {"kind": ..., "namespace": ..., "name": ..., "child": {"kind": ..., "name": ..., "version": ...}}, ...}

`child` is the object that changed, where that is not the owner itself; some kinds tell its version, too. Nothing else
in a context is looked at: it is a wake-up and never the truth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alluxio_operator.engine.child_filters import BINDING
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request

RESYNC_BINDING = "resync"
"""A schedule by this name asks for every owner."""


class MessageError(ValueError):
    """What arrived is no message of a hook."""


@dataclass(slots=True)
class Wakeups:
    """What a message asks for: `requests` now, `existing` owners soon, and with `resync` every owner there is.

    `children` are requests for owners of changed children. With `children_watched` every later change of a child comes
    as an event; with `orphaned` a child changed that names no owner any more.
    """

    hook: str
    requests: list[Request] = field(default_factory=list)
    existing: list[Request] = field(default_factory=list)
    children: list[Request] = field(default_factory=list)
    resync: bool = False
    children_watched: bool = False
    orphaned: bool = False
    left_out: int = 0


def wakeups_in(message: Any, kinds: Collection[str]) -> Wakeups:
    """Return what a hook's message asks for; raise MessageError.

    An owner of a kind that nobody reconciles, or without a name, is left out and not refused: a label that anyone can
    set on an object would otherwise make shell-operator repeat the hook for ever.
    """
    found = Wakeups(_get(message, "hook", str))
    for context in _get(message, "contexts", list):
        if not isinstance(context, dict):
            raise MessageError("a context must be an object")
        if context.get("type") == "Schedule" and context.get("binding") == RESYNC_BINDING:
            found.resync = True
        if context.get("type") == "Synchronization" and str(context.get("binding")).startswith(BINDING):
            # The reconciles at the start look at these very objects.
            found.children_watched = True
            continue
        for seen in _seen(context):
            _take_in(found, context, _get(seen, "wake", dict), kinds)
    return found


def _take_in(found: Wakeups, context: Mapping[str, Any], wake: Mapping[str, Any], kinds: Collection[str]) -> None:
    just_now = context.get("type") == "Event"
    if wake.get("kind") not in kinds or not wake.get("namespace") or not wake.get("name"):
        found.left_out += 1
        # A new object never had an owner to lose.
        named = wake.get("kind") and wake.get("name")
        found.orphaned |= "child" in wake and not named and context.get("watchEvent") != "Added"
    elif "child" in wake:
        found.children.append(Request(_key(wake), Reason.CHILD, frozenset({_child(context, wake)})))
    elif just_now:
        found.requests.append(Request(_key(wake), Reason.EDIT))
    else:
        found.existing.append(Request(_key(wake), Reason.RESYNC))


def _seen(context: Mapping[str, Any]) -> Iterator[Any]:
    """Return the filter's result for each object that a context tells of.

    With keepFullObjectsInMemory: false shell-operator leaves out the objects themselves, from events too.
    """
    match context.get("type"):
        case "Event":
            items = [context]
        case "Synchronization":
            items = context.get("objects") or []
        case "Group":
            items = [item for items in (context.get("snapshots") or {}).values() for item in items]
        case _:
            items = []
    for item in items:
        # An event for "look at everything of a kind", which a change of a binding makes, names no object.
        if item.get("filterResult"):
            yield item["filterResult"]


def _key(wake: Mapping[str, Any]) -> OwnerKey:
    return OwnerKey(_get(wake, "kind", str), _get(wake, "namespace", str), _get(wake, "name", str))


def _child(context: Mapping[str, Any], wake: Mapping[str, Any]) -> ChildRef:
    child = _get(wake, "child", dict)
    # The event of a deletion carries the last version, which the operator may have written itself.
    known = "version" in child and context.get("watchEvent") != "Deleted"
    return ChildRef(_get(child, "kind", str), _get(child, "name", str), _get(child, "version", str) if known else "")


def _get(document: Any, name: str, kind: type) -> Any:
    if not isinstance(document, Mapping):
        raise MessageError("an object was expected")
    value = document.get(name)
    if not isinstance(value, kind):
        raise MessageError(f"'{name}' must be of type {kind.__name__}")
    return value
