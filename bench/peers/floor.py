"""The floor: the time of the API server for the same objects, applied over as many connections as the operator's.

It decides, renders and waits for nothing. It also creates a cluster's resource, because that owns the objects.
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
    """Create each cluster's resource and apply its objects in order, `connections` clusters in parallel."""
    with ThreadPoolExecutor(connections) as pool:
        for _ in pool.map(partial(_one, api), wanted):
            pass


def _one(api: Api, place: Place) -> None:
    made = api.call("POST", KINDS[KIND].path(place.namespace), resource(place))
    for path, body in rendered(place, made["metadata"]["uid"]):
        api.apply(path, body, MANAGER)
