"""The floor: what the API server itself needs for the same objects, applied by as many connections as the operator's.

Nothing is decided, rendered or waited for while it runs; a cluster's resource is created all the same, as the objects
are owned by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.kinds import KINDS
from bench.api import Api
from bench.clusters import Place, rendered, resource

MANAGER = "bench-floor"


def install(api: Api, wanted: Sequence[Place], connections: int) -> None:
    """Create each cluster's resource and apply its objects in order, `connections` clusters side by side."""
    with ThreadPoolExecutor(connections) as pool:
        for _ in pool.map(partial(_one, api), wanted):
            pass


def _one(api: Api, place: Place) -> None:
    made = api.call("POST", KINDS[KIND].path(place.namespace), resource(place))
    for path, body in rendered(place, made["metadata"]["uid"]):
        api.apply(path, body, MANAGER)
