"""Parse a hook's message: the owners to reconcile, with the reason.

A message is `{"hook": NAME, "contexts": [...]}` with shell-operator's contexts unchanged. The result of every binding's
filter names the owner to wake:

    {"wake": {"kind": ..., "namespace": ..., "name": ..., "child": {"kind": ..., "name": ..., "version": ...}}, ...}

`child` is the changed object if it isn't the owner itself; some kinds include its version. The server ignores the rest
of a context: it is a wake-up and never the source of state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alluxio_operator.engine.child_filters import BINDING
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.kinds import is_name

RESYNC_BINDING = "resync"
"""Name of the schedule that requests a reconcile of every owner."""


class MessageError(ValueError):
    """A document isn't a valid message of a hook."""


@dataclass(slots=True)
class Wakeups:
    """The content of a message: `requests` for now, `existing` owners for soon, `resync` for every owner.

    `children`: requests for owners of changed children. `children_watched`: every later change of a child arrives as
    an event. `orphaned`: a child changed that no longer names an owner.
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
    """Return the content of a hook's message. Raise MessageError.

    It skips an owner without a possible name or with a kind that has no reconciler. An error instead would let any
    user who can set a label on an object make shell-operator repeat the hook indefinitely.
    """
    found = Wakeups(_get(message, "hook", str))
    for context in _get(message, "contexts", list):
        if not isinstance(context, dict):
            raise MessageError("a context must be an object")
        if context.get("type") == "Schedule" and context.get("binding") == RESYNC_BINDING:
            found.resync = True
        if context.get("type") == "Synchronization" and str(context.get("binding")).startswith(BINDING):
            # The reconciles at the start read these objects anyway.
            found.children_watched = True
            continue
        for seen in _seen(context):
            _take_in(found, context, _get(seen, "wake", dict), kinds)
    return found


def _take_in(found: Wakeups, context: Mapping[str, Any], wake: Mapping[str, Any], kinds: Collection[str]) -> None:
    just_now = context.get("type") == "Event"
    name = wake.get("name")
    possible = not isinstance(name, str) or is_name(name)
    if wake.get("kind") not in kinds or not wake.get("namespace") or not name or not possible:
        found.left_out += 1
        # A new object never had an owner to lose.
        named = wake.get("kind") and name
        found.orphaned |= "child" in wake and not named and context.get("watchEvent") != "Added"
    elif "child" in wake:
        found.children.append(Request(_key(wake), Reason.CHILD, frozenset({_child(context, wake)})))
    elif just_now:
        found.requests.append(Request(_key(wake), Reason.EDIT))
    else:
        found.existing.append(Request(_key(wake), Reason.RESYNC))


def _seen(context: Mapping[str, Any]) -> Iterator[Any]:
    """Return the filter's result for each object in a context.

    With keepFullObjectsInMemory: false shell-operator leaves out the objects themselves, also from events.
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
        # A changed binding causes an event for all objects of a kind, which names no object.
        if item.get("filterResult"):
            yield item["filterResult"]


def _key(wake: Mapping[str, Any]) -> OwnerKey:
    return OwnerKey(_get(wake, "kind", str), _get(wake, "namespace", str), _get(wake, "name", str))


def _child(context: Mapping[str, Any], wake: Mapping[str, Any]) -> ChildRef:
    child = _get(wake, "child", dict)
    # The event of a deletion has the last version, which the operator may have written itself.
    known = "version" in child and context.get("watchEvent") != "Deleted"
    return ChildRef(_get(child, "kind", str), _get(child, "name", str), _get(child, "version", str) if known else "")


def _get(document: Any, name: str, kind: type) -> Any:
    if not isinstance(document, Mapping):
        raise MessageError("an object was expected")
    value = document.get(name)
    if not isinstance(value, kind):
        raise MessageError(f"'{name}' must be of type {kind.__name__}")
    return value
