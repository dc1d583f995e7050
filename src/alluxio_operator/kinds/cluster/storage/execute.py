"""Looks at volumes whose size is to change, and asks their claims to grow: the calls behind `volumes`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.storage.desired import Wanted
from alluxio_operator.kinds.cluster.storage.expansion import Ask, Found
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS, Object, Ref

CLAIM = KINDS["PersistentVolumeClaim"]
LAYER_OF_WORKLOADS = 2

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Answers:
    """What came of asking: claims that took a larger request, and the server's words for those that it refused."""

    grown: list[Ref] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def look(kube: Kube, cluster: Names, observed: Observed, volumes: Sequence[Wanted]) -> Found:
    """Return the claims of a cluster, and the StatefulSets that have templates of them.

    A StatefulSet labels the claims that it makes with its own selector, and with nothing that tells the owner.
    """
    claims = observed.claims
    if claims is None:
        claims = tuple(kube.list(CLAIM.path(cluster.namespace), cluster.instance_selector))
    named = sorted({volume.workload for volume in volumes if volume.workload})
    if observed.status.layer < LAYER_OF_WORKLOADS:
        named = []
    found = {name: _read(kube, cluster.namespace, name) for name in named}
    return Found(claims, {name: obj for name, obj in found.items() if obj is not None})


def ask(kube: Kube, namespace: str, asks: Iterable[Ask]) -> Answers:
    """Ask claims to grow.

    Whether a storage class can is known by asking only: to read classes takes a right in the whole cluster. What was
    refused for one claim isn't asked for others of its class.
    """
    answers = Answers()
    hopeless: set[tuple[str, str]] = set()
    for one in asks:
        alike, name = (one.volume.name, one.claim.storage_class), one.claim.name
        if alike in hopeless:
            continue
        try:
            kube.merge(CLAIM.path(namespace, name), one.patch)
        except (Conflict, NotFound):
            log.info("claim %s changed before it was asked to grow", name)
        except Refused as error:
            answers.refused[name] = error.message
            hopeless.add(alike)
        else:
            answers.grown.append(Ref("PersistentVolumeClaim", name))
    return answers


def _read(kube: Kube, namespace: str, name: str) -> Object | None:
    try:
        return kube.get(KINDS["StatefulSet"].path(namespace, name))
    except NotFound:
        return None
