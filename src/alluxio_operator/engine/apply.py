"""Brings manifests to the API server, in order, and returns what the server made of them.

A server-side apply that changes nothing writes nothing, but costs the server as much as one that does (about 5 ms
measured, against 1.5 ms for a read). So what is known to be as rendered is left alone: the same rendered hash, and
an object that nobody touched since. "Nobody touched" is its generation, or its resourceVersion where the server
keeps no generation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Protocol

from alluxio_operator.api.base import in_bytes
from alluxio_operator.api.status import InventoryItem
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.children import version_of
from alluxio_operator.engine.work import ChildRef, Reason, Request
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.kube.text import digest

NEVER_PRUNED: Final = frozenset({"PersistentVolumeClaim"})
"""Kinds that are never deleted because they are no longer rendered: they hold data."""

MADE_ANEW: Final = frozenset({"Job"})
"""Kinds whose spec can't be changed and which hold nothing: a wrong one is replaced by another of its name."""


class Wanted(Protocol):
    """An object to apply, as a manifest has it; its body is asked for only where it is needed."""

    @property
    def ref(self) -> Ref:
        """Name of the object."""
        ...

    @property
    def hash(self) -> str:
        """Tells whether the object is still rendered as before."""
        ...

    @property
    def obj(self) -> Object:
        """The object."""
        ...


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What is known of an object since it was last applied: the rendered hash, and its version at that time."""

    hash: str
    version: str
    metadata: str
    """Digest of what no generation counts: labels, annotations and owners."""
    stale: bool = False
    """An event spoke of the object, and nobody has looked since."""


ObjectCache = dict[Ref, CacheEntry]
"""What is remembered of one owner's objects; may be lost at any time."""


def invalidate(memory: ObjectCache, request: Request) -> None:
    """Note what a request speaks of: it is looked at by the next apply that gets so far, be it a later one.

    An event comes once. Without the note, a conflict or an invalid spec in between would leave drift until a resync.
    """
    named = {Ref(child.kind, child.name) for child in request.children if _is_news(memory, child)}
    for ref in memory.keys() if request.everything else named & memory.keys():
        memory[ref] = replace(memory[ref], stale=True)


def is_news(memory: ObjectCache, request: Request) -> bool:
    """Tell whether a request speaks of anything but the operator's own writes, which come back to it as events."""
    return (
        request.reason != Reason.CHILD
        or request.everything
        or any(_is_news(memory, child) for child in request.children)
    )


def _is_news(memory: ObjectCache, child: ChildRef) -> bool:
    known = memory.get(Ref(child.kind, child.name))
    return known is None or child.version != known.version or KINDS[child.kind].has_generation


def matches_cache(known: CacheEntry, kind: str, obj: Object) -> bool:
    """Tell whether an object, of which the metadata is enough, is as it was when it was last applied or looked at."""
    return known.version == _version(kind, obj) and known.metadata == _metadata(obj)


def apply(
    kube: Kube,
    namespace: str,
    manifests: Iterable[Wanted],
    memory: ObjectCache,
    owner_labels: Mapping[str, str],
    absent: set[Ref],
    anew: Mapping[Ref, str] = MappingProxyType({}),
) -> Applied:
    """Apply manifests in order; stop at the first one that the server refuses.

    What comes later depends on what comes first, so going on would break the order. An object that exists without the
    owner's labels is somebody else's and is refused here instead of being taken over, also when it came into being
    between the look and the apply. What is thought `absent` is made without a look, and taken out of the set: a look
    before each would double an installation's calls for its objects.

    What is in `anew`, by uid, is deleted without what it owns, and made anew where nothing else brings it to what is
    rendered; the caller has that on record. Where that isn't done at once it is left for the next apply.
    """
    result = Applied()
    for manifest in manifests:
        ref = manifest.ref
        known = memory.get(ref)
        if known is not None and _trusted(known, manifest):
            result.present.append(ref)
            continue
        try:
            live, after = _bring(kube, namespace, manifest, known, owner_labels, absent, anew.get(ref))
        except _StillThere as still:
            result.live[ref] = still.live
            continue
        except _NotOurs as error:
            result.refused[ref] = str(error)
            return result
        except Refused as error:
            result.refused[ref] = f"{ref.kind} {ref.name} was refused: {error.message}"
            return result
        memory[ref] = CacheEntry(manifest.hash, _version(ref.kind, after), _metadata(after))
        result.present.append(ref)
        result.live[ref] = after
        if live is None:
            result.created.append(ref)
        elif _content(after) != _content(live):
            result.changed.append(ref)
    return result


