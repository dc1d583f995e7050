"""A small world around a Presto: an in-memory API server, the controllers of Kubernetes, and answering servers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from tests.support.builders import NAMESPACE, NOW, container_status, merged
from tests.support.owner_world import OwnerWorld
from tests.support.rendering import RENDERER

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.api.presto import KIND, PrestoSpec
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.presto.names import Names
from alluxio_operator.kinds.presto.reconcile import presto_reconciler
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo, Server
from alluxio_operator.kinds.presto.validate import Presto, validate
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]
NAME = "queries"
UID = "99887766-1111-2222-3333-444455556666"
HIVE: Json = {"name": "hive", "hive": {"thrift": {"uris": ["thrift://metastore:9083"]}}}
"""A catalog whose tables may lie in the cache."""


def spec(**over: Any) -> Json:
    """Return a spec with one worker and a catalog of generated tables."""
    return merged({"version": "0.287", "catalogs": [{"name": "tpch", "tpch": {}}]}, over)


def resource(name: str = NAME, *, status: Mapping[str, Any] | None = None, generation: int = 1, **over: Any) -> Json:
    """Return a Presto as the API server sends it, with `over` merged into the spec."""
    made: Json = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": UID,
            "generation": generation,
            "resourceVersion": "10",
            "managedFields": [{"manager": "kubectl-client-side-apply", "time": "2030-01-02T03:04:00Z"}],
        },
        "spec": spec(**over),
    }
    if status is not None:
        made["status"] = dict(status)
    return made


def presto_spec(**over: Any) -> PrestoSpec:
    """Return a parsed spec."""
    return PrestoSpec.model_validate(spec(**over))


def presto(**over: Any) -> Presto:
    """Return a valid Presto."""
    made = validate(resource(**over), NOW)
    assert isinstance(made, Presto), made
    return made


def cluster(name: str = "small", *, ready: bool = True, uid: str = "uid-of-small", **workers: Any) -> Json:
    """Return an AlluxioCluster with the fields that Presto reads."""
    return {
        "apiVersion": API_VERSION,
        "kind": "AlluxioCluster",
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": uid},
        "spec": {"workers": workers},
        "status": {
            "summary": "waiting for MastersServing" if not ready else "",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def client(name: str = "small", port: int = 19998) -> Json:
    """Return the client ConfigMap of an AlluxioCluster."""
    text = f"alluxio.master.hostname={name}-master-0\nalluxio.master.rpc.port={port}\n"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name}-client", "namespace": NAMESPACE},
        "data": {"alluxio-site.properties": text},
    }


def pod(role: str, name: str, *, ready: bool, trouble: Json | None = None, made_by: Json | None = None) -> Json:
    """Return a pod of a role; `trouble`: the waiting reason of its container; `made_by`: its template."""
    containers = [container_status(role, ready=ready, **({"waiting": trouble} if trouble else {"running": {}}))]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": dict(Names(NAME, NAMESPACE).labels(role)),
            "uid": f"uid-{name}",
            "annotations": made_by["metadata"]["annotations"] if made_by else {},
        },
        "spec": {"containers": made_by["spec"]["containers"] if made_by else []},
        "status": {
            "phase": "Pending" if trouble else "Running",
            "podIP": "10.0.0.9" if role == "coordinator" else "10.0.1.9",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": containers,
        },
    }


class FakeServers:
    """Stands in for Presto over HTTP."""

    def __init__(self) -> None:
        self.answer: CoordinatorInfo | NoAnswer = NoAnswer("connection refused")
        self.running = 0
        self.queued = 0
        self.processors: float | None = None
        self.asked: list[Server] = []

    def coordinator(self, server: Server, deadline: Deadline) -> CoordinatorInfo | NoAnswer:
        self.asked.append(server)
        return self.answer

    def processor_load(self, server: Server, deadline: Deadline) -> float | None:
        self.asked.append(server)
        return self.processors


class World(OwnerWorld):
    """One Presto, its operator and the world around them."""

    def __init__(self, made: Json | None = None) -> None:
        super().__init__(OwnerKey(KIND, NAMESPACE, NAME))
        self.servers = FakeServers()
        self.kube.put(made or resource())
        self.trouble: dict[str, Json] = {}
        self.start_operator()

    def start_operator(self, renderer: Renderer = RENDERER) -> None:
        """Restart the operator with empty caches, as another version if the renderer is one's."""
        self.reconciler = presto_reconciler(
            self.kube,  # type: ignore[arg-type]
            self.servers,
            renderer,
            Metrics(CollectorRegistry()),
            self.clock,
        )

    def turn(self) -> None:
        """Let Kubernetes and Presto catch up: start pods, let the coordinator count its workers."""
        for name in self.kube.of_kind("Deployment"):
            self._run(name)
        active = sum("prestoworker" in name for name in self.kube.of_kind("Pod") if self._ready(name))
        serves = any("coordinator" in name and self._ready(name) for name in self.kube.of_kind("Pod"))
        self.servers.answer = (
            CoordinatorInfo("0.287", active, self.servers.running, self.servers.queued)
            if serves
            else NoAnswer("connection refused")
        )

    def stand_still(self, seconds: float) -> int:
        """Reconcile at each requeue without other changes; return the number of reconciles."""
        end, count = self.now + timedelta(seconds=seconds), 0
        while self.now < end:
            outcome = self.reconcile()
            count += 1
            if outcome.requeue_after is None:
                break
            self.pass_time(max(outcome.requeue_after, 0.001))
            assert count < 10_000, f"a hot loop: {outcome}"
        return count

    def objects(self) -> set[str]:
        """Return the objects that serve, as KIND/NAME."""
        kinds = ("ConfigMap", "Deployment", "Service", "ServiceAccount")
        return {f"{kind}/{name}" for kind in kinds for name in self.kube.of_kind(kind)}

    def deployment(self, name: str) -> Json:
        """Return one of its Deployments."""
        return self.kube.object("Deployment", NAMESPACE, f"{NAME}-{name}")

    def hash_of(self, name: str) -> str:
        """Return the hash whose change restarts the pods of a Deployment."""
        annotations = self.deployment(name)["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["alluxio-operator.io/config-hash"])

    def edit_spec(self, **over: Any) -> None:
        """Change the spec as a user."""
        self.kube.edit(KIND, NAMESPACE, NAME, lambda obj: obj.update(spec=spec(**over)))

    def _ready(self, name: str) -> bool:
        found = self.kube.object("Pod", NAMESPACE, name)["status"]["conditions"]
        return any(c["type"] == "Ready" and c["status"] == "True" for c in found)

    def _run(self, name: str) -> None:
        obj = self.kube.object("Deployment", NAMESPACE, name)
        role = "coordinator" if name.endswith("-coordinator") else "worker"
        wanted, trouble = obj["spec"]["replicas"], self.trouble.get(role)
        ready = 0 if trouble else wanted
        status = {
            "replicas": wanted,
            "updatedReplicas": wanted,
            "readyReplicas": ready,
            "observedGeneration": obj["metadata"]["generation"],
        }
        self.kube.edit("Deployment", NAMESPACE, name, lambda one: one.update(status=status))
        for ordinal in range(wanted):
            made_by = obj["spec"]["template"]
            self.kube.put(pod(role, f"{name}-{ordinal}", ready=not trouble, trouble=trouble, made_by=made_by))
        for extra in self.kube.of_kind("Pod"):
            if extra.startswith(f"{name}-") and int(extra.rpartition("-")[2]) >= wanted:
                self.kube.remove(KINDS["Pod"].path(NAMESPACE, extra))
