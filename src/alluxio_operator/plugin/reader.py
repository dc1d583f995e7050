"""API access of the commands, with the rights of the user's kubeconfig."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import config
from kubernetes.client import ApiClient, Configuration, CoreV1Api
from kubernetes.client.exceptions import ApiException

from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.alluxiodrill import KIND as DRILL
from alluxio_operator.api.lenient import read_status
from alluxio_operator.api.presto import KIND as PRESTO
from alluxio_operator.kinds.cluster.rollout import revisions
from alluxio_operator.kinds.cluster.rollout.rollback import active
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import Conflict, NotFound
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.plugin.errors import PluginError

Object = Mapping[str, Any]
MANAGER = "kubectl-alluxio"
"""Field manager of the commands' writes. The cluster's history shows it."""


LOG_BYTES = 8 * 1024 * 1024
"""Bytes of one log: a pod decides how long its lines are."""
LINE_BYTES = 64 * 1024
"""Bytes of a followed log after which a line is shown before its end."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A connection to the API server; `namespace` is the default namespace."""

    kube: Kube
    pods: CoreV1Api
    namespace: str

    @classmethod
    def connect(cls, kubeconfig: str | None, context: str | None, namespace: str | None) -> Reader:
        """Connect as kubectl does. Raise PluginError without a usable kubeconfig."""
        configuration = Configuration()
        try:
            config.load_kube_config(kubeconfig, context, client_configuration=configuration)
            contexts, active = config.list_kube_config_contexts(kubeconfig)
        except config.ConfigException as error:
            raise PluginError(f"no usable kubeconfig: {error}; set KUBECONFIG or give --kubeconfig") from error
        chosen = next((one for one in contexts if one["name"] == context), active)
        client = ApiClient(configuration)
        return cls(Kube(client), CoreV1Api(client), namespace or chosen["context"].get("namespace") or "default")

    def clusters(self, *, everywhere: bool = False) -> list[Object]:
        """Read the clusters of the namespace, or of all namespaces."""
        return list(self.kube.list(KINDS[KIND].path("" if everywhere else self.namespace)))

    def cluster(self, name: str) -> Object:
        """Read one cluster."""
        return self.kube.get(KINDS[KIND].path(self.namespace, name))

    def prestos(self, *, everywhere: bool = False) -> list[Object]:
        """Read the Prestos of the namespace, or of all namespaces; none if the CRD isn't installed."""
        try:
            return list(self.kube.list(KINDS[PRESTO].path("" if everywhere else self.namespace)))
        except NotFound:
            return []

    def presto(self, name: str) -> Object:
        """Read one Presto."""
        return self.kube.get(KINDS[PRESTO].path(self.namespace, name))

    def backups(self) -> list[Object]:
        """Read the backups of the namespace."""
        return list(self.kube.list(KINDS[BACKUP].path(self.namespace)))

    def backup(self, name: str) -> Object:
        """Read one backup."""
        return self.kube.get(KINDS[BACKUP].path(self.namespace, name))

    def create_backup(self, manifest: Object) -> None:
        """Create a backup. Raise PluginError if there is one of its name."""
        self._create(BACKUP, manifest)

    def drill(self, name: str) -> Object:
        """Read one drill."""
        return self.kube.get(KINDS[DRILL].path(self.namespace, name))

    def create_drill(self, manifest: Object) -> None:
        """Create a drill. Raise PluginError if there is one of its name."""
        self._create(DRILL, manifest)

    def _create(self, kind: str, manifest: Object) -> None:
        try:
            self.kube.create(KINDS[kind].path(self.namespace), manifest, manager=MANAGER)
        except Conflict as error:
            name = manifest["metadata"]["name"]
            raise PluginError(f"there is an {kind} {name} already: give --as another name") from error

    def change(self, name: str, patch: Object) -> Object:
        """Merge a patch into one cluster's resource and return the result."""
        return self.kube.merge(KINDS[KIND].path(self.namespace, name), patch, manager=MANAGER)

    def dry_run(self, live: Object, spec: Object) -> Object:
        """Return a resource with another spec, with defaults and validation of the API server; write nothing."""
        meta = live["metadata"]
        path = KINDS[KIND].path(meta["namespace"], meta["name"])
        return self.kube.replace(path, {**live, "spec": spec}, dry_run=True, manager=MANAGER)

    def rollback_spec(self, live: Object) -> Object | None:
        """Read the spec that the operator applies instead of the cluster's own; None without an active rollback."""
        rollback = active(live, read_status(ClusterStatus, live).status)
        return revisions.read(self.kube, live["metadata"]["namespace"], rollback.to) if rollback else None

    def pods_of(self, name: str, namespace: str | None = None, *, app: str = "alluxio") -> list[Object]:
        """Read the pods of a cluster, or of a Presto (`app="presto"`)."""
        selector = f"app.kubernetes.io/name={app},app.kubernetes.io/instance={name}"
        return list(self.kube.list(KINDS["Pod"].path(namespace or self.namespace), selector))

    def events_of(self, name: str, kind: str = KIND) -> list[Object]:
        """Read the Events about a resource."""
        fields = f"involvedObject.kind={kind},involvedObject.name={name}"
        return list(self.kube.list(KINDS["Event"].path(self.namespace), field_selector=fields))

    def log(self, pod: str, container: str, namespace: str | None = None, *, tail: int, previous: bool = False) -> str:
        """Read the last `tail` lines of a container's log, of them at most LOG_BYTES. Raise PluginError."""
        try:
            answer = self.pods.read_namespaced_pod_log(
                pod, namespace or self.namespace, container=container, tail_lines=tail, previous=previous,
                limit_bytes=LOG_BYTES, _preload_content=False,
            )  # fmt: skip
        except ApiException as error:
            raise PluginError(f"the log of {pod}/{container} can't be read: {error.reason}") from error
        return bytes(answer.data).decode(errors="replace")

    def follow(self, pod: str, container: str, *, tail: int) -> Iterator[str]:
        """Yield the lines of a container's log as they arrive. Raise PluginError."""
        try:
            answer = self.pods.read_namespaced_pod_log(
                pod, self.namespace, container=container, tail_lines=tail, follow=True, _preload_content=False
            )
        except ApiException as error:
            raise PluginError(f"the log of {pod}/{container} can't be read: {error.reason}") from error
        rest = b""
        for part in answer.stream():
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")
            if len(rest) > LINE_BYTES:
                yield rest.decode(errors="replace")
                rest = b""
        if rest:
            yield rest.decode(errors="replace")
