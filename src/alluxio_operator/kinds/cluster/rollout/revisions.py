"""Keeps the specs by which a cluster was Ready, as ControllerRevisions: what there is to go back to.

A revision is named after what it holds, so that keeping the same one twice changes nothing, and none is ever changed.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.alluxiocluster_status import GoodSpec
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.rollout.rollback import COMPONENT, revision_of
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Object

KEPT: Final = 5
"""Revisions of a cluster."""

log = logging.getLogger(__name__)


def keep(kube: Kube, resource: Object, good: GoodSpec) -> str | None:
    """Keep the resource's spec and drop the oldest ones; return the API server's words when it refuses."""
    meta = resource["metadata"]
    cluster = Names(meta["name"], meta["namespace"])
    collection = KINDS["ControllerRevision"].path(cluster.namespace)
    try:
        kube.create(collection, revision_of(resource, good, cluster))
    except Conflict:
        # It was kept before; that it is the newest again is told by the status.
        return None
    except Refused as error:
        return error.message
    log.info("spec of generation %s kept as %s", good.generation, good.revision)
    # Each revision is of another generation, so until then no more than these can exist.
    if good.generation > KEPT:
        _drop_oldest(kube, cluster)
    return None


def _drop_oldest(kube: Kube, cluster: Names) -> None:
    collection = KINDS["ControllerRevision"].path(cluster.namespace)
    selector = f"{cluster.owned_by_selector},app.kubernetes.io/component={COMPONENT}"
    found = sorted(kube.list(collection, selector), key=lambda one: int(one["revision"]))
    for old in found[:-KEPT]:
        with contextlib.suppress(NotFound, Conflict, Refused):
            path = KINDS["ControllerRevision"].path(cluster.namespace, old["metadata"]["name"])
            kube.delete(path, uid=old["metadata"]["uid"])


def read(kube: Kube, namespace: str, good: GoodSpec) -> Mapping[str, Any] | None:
    """Return a spec that was kept; None when somebody deleted it."""
    try:
        found = kube.get(KINDS["ControllerRevision"].path(namespace, good.revision))
    except NotFound:
        return None
    spec: Mapping[str, Any] | None = (found.get("data") or {}).get("spec")
    return spec
