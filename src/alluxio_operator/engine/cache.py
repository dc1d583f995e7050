"""Remembers how one owner's objects were left, so that an unchanged object costs no call.

A server-side apply that changes nothing writes nothing, but costs the API server as much as one that does (5 ms by
measurement, against 1.5 ms for a read). So an object stays as it is while its rendered hash and its version are the
ones that are remembered. The version is its generation, or its resourceVersion where its kind has no generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from alluxio_operator.engine.applied import WORKLOADS
from alluxio_operator.engine.children import version_of
from alluxio_operator.engine.ownership import has_labels
from alluxio_operator.engine.work import ChildRef, Reason, Request
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.kube.text import digest


class Wanted(Protocol):
    """A rendered object; asking for its body may render it, so it is asked for only where it is needed."""

    @property
    def ref(self) -> Ref:
        """Name of the object."""
        ...

    @property
    def hash(self) -> str:
        """Digest of the object as rendered."""
        ...

    @property
    def obj(self) -> Object:
        """The object."""
        ...


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """An object as it was applied or read last: the rendered hash, and its version then."""

    hash: str
    version: str
    metadata: str
    """Digest of what no generation counts: labels, annotations and owners."""
    stale: bool = False
    """Whether an event has named the object since."""


ObjectCache = dict[Ref, CacheEntry]
"""The objects of one owner. Losing it costs calls and nothing else."""


def entry_of(manifest: Wanted, live: Object) -> CacheEntry:
    """Return the entry for an object that is as it is rendered."""
    return CacheEntry(manifest.hash, _version(manifest.ref.kind, live), _metadata(live))


def invalidate(cache: ObjectCache, request: Request) -> None:
    """Mark the objects that a request names as stale, until an apply reads them.

    An event comes once. Without the mark, a conflict or an invalid spec before that apply would leave drift until the
    next resync.
    """
    named = {Ref(child.kind, child.name) for child in request.children if _is_news(cache, child)}
    for ref in cache.keys() if request.everything else named & cache.keys():
        cache[ref] = replace(cache[ref], stale=True)


def is_news(cache: ObjectCache, request: Request) -> bool:
    """Return False if a request names nothing but the operator's own writes, which come back as events."""
    return (
        request.reason != Reason.CHILD
        or request.everything
        or any(_is_news(cache, child) for child in request.children)
    )


def is_trusted(known: CacheEntry | None, manifest: Wanted) -> bool:
    """Return True if an object needs no read. A workload always needs one, for its status."""
    return known is not None and known.hash == manifest.hash and not known.stale and manifest.ref.kind not in WORKLOADS


def is_as_applied(known: CacheEntry | None, manifest: Wanted, live: Object) -> bool:
    """Return True if an object that was read needs no apply."""
    if known is None or known.hash != manifest.hash or known.version != _version(manifest.ref.kind, live):
        return False
    # A generation counts changes of the spec only, so labels, annotations and owners are compared by themselves.
    if known.metadata == _metadata(live):
        return True
    wanted, present = manifest.obj["metadata"], live["metadata"]
    annotations: Mapping[str, str] = wanted.get("annotations", {})
    return (
        has_labels(live, wanted.get("labels", {}))
        and annotations.items() <= present.get("annotations", {}).items()
        and _owners(wanted) <= _owners(present)
    )


def matches_cache(known: CacheEntry, kind: str, obj: Object) -> bool:
    """Return True if an object is as it was when it was applied or read last; its metadata suffices."""
    return known.version == _version(kind, obj) and known.metadata == _metadata(obj)


def _is_news(cache: ObjectCache, child: ChildRef) -> bool:
    known = cache.get(Ref(child.kind, child.name))
    return known is None or child.version != known.version or KINDS[child.kind].has_generation


def _version(kind: str, obj: Object) -> str:
    meta = obj["metadata"]
    if KINDS[kind].has_generation:
        return f"{meta['uid']}/{meta['generation']}"
    # The very text that events carry: it tells the operator's own writes from those of others.
    return version_of(obj)


def _metadata(live: Object) -> str:
    meta = live["metadata"]
    return digest([meta.get("labels"), meta.get("annotations"), sorted(_owners(meta))])


def _owners(meta: Mapping[str, Any]) -> set[str]:
    return {reference["uid"] for reference in meta.get("ownerReferences", ())}
