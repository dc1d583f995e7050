"""A namespace of a real API server, an operator that works in it, and stand-ins for kubelet and Alluxio."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from prometheus_client import CollectorRegistry
from tests.support.builders import NAME, info, merged, spec
from tests.support.rendering import RENDERER
from tests.support.world import FakeAlluxio

from alluxio_operator.alluxio.answers import NoAnswer, Standby
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.work import ChildRef, Outcome, OwnerKey, Reason, Request
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.reconcile import cluster_reconciler
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import ApiError
from alluxio_operator.kube.kinds import KINDS, OF_KUBERNETES, Ref
from alluxio_operator.kube.text import as_json
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]

NO_NODE = {"nodeSelector": {"alluxio-operator.io/no-node-has-this": "true"}}
NOWHERE: Json = {"masters": NO_NODE, "workers": NO_NODE, "jobService": {"master": NO_NODE}, "logServer": NO_NODE}
"""Placement under which no pod ever runs."""

OWNED = [kind for kind in OF_KUBERNETES.values() if kind.kind not in ("ControllerRevision", "Event", "Pod")]


PATIENCE = 90.0
"""Seconds for what takes Kubernetes' controllers a moment: a bound against hanging on a busy machine, not a promise."""

SETTLING = 0.5
"""Seconds without a write after which the controllers count as done."""


def until(condition: Callable[[], object], seconds: float = PATIENCE, every: float = 0.1) -> None:
    """Wait until something holds, looking again after `every` so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} seconds")
        time.sleep(every)


@dataclass(frozen=True)
class Answer:
    """What the API server answered."""

    status: int
    body: Json
    warning: str = ""

    @property
    def message(self) -> str:
        """Why a call was refused."""
        return str(self.body.get("message", "")) if self.status >= 300 else ""


@dataclass
class Api:
    """The API server as an administrator sees it."""

    configuration: Configuration
    client: ApiClient
    made: list[str] = field(default_factory=list)

    @classmethod
    def connect(cls) -> Api:
        """Connect as KUBECONFIG says."""
        configuration = Configuration()
        config.load_kube_config(client_configuration=configuration)
        configuration.retries = False
        return cls(configuration, ApiClient(configuration))

    @property
    def kube(self) -> Kube:
        """The operator's own client, with the same rights."""
        return Kube(self.client)

    def as_bearer(self, token: str) -> Kube:
        """Return the operator's client with the rights of a token."""
        theirs = Configuration()
        theirs.host, theirs.ssl_ca_cert = self.configuration.host, self.configuration.ssl_ca_cert
        theirs.api_key = {"authorization": f"Bearer {token}"}
        theirs.retries = False
        return Kube(ApiClient(theirs))

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: str = "application/json",
        impersonate: tuple[str, str] | None = None,
        ok: bool = False,
        **query: str,
    ) -> Answer:
        """Make any call, also as another user of a group; with `ok` it has to succeed."""
        headers = {"Accept": "application/json", "Content-Type": content}
        if impersonate:
            headers["Impersonate-User"], headers["Impersonate-Group"] = impersonate
        self.client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = self.configuration.host + path + (f"?{urlencode(query)}" if query else "")
        sent = as_json(body) if content == "application/apply-patch+yaml" else body
        answer = self.client.rest_client.request(method, url, headers=headers, body=sent, _request_timeout=20)
        data = answer.read()
        try:
            document = json.loads(data)
        except ValueError:
            document = {"message": data.decode(errors="replace")}
        if ok and answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {document.get('message')}")
        return Answer(answer.status, document, answer.headers.get("Warning", ""))

    def apply(self, path: str, body: Mapping[str, Any], manager: str = "tests", **query: str) -> Answer:
        """Apply an object server-side; it has to be accepted."""
        query = {"fieldManager": manager, "force": "true", **query}
        return self.call("PATCH", path, body, content="application/apply-patch+yaml", ok=True, **query)

    def merge(self, path: str, patch: Mapping[str, Any], **query: str) -> Answer:
        """Merge a patch into an object, as somebody else."""
        query = {"fieldManager": "somebody-else", **query}
        return self.call("PATCH", path, patch, content="application/merge-patch+json", **query)

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        """Run kubectl and return what it printed."""
        done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False, timeout=30)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout + done.stderr


