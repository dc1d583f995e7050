"""Keeps each spec that made a cluster Ready as a ControllerRevision, so that a rollback can return to it.

A revision's name contains a hash of its spec. So keeping the same spec twice changes nothing, and no revision is ever
modified.
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

HISTORY_LIMIT: Final = 5
"""Number of revisions that the operator keeps for each cluster."""

log = logging.getLogger(__name__)


def keep(kube: Kube, resource: Object, good: GoodSpec) -> str | None:
    """Keep the resource's spec and delete the oldest revisions; return the API server's message if it refuses."""
    meta = resource["metadata"]
    cluster = Names(meta["name"], meta["namespace"])
    collection = KINDS["ControllerRevision"].path(cluster.namespace)
    try:
        kube.create(collection, revision_of(resource, good, cluster))
    except Conflict:
        # The revision exists. The status records that it is the latest good one again.
        return None
    except Refused as error:
        return error.message
    log.info("kept the spec of generation %s as ControllerRevision %s", good.generation, good.revision)
    # Each revision has a generation of its own, so up to this generation there can't be too many.
    if good.generation > HISTORY_LIMIT:
        _delete_oldest(kube, cluster)
    return None


def _delete_oldest(kube: Kube, cluster: Names) -> None:
    collection = KINDS["ControllerRevision"].path(cluster.namespace)
    selector = f"{cluster.owned_by_selector},app.kubernetes.io/component={COMPONENT}"
    revisions = sorted(kube.list(collection, selector), key=lambda one: int(one["revision"]))
    for old in revisions[:-HISTORY_LIMIT]:
        with contextlib.suppress(NotFound, Conflict, Refused):
            path = KINDS["ControllerRevision"].path(cluster.namespace, old["metadata"]["name"])
            kube.delete(path, uid=old["metadata"]["uid"])


def read(kube: Kube, namespace: str, good: GoodSpec) -> Mapping[str, Any] | None:
    """Return the spec that a revision keeps; None if the revision was deleted."""
    try:
        revision = kube.get(KINDS["ControllerRevision"].path(namespace, good.revision))
    except NotFound:
        return None
    spec: Mapping[str, Any] | None = (revision.get("data") or {}).get("spec")
    return spec
