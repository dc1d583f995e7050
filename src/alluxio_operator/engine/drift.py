"""Finds drift that no event told of, in all objects of all owners at once.

To read every object of a thousand clusters one by one takes a minute of a core; lists of metadata alone take a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from alluxio_operator.engine.apply import ObjectCache, matches_cache
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS, Ref

OwnerOf = Callable[[Mapping[str, Any]], OwnerKey | None]
"""Returns whom an object's metadata says that it belongs to."""


def sweep(
    kube: Kube,
    namespaces: Iterable[str],
    label_selector: str,
    memories: Mapping[OwnerKey, ObjectCache],
    owner_of: OwnerOf,
) -> list[Request]:
    """Return a request for each owner of which an object is no longer as remembered, or is gone.

    `namespaces` holds "" for all. Objects of which nothing is remembered are left to their owner's reconcile.
    """
    # Taken before anything is read: what is made meanwhile is not missing.
    remembered = {key: dict(memory) for key, memory in memories.items()}
    unseen = {key: set(memory) for key, memory in remembered.items()}
    differing: dict[OwnerKey, set[Ref]] = {}
    watched = list(namespaces)
    for kind in sorted({ref.kind for memory in remembered.values() for ref in memory}):
        for namespace in watched:
            for obj in kube.list(KINDS[kind].path(namespace), label_selector, metadata_only=True):
                key = owner_of(obj["metadata"])
                ref = Ref(kind, obj["metadata"]["name"])
                if key is None or key not in remembered or ref not in remembered[key]:
                    continue
                unseen[key].discard(ref)
                if not matches_cache(remembered[key][ref], kind, obj):
                    differing.setdefault(key, set()).add(ref)
    for key, missing in unseen.items():
        if missing:
            differing.setdefault(key, set()).update(missing)
    return [
        Request(key, Reason.CHILD, frozenset(ChildRef(ref.kind, ref.name) for ref in refs))
        for key, refs in differing.items()
    ]
