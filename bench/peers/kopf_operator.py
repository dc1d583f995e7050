"""The same operator on kopf: `kopf run --standalone --all-namespaces bench/peers/kopf_operator.py`.

It follows the advice of kopf's documentation for many resources: asynchronous handlers, blocking work on a bounded pool
of threads, watches with label selectors, requeue of gates by TemporaryError. Validation, decisions, templates and
status are the operator's own; calls go through the official client's dynamic interface.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import kopf
from dev.cluster.paths import REPOSITORY
from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

from alluxio_operator.alluxio.client import AlluxioClient
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.base import GROUP
from alluxio_operator.engine.applied import WORKLOADS, Applied
from alluxio_operator.engine.children import MANAGED_BY, OWNER_LABEL
from alluxio_operator.engine.render import LazyManifest, Outlines, Renderer, Rendering
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.decide import decide
from alluxio_operator.kinds.cluster.kind import FOLDER
from alluxio_operator.kinds.cluster.observe import observe
from alluxio_operator.kinds.cluster.report import report, report_problems
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object, Ref
from alluxio_operator.transport.deadline import Deadline

WORKERS = int(os.environ.get("BENCH_WORKERS", "4"))
"""Threads for blocking work, as many as the operator's."""

MANAGER = "alluxio-operator"
DEADLINE = 60.0
CLUSTERS = "alluxioclusters"
CHILDREN = (
    "StatefulSet",
    "DaemonSet",
    "Deployment",
    "Job",
    "ConfigMap",
    "Service",
    "ServiceAccount",
    "PersistentVolumeClaim",
)


class Official:
    """The official dynamic client, with the two calls that observe a cluster."""

    def __init__(self) -> None:
        configuration = Configuration()
        config.load_kube_config(client_configuration=configuration)
        configuration.connection_pool_maxsize = WORKERS + 2
        self._client = DynamicClient(ApiClient(configuration))
        self._resources = {
            kind.kind: self._client.resources.get(api_version=kind.api_version, kind=kind.kind)
            for kind in KINDS.values()
        }
        self._by_plural = {kind.plural: kind.kind for kind in KINDS.values()}

    def get(self, path: str) -> dict[str, Any]:
        """Read one object. Raise NotFound."""
        *_, namespace, plural, name = path.split("/")
        try:
            found = self._resources[self._by_plural[plural]].get(name=name, namespace=namespace)
        except NotFoundError as error:
            raise NotFound(path, 404, str(error)) from error
        return cast(dict[str, Any], found.to_dict())

    def list(self, path: str, label_selector: str = "", *, field_selector: str = "") -> Iterator[dict[str, Any]]:
        """Read a collection."""
        *_, namespace, plural = path.split("/")
        found = self._resources[self._by_plural[plural]].get(
            namespace=namespace, label_selector=label_selector, field_selector=field_selector
        )
        yield from found.to_dict()["items"]

    def apply(self, namespace: str, obj: Object) -> dict[str, Any]:
        """Apply an object server-side."""
        applied = self._client.server_side_apply(
            self._resources[obj["kind"]],
            body=obj,
            namespace=namespace,
            field_manager=MANAGER,
            force_conflicts=True,
        )
        return cast(dict[str, Any], applied.to_dict())

    def delete(self, namespace: str, ref: Ref) -> None:
        """Delete an object, and its dependents in the background."""
        body = {"propagationPolicy": "Background"}
        self._resources[ref.kind].delete(name=ref.name, namespace=namespace, body=body)

    def merge_status(self, key: OwnerKey, status: Mapping[str, Any]) -> None:
        """Merge into a cluster's status."""
        self._resources[KIND].status.patch(
            body={"status": status},
            name=key.name,
            namespace=key.namespace,
            content_type="application/merge-patch+json",
        )


@dataclass
class Applying:
    """Cache of one cluster: its rendering, each object's hash, and the server's state after the last apply."""

    outlines: Outlines | None = None
    hashes: dict[Ref, str] = field(default_factory=dict)
    live: dict[Ref, Object] = field(default_factory=dict)

    def keep(self, ref: Ref, obj: Object) -> None:
        """Cache the server's state: whole workloads, which a report needs, and only metadata of others."""
        kept = ("resourceVersion", "generation", "labels", "uid")
        meta = {key: obj["metadata"].get(key) for key in kept}
        self.live[ref] = {**obj, "metadata": meta} if ref.kind in WORKLOADS else {"metadata": meta}

    def concerns(self, ref: Ref, body: Object) -> bool:
        """Return True if an event is news; drop an object from the cache if another client changed it."""
        live = self.live.get(ref)
        if live is None or live["metadata"]["resourceVersion"] == body["metadata"]["resourceVersion"]:
            return live is None
        same_spec = live["metadata"].get("generation") == body["metadata"].get("generation")
        same_labels = live["metadata"].get("labels") == body["metadata"].get("labels")
        if (
            ref.kind in WORKLOADS | {"Job"}
            and same_spec
            and same_labels
            and "deletionTimestamp" not in body["metadata"]
        ):
            self.keep(ref, body)
        else:
            del self.hashes[ref], self.live[ref]
        return True


