"""Applies rendered objects in order, or compares them with what exists."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.cache import CacheEntry, ObjectCache, Wanted, entry_of, is_as_applied, is_trusted
from alluxio_operator.engine.held import WithLiveTemplate
from alluxio_operator.engine.quirks import BeingDeleted, quirk_of
from alluxio_operator.engine.rules import DEFAULT, ApplyRules
from alluxio_operator.engine.scope import Scope
from alluxio_operator.kube.errors import Conflict, Refused
from alluxio_operator.kube.kinds import Object, Ref

log = logging.getLogger(__name__)

NOTHING: Final[Mapping[Ref, str]] = MappingProxyType({})


def apply(
    scope: Scope,
    manifests: Iterable[Wanted],
    cache: ObjectCache,
    absent: set[Ref],
    recreate: Mapping[Ref, str] = NOTHING,
    rules: ApplyRules = DEFAULT,
    held: Collection[Ref] = (),
) -> Applied:
    """Apply manifests in order; after a refused one change no later one, unless `rules` have it as optional.

    Later objects whose rendering is as it was applied before are repaired all the same: nothing about them waits for
    the refused one.

    An object that exists and isn't the owner's (`Scope.owns`) is refused instead of being taken over, also when it came
    into being between the look and the apply. An object that is thought `absent` is created without a look, and taken
    out of the set: a look before each would double the calls of an installation.

    `recreate` has the uids of objects to delete and create again, around what they own, where their kind can't be
    changed otherwise; the caller has them on record. One that isn't gone yet is left to the next apply.

    Deployments in `held` keep their pod template. One that doesn't exist is created as rendered.

    An object that may never be created and doesn't exist is left so, and is in `Applied.held`.
    """
    result = Applied()
    for manifest in manifests:
        ref = manifest.ref
        if rules.optional.get(ref) in rules.parts_of(result.refused):
            result.skipped.append(ref)
            _look_at(scope, ref, result)
            continue
        known = cache.get(ref)
        if is_trusted(known, manifest):
            result.present.append(ref)
            continue
        if result.stopped and (known is None or known.hash != manifest.hash):
            _look_at(scope, ref, result)
            continue
        try:
            if ref in rules.never_created:
                absent.discard(ref)
                before, after, entry = _update(scope, manifest, known)
            else:
                before, after, entry = _bring(scope, manifest, known, absent, recreate.get(ref), held=ref in held)
        except BeingDeleted as error:
            result.live[ref] = error.live
        except _Missing:
            cache.pop(ref, None)
            result.held.append(ref)
        except (_NotManaged, Refused) as error:
            result.refused[ref] = _in_words(ref, error)
            result.stopped |= ref not in rules.optional
            _look_at(scope, ref, result)
        else:
            cache[ref] = entry
            _note(result, ref, before, after)
    return result


def compare(
    scope: Scope, manifests: Iterable[Wanted], cache: ObjectCache, never_created: Collection[Ref] = ()
) -> Applied:
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
        if live is None and ref in never_created:
            continue
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


def _look_at(scope: Scope, ref: Ref, result: Applied) -> None:
    """Read a workload that isn't applied: its pods run on, and a report needs its status."""
    live = scope.read(ref) if ref.kind in WORKLOADS else None
    if live is not None and scope.owns(live):
        result.live[ref] = live


class _NotManaged(Exception):
    """An object of the name exists, and neither its labels nor its controller reference names the owner."""

    def __init__(self, ref: Ref, labels: Mapping[str, str]) -> None:
        super().__init__(
            f"{ref.kind} {ref.name} exists and doesn't belong to this resource (it lacks its labels "
            f"{dict(labels)} and its controller reference); rename this resource, or delete that object if it is no "
            "longer needed"
        )


class _Missing(Exception):
    """An object that the operator never creates doesn't exist."""


