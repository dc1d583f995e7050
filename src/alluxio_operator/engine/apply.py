"""Applies rendered objects in order, or compares them with what exists."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.cache import CacheEntry, ObjectCache, Wanted, entry_of, is_as_applied, is_trusted
from alluxio_operator.engine.quirks import BeingDeleted, quirk_of
from alluxio_operator.engine.scope import Scope
from alluxio_operator.kube.errors import Conflict, Refused
from alluxio_operator.kube.kinds import Object, Ref

NOTHING: Final[Mapping[Ref, str]] = MappingProxyType({})

StopRule = Callable[[Ref], bool]
"""Returns True if an apply stops at an object that the API server refused."""


def stop_at_any(_refused: Ref) -> bool:
    """Stop at any refused object: later objects depend on earlier ones, so going on would break the order."""
    return True


def apply(
    scope: Scope,
    manifests: Iterable[Wanted],
    cache: ObjectCache,
    absent: set[Ref],
    recreate: Mapping[Ref, str] = NOTHING,
    stops: StopRule = stop_at_any,
) -> Applied:
    """Apply manifests in order; stop at a refused one where `stops` says so.

    An object that exists without the owner's labels is refused here instead of being taken over, also when it came
    into being between the look and the apply. An object that is thought `absent` is created without a look, and taken
    out of the set: a look before each would double the calls of an installation.

    `recreate` has the uids of objects to delete and create again, around what they own, where their kind can't be
    changed otherwise; the caller has them on record. One that isn't gone yet is left to the next apply.
    """
    result = Applied()
    for manifest in manifests:
        ref = manifest.ref
        known = cache.get(ref)
        if is_trusted(known, manifest):
            result.present.append(ref)
            continue
        try:
            before, after = _bring(scope, manifest, known, absent, recreate.get(ref))
        except BeingDeleted as error:
            result.live[ref] = error.live
        except (_NotManaged, Refused) as error:
            result.refused[ref] = _in_words(ref, error)
            if stops(ref):
                break
        else:
            cache[ref] = entry_of(manifest, after)
            _note(result, ref, before, after)
    return result


def compare(scope: Scope, manifests: Iterable[Wanted], cache: ObjectCache) -> Applied:
    """Return what an apply would create or change as `held`, and write nothing.

    A dry run asks the API server, since only it knows its defaults and who owns which field.
    """
    result = Applied()
    for manifest in manifests:
        ref = manifest.ref
        known = cache.get(ref)
        if is_trusted(known, manifest):
            result.present.append(ref)
            continue
        live = scope.read(ref)
        if live is None or not scope.owns(live):
            result.held.append(ref)
            continue
        result.live[ref] = live
        if is_as_applied(known, manifest, live) or _would_stay(scope, manifest, live):
            cache[ref] = entry_of(manifest, live)
            result.present.append(ref)
        else:
            result.held.append(ref)
    return result


class _NotManaged(Exception):
    """An object of the name exists and lacks the labels of its owner."""

    def __init__(self, ref: Ref, labels: Mapping[str, str]) -> None:
        super().__init__(
            f"{ref.kind} {ref.name} exists and doesn't belong to this resource (it lacks its labels "
            f"{dict(labels)}); rename this resource, or delete that object if it is no longer needed"
        )


def _bring(
    scope: Scope, manifest: Wanted, known: CacheEntry | None, absent: set[Ref], recreate: str | None
) -> tuple[Object | None, Object]:
    """Bring one object to what is rendered; return it as it was and as it is, one and the same if nothing was to do."""
    ref = manifest.ref
    if ref in absent:
        # Removed first: an answer may get lost, and the object exist all the same.
        absent.remove(ref)
        with contextlib.suppress(Conflict):
            return None, _create(scope, manifest)
    live = scope.read(ref)
    if live is None:
        return None, _create(scope, manifest)
    if not scope.owns(live):
        raise _NotManaged(ref, scope.labels)
    if is_as_applied(known, manifest, live):
        return live, live
    replace = quirk_of(ref.kind).recreate
    if replace is not None and recreate == live["metadata"]["uid"]:
        return live, replace(scope, manifest.obj, live)
    return live, _change(scope, manifest, live)


def _create(scope: Scope, manifest: Wanted) -> Object:
    return scope.kube.apply(scope.namespace, quirk_of(manifest.ref.kind).fit(manifest.obj, None), absent=True)


def _change(scope: Scope, manifest: Wanted, live: Object) -> Object:
    quirk = quirk_of(manifest.ref.kind)
    obj = quirk.fit(manifest.obj, live)
    try:
        return scope.kube.apply(scope.namespace, obj)
    except Refused as error:
        if not quirk.remedy(scope, obj, live, error):
            raise
    return scope.kube.apply(scope.namespace, obj)


def _would_stay(scope: Scope, manifest: Wanted, live: Object) -> bool:
    obj = quirk_of(manifest.ref.kind).fit_to_compare(manifest.obj, live)
    try:
        return _spec_of(scope.kube.apply(scope.namespace, obj, dry_run=True)) == _spec_of(live)
    except (Conflict, Refused):
        return False


def _note(result: Applied, ref: Ref, before: Object | None, after: Object) -> None:
    result.present.append(ref)
    result.live[ref] = after
    if before is None:
        result.created.append(ref)
    elif _content(after) != _content(before):
        result.changed.append(ref)


def _in_words(ref: Ref, error: _NotManaged | Refused) -> str:
    return f"{ref.kind} {ref.name} was refused: {error.message}" if isinstance(error, Refused) else str(error)


def _spec_of(obj: Object) -> Object:
    # A dry run counts a generation that will never be, and a status may have moved on since the object was read.
    content = _content(obj)
    metadata = {key: value for key, value in content["metadata"].items() if key != "generation"}
    return {**{key: value for key, value in content.items() if key != "status"}, "metadata": metadata}


def _content(obj: Object) -> Object:
    # Without its bookkeeping: the API server rewrites that of a PVC at its second apply, and nothing else in it.
    bookkeeping = ("resourceVersion", "managedFields")
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in bookkeeping}}
