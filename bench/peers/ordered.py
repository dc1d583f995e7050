"""The floor in order: the minimal API calls of any operator with the same guarantees.

It applies the floor's objects, with the waits that the floor leaves out: a Job initialises the journal before the
workloads, Services follow once masters are ready, each step is recorded in the status first (the minimum that protects
the journal), and one Event reports each step. It decides, renders, rereads and repeats nothing. An operator's cost
beyond this is its own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Final, Literal

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.workloads.progress import progress_of
from bench import clusters, waiting
from bench.api import Api, Json
from bench.clusters import Place
from bench.peers.floor import MANAGER

WORKLOADS, SERVICES = 30, 90
"""Numbers of the first templates that wait for the journal, and for the masters."""

PATIENCE: Final = 3600.0


def install(api: Api, wanted: Sequence[Place], connections: int) -> None:
    """Install clusters in order, `connections` of them in parallel; return after all objects are applied."""
    run = _Run(api, {(place.namespace, place.name): place for place in wanted}, connections)
    run.install()


class _Run:
    """A run of installations: each watch event that opens a gate starts the cluster's next step."""

    def __init__(self, api: Api, places: Mapping[tuple[str, str], Place], connections: int) -> None:
        self._api = api
        self._places = places
        self._pool = ThreadPoolExecutor(connections)
        self._resources: dict[Place, Json] = {}
        self._reached: set[tuple[Place, int]] = set()
        self._left = len(places)
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._failure: BaseException | None = None

    def install(self) -> None:
        watched = (("Job", self._saw_job), ("StatefulSet", self._saw_masters))
        with ExitStack() as stack:
            stack.callback(self._pool.shutdown, wait=False, cancel_futures=True)
            watches = [
                partial(self._api.watch, KINDS[kind].path(""), metadata_only=False, labels=waiting.OURS)
                for kind, _ in watched
            ]
            stack.enter_context(waiting.reading(watches, [saw for _, saw in watched]))
            for place in self._places.values():
                self._start(self._begin, place)
            if not self._done.wait(PATIENCE):
                raise TimeoutError(f"{self._left} clusters have objects missing after {PATIENCE:.0f} s")
        if self._failure is not None:
            raise self._failure

    def _start(self, step: Callable[[Place], None], place: Place) -> None:
        self._pool.submit(step, place).add_done_callback(self._ended)

    def _ended(self, step: Future[None]) -> None:
        if not step.cancelled() and (failure := step.exception()) is not None:
            self._failure = failure
            self._done.set()

    def _begin(self, place: Place) -> None:
        path = KINDS[KIND].path(place.namespace)
        self._resources[place] = self._api.call("POST", path, clusters.resource(place))
        self._record(place, "Initializing")
        self._apply(place, 0, WORKLOADS)

    def _go_on(self, place: Place) -> None:
        self._record(place, "Initialized")
        self._apply(place, WORKLOADS, SERVICES)

    def _end(self, place: Place) -> None:
        self._apply(place, SERVICES, 100)
        self._record(place, "Initialized")
        with self._lock:
            self._left -= 1
            if not self._left:
                self._done.set()

    def _apply(self, place: Place, first: int, until: int) -> None:
        uid = self._resources[place]["metadata"]["uid"]
        for order, kind, name, body in clusters.rendered_in_order(place, uid):
            if first <= order < until:
                self._api.apply(KINDS[kind].path(place.namespace, name), body, MANAGER)

    def _record(self, place: Place, step: Literal["Initializing", "Initialized"]) -> None:
        """Write the status, and one Event."""
        resource = self._resources[place]
        resource["status"] = clusters.status_of(place, step)
        self._resources[place] = self._api.call("PUT", f"{place.path}/status", resource)
        about = {"apiVersion": API_VERSION, "kind": KIND, "name": place.name, "namespace": place.namespace}
        about["uid"] = resource["metadata"]["uid"]
        self._api.call(
            "POST",
            f"/api/v1/namespaces/{place.namespace}/events",
            {
                "metadata": {"generateName": f"{place.name}.", "namespace": place.namespace},
                "involvedObject": about,
                "reason": step,
                "message": f"{step} is reached",
                "type": "Normal",
                "source": {"component": MANAGER},
                "firstTimestamp": clusters.now(),
                "lastTimestamp": clusters.now(),
                "count": 1,
            },
        )

    def _saw_job(self, line: bytes) -> None:
        if b'"type":"Complete"' in line:
            self._open_gate(line, WORKLOADS, self._go_on)

    def _saw_masters(self, line: bytes) -> None:
        if b"-master" in line and progress_of({"kind": "StatefulSet", **json.loads(line)["object"]}).settled:
            self._open_gate(line, SERVICES, self._end)

    def _open_gate(self, line: bytes, gate: int, step: Callable[[Place], None]) -> None:
        meta = json.loads(line)["object"]["metadata"]
        owner = meta["labels"]["app.kubernetes.io/instance"]
        place = self._places[meta["namespace"], owner]
        if gate == SERVICES and meta["name"] != f"{place.name}-master":
            return
        with self._lock:
            if (place, gate) in self._reached:
                return
            self._reached.add((place, gate))
        self._start(step, place)
