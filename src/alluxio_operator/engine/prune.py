"""Deletes objects that are on record and no longer rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from alluxio_operator.api.status import InventoryItem
from alluxio_operator.engine.cache import ObjectCache
from alluxio_operator.engine.quirks import quirk_of
from alluxio_operator.engine.scope import Scope
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Ref


def prune(scope: Scope, inventory: Iterable[InventoryItem], rendered: Collection[Ref], cache: ObjectCache) -> list[Ref]:
    """Delete what the inventory names and is no longer rendered; return what was deleted.

    Each object is read first, and has to be the owner's without a label that names another owner. It is deleted under
    its uid, so that another object of the same name survives. Kinds that hold data stay, and so do kinds that this
    version doesn't know, and finished Jobs with a time to live.
    """
    pruned = []
    for item in inventory:
        ref = Ref(item.kind, item.name)
        quirk = quirk_of(ref.kind)
        if ref in rendered or ref.kind not in KINDS or quirk.never_pruned:
            continue
        cache.pop(ref, None)
        live = scope.read(ref)
        if live is None or not scope.may_delete(live) or quirk.outlives_rendering(live):
            continue
        try:
            scope.kube.delete(scope.path(ref), uid=live["metadata"]["uid"])
        except NotFound:
            continue
        pruned.append(ref)
    return pruned
