"""The clusters of the bench: AlluxioClusters as a user writes them, in several namespaces, and their objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal

import yaml
from dev.cluster.paths import REPOSITORY

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, JournalStatus
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.decide import decide
from alluxio_operator.kinds.cluster.kind import FOLDER
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kube.kinds import KINDS, Ref
from alluxio_operator.kube.text import as_json
from bench.api import Api, CallFailed, Json

PER_NAMESPACE = 10
"""Clusters per namespace: each team has a namespace with a few clusters."""

CREATORS = 8
"""Connections that create clusters: many users at once, or one `kubectl apply` of many files."""

SAMPLE = REPOSITORY / "config" / "samples" / "small.yaml"
UID = "00000000-0000-4000-8000-000000000000"
NAME, NAMESPACE = "bench-name", "bench-namespace"
"""Placeholders in the manifests, which the bench renders once for all clusters."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Namespace and name of one cluster."""

    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Path of the resource at the API server."""
        return KINDS[KIND].path(self.namespace, self.name)


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """One object of a cluster."""

    kind: str
    namespace: str
    name: str


def places(count: int) -> tuple[Place, ...]:
    """Return namespaces and names of `count` clusters."""
    return tuple(Place(f"team-{n // PER_NAMESPACE:03d}", f"alx-{n:04d}") for n in range(count))


@cache
def sample_spec() -> Json:
    """Return the spec of every cluster: the smallest sample, which has all roles."""
    return dict(yaml.safe_load(SAMPLE.read_text())["spec"])


def resource(place: Place) -> Json:
    """Return a cluster as its user writes it."""
    meta = {"name": place.name, "namespace": place.namespace}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": meta, "spec": sample_spec()}


def prepare_namespaces(api: Api, wanted: tuple[Place, ...]) -> None:
    """Create the missing namespaces of clusters."""
    for name in sorted({place.namespace for place in wanted}):
        try:
            api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        except CallFailed as failure:
            if failure.status != 409:
                raise


def create(api: Api, wanted: tuple[Place, ...]) -> dict[Place, str]:
    """Create clusters as fast as CREATORS connections can; return their uids."""

    def one(place: Place) -> tuple[Place, str]:
        path = KINDS[KIND].path(place.namespace)
        return place, str(api.call("POST", path, resource(place))["metadata"]["uid"])

    with ThreadPoolExecutor(CREATORS) as pool:
        return dict(pool.map(one, wanted))


@cache
def _template(journal_job: bool = False) -> tuple[tuple[int, str, str, str], ...]:
    """Render one cluster with every gate open; return order, kind, name and JSON of each object.

    An installed cluster no longer has a Job for its journal.
    """
    made = resource(Place(NAMESPACE, NAME))
    made["metadata"] |= {"uid": UID, "generation": 1}
    cluster = validate(made)
    if not isinstance(cluster, Cluster):
        raise AssertionError(f"the sample isn't valid: {cluster}")
    journal = None if journal_job else JournalStatus(state="Initialized", operation=f"{UID[:8]}c")
    observed = Observed(resource=made, status=ClusterStatus(journal=journal))
    manifests = Renderer(REPOSITORY / "templates").render(FOLDER, decide(cluster, observed, datetime.now(UTC)).context)
    return tuple((m.order, m.ref.kind, m.ref.name, as_json(m.obj)) for m in manifests)


def objects_of(place: Place) -> tuple[ObjectName, ...]:
    """Return the objects of an installed cluster in apply order."""
    return tuple(ObjectName(kind, place.namespace, name.replace(NAME, place.name)) for _, kind, name, _ in _template())


def rendered(place: Place, uid: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and body of each object of an installed cluster in apply order."""
    for _, kind, name, text in _template():
        path = KINDS[kind].path(place.namespace, name.replace(NAME, place.name))
        yield path, _placed(text, place).replace(UID, uid).encode()


def rendered_in_order(place: Place, uid: str) -> Iterator[tuple[int, str, str, bytes]]:
    """Yield template number, kind, name and body of each object, including the Job that initialises the journal."""
    for order, kind, name, text in _template(journal_job=True):
        yield order, kind, name.replace(NAME, place.name), _placed(text, place).replace(UID, uid).encode()


def status_of(place: Place, journal: Literal["Initializing", "Initialized"]) -> Json:
    """Return the minimal status that an operator must record: the inventory and the state of the journal."""
    inventory = tuple(
        Ref(kind, name.replace(NAME, place.name)).item for _, kind, name, _ in _template(journal_job=True)
    )
    journal_status = JournalStatus(state=journal, operation=f"{UID[:8]}c")
    return ClusterStatus(journal=journal_status, inventory=inventory).model_dump(
        mode="json", by_alias=True, exclude_none=True
    )


def with_journal_job(place: Place) -> list[tuple[int, Json]]:
    """Return the objects that a user would apply by hand, without an owner, each with its template number."""
    found = []
    for order, _, _, text in _template(journal_job=True):
        obj = json.loads(_placed(text, place))
        obj["metadata"].pop("ownerReferences", None)
        found.append((order, obj))
    return found


def _placed(text: str, place: Place) -> str:
    return text.replace(NAMESPACE, place.namespace).replace(NAME, place.name)


EDITED_PROPERTY = "alluxio.user.rpc.retry.max.duration"


def edit(number: int) -> tuple[Json, bytes]:
    """Return the merge patch of an edit, and the text that the child contains afterwards.

    It edits a property of the log server: that changes a ConfigMap and restarts one pod, so a hundred edits in a row
    don't measure restarts of Alluxio's masters.
    """
    value = f"{1000 + number}s"
    return {"spec": {"logServer": {"properties": {EDITED_PROPERTY: value}}}}, f"{EDITED_PROPERTY}={value}".encode()


def edited_child(place: Place) -> ObjectName:
    """Return the child that an edit changes."""
    return ObjectName("ConfigMap", place.namespace, f"{place.name}-logserverconf")


def now() -> str:
    """Return the current UTC time for records (RFC 3339)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