class Watched:
    """The operator's client with an ear at each call: `before` may raise, or change something as others would."""

    def __init__(self, kube: Kube, before: Callable[[str, tuple[Any, ...]], None]) -> None:
        self._kube = kube
        self._before = before

    def within(self, deadline: Deadline) -> Watched:
        return Watched(self._kube.within(deadline), self._before)

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._kube, verb)

        def call(*arguments: Any, **options: Any) -> Any:
            self._before(verb, arguments)
            return method(*arguments, **options)

        return call


class Stage:
    """One AlluxioCluster in one namespace, and all that a test does with it."""

    def __init__(self, api: Api, namespace: str, name: str = NAME, kube: Kube | Watched | None = None) -> None:
        self.api = api
        self.namespace = namespace
        self.name = name
        self.names = Names(name, namespace)
        self.key = OwnerKey(KIND, namespace, name)
        self.path = KINDS[KIND].path(namespace, name)
        self.alluxio = FakeAlluxio()
        self.start_operator(kube)

    # --- the operator ---------------------------------------------------------------------------------------------

    def start_operator(self, kube: Kube | Watched | None = None, renderer: Renderer = RENDERER) -> None:
        """Start the operator anew, with another client or renderer if one is given."""
        self.reconciler = cluster_reconciler(
            kube or self.api.kube,  # type: ignore[arg-type]
            self.alluxio,
            renderer,
            Metrics(CollectorRegistry()),
            lambda: datetime.now(UTC),
        )

    def reconcile(self, *children: Ref, everything: bool = False) -> Outcome:
        """Reconcile once."""
        named = frozenset(ChildRef(ref.kind, ref.name) for ref in children)
        return self.reconciler(Request(self.key, Reason.CHILD, named, everything), Deadline.after(30))

    def reconcile_until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Reconcile again and again, as the queue would, until something holds."""

        def again() -> object:
            try:
                self.reconcile(everything=True)
            except ApiError as error:
                if error.status not in (0, 409):
                    raise
            return condition()

        until(again, seconds)

    # --- the resource ---------------------------------------------------------------------------------------------

    def body(self, **over: Any) -> Json:
        """Return the resource as a person writes it."""
        metadata = {"name": self.name, "namespace": self.namespace}
        wish = merged(merged(spec(), NOWHERE), over)
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": wish}

    def create(self, **over: Any) -> Json:
        """Create the resource."""
        path = KINDS[KIND].path(self.namespace)
        return self.api.call("POST", path, self.body(**over), ok=True, fieldValidation="Strict").body

    def edit(self, **over: Any) -> Json:
        """Change the spec by a merge patch; None removes a field."""
        answer = self.api.merge(self.path, {"spec": over})
        assert answer.status == 200, answer.message
        return answer.body

    @property
    def resource(self) -> Json:
        """The resource as it is stored."""
        return self.api.call("GET", self.path, ok=True).body

    @property
    def status(self) -> Json:
        """The status of the resource."""
        found: Json = self.resource.get("status", {})
        return found

    def condition(self, kind: str) -> Json:
        """Return a condition of the resource."""
        found: Json = next((c for c in self.status.get("conditions", ()) if c["type"] == kind), {})
        return found

    # --- what is there --------------------------------------------------------------------------------------------

    def get(self, kind: str, suffix: str) -> Json:
        """Return an object of the cluster by the end of its name."""
        return self.api.call("GET", self.at(kind, suffix), ok=True).body

    def at(self, kind: str, suffix: str) -> str:
        """Return the path of an object of the cluster by the end of its name, or by its whole name."""
        whole = suffix if suffix.startswith(("journal-", self.name)) else self.names.of(suffix)
        return KINDS[kind].path(self.namespace, whole)

    def objects(self) -> dict[Ref, Json]:
        """Return all objects of the cluster."""
        found = {}
        for kind in OWNED:
            items = self.api.kube.list(kind.path(self.namespace), self.names.owned_by_selector)
            found.update({Ref(kind.kind, item["metadata"]["name"]): item for item in items})
        return found

    def refs(self) -> list[str]:
        """Return kind and name of all objects of the cluster, sorted."""
        return sorted(f"{ref.kind}/{ref.name}" for ref in self.objects())

    def versions(self) -> dict[str, str]:
        """Return the resourceVersion of the resource and of all its objects."""
        found = {f"{ref.kind}/{ref.name}": obj["metadata"]["resourceVersion"] for ref, obj in self.objects().items()}
        return {**found, KIND: self.resource["metadata"]["resourceVersion"]}

    def versions_at_rest(self) -> dict[str, str]:
        """Return the same once the controllers of Kubernetes write no status any more."""
        looks = [self.versions()]

        def still() -> bool:
            time.sleep(SETTLING)
            looks.append(self.versions())
            return looks[-1] == looks[-2]

        until(still)
        return looks[-1]

    def pods(self) -> list[Json]:
        """Return the cluster's pods."""
        return list(self.api.kube.list(KINDS["Pod"].path(self.namespace), self.names.owned_by_selector))

    def events(self) -> list[str]:
        """Return the reasons of the resource's events."""
        found = self.api.kube.list(KINDS["Event"].path(self.namespace))
        return [event["reason"] for event in found if event["involvedObject"]["kind"] == KIND]

    # --- what the kubelet and Alluxio would do --------------------------------------------------------------------

    def finish_journal(self) -> None:
        """End the journal's Jobs well."""
        label = self.names.labels("journal")["app.kubernetes.io/component"]

        def done() -> bool:
            for pod in self.pods():
                if pod["metadata"]["labels"]["app.kubernetes.io/component"] == label:
                    self._set_pod(pod, {"phase": "Succeeded"})
            jobs = [obj for ref, obj in self.objects().items() if ref.kind == "Job"]
            return bool(jobs) and all(
                any(
                    condition["type"] == "Complete" and condition["status"] == "True"
                    for condition in job.get("status", {}).get("conditions", ())
                )
                for job in jobs
            )

        until(done)

    def start_pods(self) -> None:
        """Let every pod of a workload run and be ready, and wait until the controllers have seen it."""

        def done() -> bool:
            pods = [pod for pod in self.pods() if pod["status"]["phase"] != "Succeeded"]
            for pod in pods:
                if pod["status"]["phase"] != "Running" and "deletionTimestamp" not in pod["metadata"]:
                    self._set_pod(pod, _running(pod))
            workloads = [obj for ref, obj in self.objects().items() if ref.kind in ("StatefulSet", "Deployment")]
            return bool(workloads) and all(_settled(obj) for obj in workloads)

        until(done)

    def serve(self, live: int = 1, masters: int = 1) -> None:
        """Let the masters serve: the first one leads, the others follow."""
        self.alluxio.master = info(live=live, names=self.names)
        leader = self.names.host("master", 0)
        self.alluxio.answers = {address(ordinal): Standby(leader) for ordinal in range(1, masters)}
        self.alluxio.indexes = {address(ordinal): 40 for ordinal in range(masters)}

    def stop_serving(self) -> None:
        """Let no master answer."""
        self.alluxio.master = NoAnswer("connection refused")
        self.alluxio.answers = {}

    def install(self, masters: int = 1) -> None:
        """Do all steps of an installation, up to Ready."""
        self.reconcile()
        self.finish_journal()
        self.reconcile()
        self.start_pods()
        self.serve(masters=masters)
        self.reconcile_until(lambda: self.status["phase"] == "Ready")
        self.reconcile()

    def _set_pod(self, pod: Json, status: Json) -> None:
        self.api.merge(KINDS["Pod"].path(self.namespace, pod["metadata"]["name"], "status"), {"status": status})


def address(ordinal: int) -> str:
    """Return where a pod of a workload is found: in a network for documentation, in which nobody answers."""
    return f"192.0.2.{7 + ordinal}"


def _running(pod: Json) -> Json:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": now}},
        }
        for container in pod["spec"]["containers"]
    ]
    last = pod["metadata"]["name"].rpartition("-")[2]
    ip = address(int(last) if last.isdecimal() else 0)
    return {
        "phase": "Running",
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "conditions": conditions,
        "containerStatuses": containers,
    }


def _settled(obj: Json) -> bool:
    status, wanted = obj.get("status", {}), obj["spec"].get("replicas", 1)
    # Which pods are of an older revision is for the operator to say where it replaces them.
    operators = obj["spec"].get("updateStrategy", {}).get("type") == "OnDelete"
    return (
        status.get("observedGeneration", 0) >= obj["metadata"]["generation"]
        and status.get("readyReplicas", 0) == wanted
        and (operators or status.get("updatedReplicas", 0) == wanted)
        and status.get("replicas", 0) == wanted
    )