class Operator:
    """All clusters; reconciles each one at a time, and several in parallel."""

    def __init__(self) -> None:
        self.official = Official()
        self.threads = ThreadPoolExecutor(WORKERS)
        self._alluxio = AlluxioClient()
        self._renderer = Renderer(REPOSITORY / "templates")
        self._applying: defaultdict[OwnerKey, Applying] = defaultdict(Applying)
        self._locks: defaultdict[OwnerKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._events: defaultdict[OwnerKey, dict[Ref, Object]] = defaultdict(dict)

    async def reconcile(self, key: OwnerKey, *, only_if_concerned: bool = False) -> dict[str, Any] | None:
        """Bring one cluster closer to its spec; return its new status, or None if it didn't change."""
        async with self._locks[key]:
            # Evaluate inside of the lock: by now the events of our own applies have arrived, and several count as one.
            events = self._events.pop(key, {})
            concerned = [self._applying[key].concerns(ref, body) for ref, body in events.items()]
            if only_if_concerned and not any(concerned):
                return None
            call = functools.partial(self._reconcile, key)
            return await asyncio.get_running_loop().run_in_executor(self.threads, call)

    def note(self, key: OwnerKey, body: Object) -> None:
        """Keep the object of an event until the next reconcile."""
        self._events[key][Ref.of(body)] = body

    def forget(self, key: OwnerKey) -> None:
        """Drop the cache of a deleted cluster."""
        for known in (self._applying, self._locks, self._events):
            known.pop(key, None)

    async def publish(self, key: OwnerKey, status: Mapping[str, Any]) -> None:
        """Write a status outside of the cluster's own handlers."""
        call = functools.partial(self.official.merge_status, key, status)
        await asyncio.get_running_loop().run_in_executor(self.threads, call)

    def _reconcile(self, key: OwnerKey) -> dict[str, Any] | None:
        now = datetime.now(UTC)
        observed = observe(cast(Kube, self.official), self._alluxio, key, Deadline.after(DEADLINE))
        if observed is None or "deletionTimestamp" in observed.resource["metadata"]:
            return None
        cluster = validate(observed.resource)
        result: Report
        if isinstance(cluster, Cluster):
            plan = decide(cluster, observed, now)
            known = self._applying[key]
            rendering = Rendering(self._renderer, FOLDER, plan.context, known.outlines)
            known.outlines, manifests = rendering.outlines, rendering.manifests
            rendered = [m.ref for m in manifests]
            due = [m for m in manifests if m.order < plan.until]
            applied = self._apply(key, due)
            recorded = {Ref(item.kind, item.name) for item in observed.status.inventory}
            self._prune(key, recorded - set(rendered), applied)
            result = report(plan, observed, applied, rendered, now)
        else:
            result = report_problems(cluster, observed, now)
        if result.status == observed.status:
            return None
        dumped: dict[str, Any] = result.status.model_dump(by_alias=True, mode="json", exclude_none=True)
        return dumped

    def _apply(self, key: OwnerKey, manifests: Iterable[LazyManifest]) -> Applied:
        known, result = self._applying[key], Applied()
        for manifest in manifests:
            ref = manifest.ref
            if known.hashes.get(ref) != manifest.hash:
                known.keep(ref, self.official.apply(key.namespace, manifest.obj))
                known.hashes[ref] = manifest.hash
                result.changed.append(ref)
            result.present.append(ref)
            result.live[ref] = known.live[ref]
        return result

    def _prune(self, key: OwnerKey, gone: set[Ref], applied: Applied) -> None:
        for ref in gone:
            if ref.kind != "PersistentVolumeClaim":
                try:
                    self.official.delete(key.namespace, ref)
                except NotFoundError:
                    continue
                applied.pruned.append(ref)


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, memo: Any, **_: Any) -> None:
    """Configure kopf."""
    settings.peering.standalone = True
    for kind in CHILDREN:
        settings.watching.label_selectors[KINDS[kind].plural] = f"app.kubernetes.io/managed-by={MANAGED_BY}"
    memo.operator = Operator()


@kopf.on.create(GROUP, CLUSTERS)
@kopf.on.update(GROUP, CLUSTERS)
@kopf.on.resume(GROUP, CLUSTERS)
async def cluster(*, namespace: str | None, name: str, memo: Any, status: Any, patch: Any, **_: Any) -> None:
    """Reconcile a cluster that was created, edited or found at a start, until it is Ready."""
    new = await memo.operator.reconcile(OwnerKey(KIND, namespace or "", name))
    if new is not None:
        patch.status.update(new)
    phase = (new or status).get("phase")
    if phase not in ("Ready", "Invalid"):
        raise kopf.TemporaryError(str((new or status).get("summary", "not installed yet")), delay=1)


@kopf.on.event(GROUP, CLUSTERS)
def gone(*, event: Any, namespace: str | None, name: str, memo: Any, **_: Any) -> None:
    """Forget a cluster that was deleted."""
    if event["type"] == "DELETED":
        memo.operator.forget(OwnerKey(KIND, namespace or "", name))


async def child(*, event: Any, namespace: str | None, labels: Any, memo: Any, **_: Any) -> None:
    """Reconcile the owner of an object that changed, unless the change is our own."""
    # At a start, kopf resumes all clusters, so their existing children need no reconcile.
    if event["type"] is None or OWNER_LABEL not in labels:
        return
    key = OwnerKey(KIND, namespace or "", labels[OWNER_LABEL])
    memo.operator.note(key, dict(event["object"]))
    status = await memo.operator.reconcile(key, only_if_concerned=True)
    if status is not None:
        await memo.operator.publish(key, status)


for _kind in CHILDREN:
    _group, _, _version = KINDS[_kind].api_version.rpartition("/")
    kopf.on.event(_group, _version, KINDS[_kind].plural, labels={"app.kubernetes.io/managed-by": MANAGED_BY})(child)