def compare(
    kube: Kube, namespace: str, manifests: Iterable[Wanted], memory: ObjectCache, owner_labels: Mapping[str, str]
) -> Applied:
    """Tell what an apply would make or change, and change nothing: what differs is `held`.

    The server says what an apply would lead to, since only it knows its defaults and who owns which field.
    """
    result = Applied()
    for manifest in manifests:
        ref = manifest.ref
        known = memory.get(ref)
        if known is not None and _trusted(known, manifest):
            result.present.append(ref)
            continue
        live = _read(kube, namespace, ref)
        if live is None or not _has_labels(live, owner_labels):
            result.held.append(ref)
            continue
        result.live[ref] = live
        if (known is not None and _as_applied(manifest, known, live)) or _would_stay(kube, namespace, manifest, live):
            memory[ref] = CacheEntry(manifest.hash, _version(ref.kind, live), _metadata(live))
            result.present.append(ref)
        else:
            result.held.append(ref)
    return result


def _would_stay(kube: Kube, namespace: str, manifest: Wanted, live: Object) -> bool:
    try:
        wanted = _no_other_size(manifest.obj, live, larger=True)
        return _spec_of(kube.apply(namespace, wanted, dry_run=True)) == _spec_of(live)
    except (Conflict, Refused):
        return False


def _spec_of(obj: Object) -> Object:
    # A dry run counts a generation that will never be, and a status may have moved on since the object was read.
    content = _content(obj)
    metadata = {key: value for key, value in content["metadata"].items() if key != "generation"}
    return {**{key: value for key, value in content.items() if key != "status"}, "metadata": metadata}


class _StillThere(Exception):
    """An object is being deleted, and its name isn't free yet."""

    def __init__(self, live: Object) -> None:
        super().__init__()
        self.live = live


class _NotOurs(Exception):
    """An object of that name exists, and is somebody else's."""


def _bring(
    kube: Kube,
    namespace: str,
    manifest: Wanted,
    known: CacheEntry | None,
    owner_labels: Mapping[str, str],
    absent: set[Ref],
    anew: str | None,
) -> tuple[Object | None, Object]:
    """Bring one object to what is rendered; return it as it was and as it is, the same one where nothing was to do."""
    ref = manifest.ref
    if ref in absent:
        # Thought so no more, whatever comes of it: the answer may get lost, and the object be there.
        absent.remove(ref)
        with contextlib.suppress(Conflict):
            return None, kube.apply(namespace, manifest.obj, absent=True)
    live = _read(kube, namespace, ref)
    if live is None:
        return None, kube.apply(namespace, manifest.obj, absent=True)
    if not _has_labels(live, owner_labels):
        raise _NotOurs(
            f"{ref.kind} {ref.name} exists and doesn't belong to this resource (it lacks its labels "
            f"{dict(owner_labels)}); rename this resource, or delete that object if nobody needs it"
        )
    if known is not None and _as_applied(manifest, known, live):
        return live, live
    if anew == live["metadata"]["uid"]:
        return live, _make_anew(kube, namespace, manifest.obj, live)
    return live, _change(kube, namespace, _no_other_size(manifest.obj, live), live)


def _make_anew(kube: Kube, namespace: str, obj: Object, live: Object) -> Object:
    """Delete an object without what it owns, and make it anew: its pods live on and are taken over."""
    if "deletionTimestamp" not in live["metadata"]:
        path = KINDS[obj["kind"]].path(namespace, obj["metadata"]["name"])
        # Another one of the name, or none: the next look decides anew.
        with contextlib.suppress(Conflict, NotFound):
            kube.delete(path, uid=live["metadata"]["uid"], orphan=True)
    try:
        return kube.apply(namespace, obj, absent=True)
    except Conflict:
        # The garbage collector has to take its name off the pods first.
        raise _StillThere(live) from None


def _no_other_size(obj: Object, live: Object, *, larger: bool = False) -> Object:
    """Return a claim with the size that it has: whether it may grow is asked elsewhere, and none ever shrinks.

    With `larger` it keeps what is rendered where that is more.
    """
    if obj["kind"] != "PersistentVolumeClaim":
        return obj
    has, rendered = _size(live), _size(obj)
    if has is None or rendered is None or (larger and in_bytes(has) < in_bytes(rendered)):
        return obj
    return {**obj, "spec": {**obj["spec"], "resources": {"requests": {"storage": has}}}}


