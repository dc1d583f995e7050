"""Asks PVCs to grow."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from alluxio_operator.engine.applied import Applied
from alluxio_operator.kinds.cluster.storage.expansion import ExpandClaims
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Ref

log = logging.getLogger(__name__)


def expand(kube: Kube, namespace: str, effect: ExpandClaims, applied: Applied) -> Mapping[str, str]:
    """Ask claims to grow; return the API server's message for each claim that it refused.

    Only an attempt shows whether a storage class can expand: to read classes takes a right in the whole cluster. After
    a refusal, the other claims of the same volume and class aren't asked.
    """
    refused: dict[str, str] = {}
    hopeless: set[tuple[str, str]] = set()
    for one in effect.asks:
        alike, name = (one.volume.name, one.claim.storage_class), one.claim.name
        if alike in hopeless:
            continue
        try:
            kube.merge(KINDS["PersistentVolumeClaim"].path(namespace, name), one.patch)
        except (Conflict, NotFound):
            log.info("claim %s changed before it was asked to grow", name)
        except Refused as error:
            refused[name] = error.message
            hopeless.add(alike)
        else:
            applied.changed.append(Ref("PersistentVolumeClaim", name))
    return refused