def _update(scope: Scope, manifest: Wanted, known: CacheEntry | None) -> tuple[Object | None, Object, CacheEntry]:
    """Update an object that exists, and never create it; return it as it was, as it is, and its entry for the cache."""
    live = scope.read(manifest.ref)
    if live is None:
        raise _Missing
    if not scope.owns(live):
        raise _NotManaged(manifest.ref, scope.labels)
    if is_as_applied(known, manifest, live):
        return live, live, entry_of(manifest, live)
    obj = quirk_of(manifest.ref.kind).fit(manifest.obj, live)
    # With a uid, the API server refuses an apply that would create an object.
    obj = {**obj, "metadata": {**obj["metadata"], "uid": live["metadata"]["uid"]}}
    try:
        after = _applied(scope, obj, live)
    except Conflict:
        raise _Missing from None
    return live, after, entry_of(manifest, after)


def _bring(
    scope: Scope, manifest: Wanted, known: CacheEntry | None, absent: set[Ref], recreate: str | None, *, held: bool
) -> tuple[Object | None, Object, CacheEntry]:
    """Bring one object to what is rendered; return it as it was and as it is, one and the same if nothing was to do.

    The third value is its entry for the cache.
    """
    ref = manifest.ref
    if ref in absent:
        # Removed first: an answer may get lost, and the object exist all the same.
        absent.remove(ref)
        with contextlib.suppress(Conflict):
            return _created(scope, manifest)
    live = scope.read(ref)
    if live is None:
        return _created(scope, manifest)
    if not scope.owns(live):
        raise _NotManaged(ref, scope.labels)
    if held:
        manifest = WithLiveTemplate(manifest, live)
    if is_as_applied(known, manifest, live):
        return live, live, entry_of(manifest, live)
    replace = quirk_of(ref.kind).recreate
    if replace is not None and recreate == live["metadata"]["uid"]:
        after = replace(scope, manifest.obj, live)
    else:
        after = _change(scope, manifest, live)
    return live, after, entry_of(manifest, after)


def _created(scope: Scope, manifest: Wanted) -> tuple[None, Object, CacheEntry]:
    obj = quirk_of(manifest.ref.kind).fit(manifest.obj, None)
    after = scope.kube.apply(scope.namespace, obj, absent=True)
    return None, after, entry_of(manifest, after)


def _change(scope: Scope, manifest: Wanted, live: Object) -> Object:
    quirk = quirk_of(manifest.ref.kind)
    obj = quirk.fit(manifest.obj, live)
    try:
        return _applied(scope, obj, live)
    except Refused as error:
        if not quirk.remedy(scope, obj, live, error):
            raise
    return scope.kube.apply(scope.namespace, obj)


def _applied(scope: Scope, obj: Object, live: Object) -> Object:
    """Apply an object that exists, without a part that the API server refuses and that it can do without."""
    try:
        return scope.kube.apply(scope.namespace, obj)
    except Refused as error:
        less = quirk_of(obj["kind"]).without_refused(obj, live, error)
        if less is None:
            raise
        log.warning("%s %s is applied in part: %s", obj["kind"], obj["metadata"]["name"], error.message)
    return scope.kube.apply(scope.namespace, less)


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
    if not isinstance(error, Refused):
        return str(error)
    advice = quirk_of(ref.kind).advice
    return f"{ref.kind} {ref.name} was refused: {error.message}" + (f" ({advice})" if advice else "")


def _spec_of(obj: Object) -> Object:
    # A dry run counts a generation that will never be, and a status may have moved on since the object was read.
    content = _content(obj)
    metadata = {key: value for key, value in content["metadata"].items() if key != "generation"}
    return {**{key: value for key, value in content.items() if key != "status"}, "metadata": metadata}


def _content(obj: Object) -> Object:
    # Without its bookkeeping: the API server rewrites that of a PVC at its second apply, and nothing else in it.
    bookkeeping = ("resourceVersion", "managedFields")
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in bookkeeping}}