def _size(claim: Object) -> str | None:
    size = claim.get("spec", {}).get("resources", {}).get("requests", {}).get("storage")
    return None if size is None else str(size)


def _change(kube: Kube, namespace: str, obj: Object, live: Object) -> Object:
    try:
        return kube.apply(namespace, obj)
    except Refused as error:
        path = KINDS[obj["kind"]].path(namespace, obj["metadata"]["name"])
        if obj["kind"] in MADE_ANEW and "immutable" in error.message:
            kube.delete(path, uid=live["metadata"]["uid"])
        elif obj["kind"] == "Service":
            # Ports are told apart by number: one that somebody renumbered stays beside ours, under the same name, and
            # the server refuses both. The list is ours as a whole then.
            kube.merge(path, {"spec": {"ports": _ports(obj, live)}})
        else:
            raise
    return kube.apply(namespace, obj)


def _ports(obj: Object, live: Object) -> list[dict[str, Any]]:
    node_ports = {port.get("name"): port["nodePort"] for port in live["spec"].get("ports", ()) if "nodePort" in port}
    return [
        {**port, **({"nodePort": node_ports[port["name"]]} if port["name"] in node_ports else {})}
        for port in obj["spec"]["ports"]
    ]


def prune(
    kube: Kube,
    namespace: str,
    inventory: Iterable[InventoryItem],
    rendered: Collection[Ref],
    memory: ObjectCache,
    owner_labels: Mapping[str, str],
) -> list[Ref]:
    """Delete what the inventory names and nobody renders any more; return what was deleted.

    Each object is read first: it has to carry the owner's labels, and it is deleted under its uid, so that an
    object which somebody else made under the same name survives.
    """
    pruned = []
    for item in inventory:
        ref = Ref(item.kind, item.name)
        if ref in rendered or ref.kind in NEVER_PRUNED or ref.kind not in KINDS:
            continue
        memory.pop(ref, None)
        live = _read(kube, namespace, ref)
        if live is None or not _has_labels(live, owner_labels):
            continue
        try:
            kube.delete(KINDS[ref.kind].path(namespace, ref.name), uid=live["metadata"]["uid"])
        except NotFound:
            continue
        pruned.append(ref)
    return pruned


def _read(kube: Kube, namespace: str, ref: Ref) -> dict[str, Any] | None:
    try:
        return kube.get(KINDS[ref.kind].path(namespace, ref.name))
    except NotFound:
        return None


def _version(kind: str, obj: Object) -> str:
    meta = obj["metadata"]
    if KINDS[kind].has_generation:
        return f"{meta['uid']}/{meta['generation']}"
    # The very text that events carry: by it the operator's own writes are told from others'.
    return version_of(obj)


def _content(obj: Object) -> Object:
    # Without its bookkeeping: the server writes a claim anew at its second apply, though nothing in it changes.
    bookkeeping = ("resourceVersion", "managedFields")
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in bookkeeping}}


def _trusted(known: CacheEntry, manifest: Wanted) -> bool:
    return known.hash == manifest.hash and not known.stale and manifest.ref.kind not in WORKLOADS


def _as_applied(manifest: Wanted, known: CacheEntry, live: Object) -> bool:
    if known.hash != manifest.hash or known.version != _version(manifest.ref.kind, live):
        return False
    # A generation counts changes of the spec only, so labels, annotations and owners are compared by themselves.
    if known.metadata == _metadata(live):
        return True
    wanted, present = manifest.obj["metadata"], live["metadata"]
    annotations: Mapping[str, str] = wanted.get("annotations", {})
    return (
        _has_labels(live, wanted.get("labels", {}))
        and annotations.items() <= present.get("annotations", {}).items()
        and _owners(wanted) <= _owners(present)
    )


def _metadata(live: Object) -> str:
    meta = live["metadata"]
    return digest([meta.get("labels"), meta.get("annotations"), sorted(_owners(meta))])


def _owners(meta: Mapping[str, Any]) -> set[str]:
    return {reference["uid"] for reference in meta.get("ownerReferences", ())}


def _has_labels(live: Object, labels: Mapping[str, str]) -> bool:
    present: Mapping[str, str] = live["metadata"].get("labels", {})
    return labels.items() <= present.items()
