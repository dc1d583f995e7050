"""A small world around the operator: an API server in memory, the controllers of Kubernetes, an Alluxio that answers.

`World.turn` lets the controllers do one step; a test sets which of them work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from tests.support.builders import container_status, info, pod, ready_pod, resource
from tests.support.owner_world import OwnerWorld
from tests.support.rendering import RENDERER

from alluxio_operator.alluxio.answers import Answer, BackupStatus, NoAnswer, QuorumInfo, UnpersistedFiles, WriteResult
from alluxio_operator.alluxio.at_risk import AtRisk, Holders, RiskListing
from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiobackup import PURPOSE_LABEL
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.engine.background import Background
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.reconcile import cluster_reconciler
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]


class FakeAlluxio:
    """Stands in for Alluxio over HTTP; `answers`: by address; `master`: the answer of all other masters."""

    def __init__(self, master: Answer | None = None, job_master: bool = True) -> None:
        self.master: Answer = master or NoAnswer("connection refused")
        self.answers: dict[str, Answer] = {}
        self.indexes: dict[str, int] = {}
        self.job_master = job_master
        self.backups: list[tuple[str, int, str]] = []
        self.begins: NoAnswer | None = None
        self.backed_up: BackupStatus | NoAnswer = BackupStatus("Completed", "file:///mnt/ufs/backup.gz", 40)
        self.asked: list[tuple[str, int]] = []
        self.told: list[tuple[str, int, dict[str, str]]] = []
        self.takes: Mapping[str, bool] | NoAnswer | None = None
        self.test_writes: list[tuple[str, str, str]] = []
        self.written: WriteResult | NoAnswer = WriteResult()
        self.deleted_folders: list[tuple[str, str]] = []
        self.deletes: str | NoAnswer = ""
        self.unpersisted: UnpersistedFiles | NoAnswer = UnpersistedFiles()
        self.marked: list[tuple[str, int, str]] = []
        self.marks: str | NoAnswer = ""
        self.listed: list[tuple[str, int, int]] = []
        self.restored: dict[str, int | None] = {}
        self.promoted = True
        self.at_risk: AtRisk | NoAnswer | None = AtRisk()
        self.holders: list[Holders] = []
        self.quorum: QuorumInfo | NoAnswer = NoAnswer("it doesn't lead")
        self.removed: list[tuple[str, int]] = []
        self.transfers: list[tuple[str, int]] = []

    def quorum_info(self, host: str, port: int, deadline: Deadline) -> QuorumInfo | NoAnswer:
        return self.quorum

    def remove_member(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        self.removed.append(member)
        return ""

    def transfer_lead(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        self.transfers.append(member)
        return ""

    def master_info(self, host: str, port: int, deadline: Deadline) -> Answer:
        self.asked.append((host, port))
        return self.answers.get(host, self.master)

    def journal_index(self, host: str, port: int, deadline: Deadline) -> int | None:
        return self.indexes.get(host)

    def restored_entries(self, host: str, port: int, deadline: Deadline) -> int | None:
        return self.restored.get(host)

    def serves_clients(self, host: str, port: int, deadline: Deadline) -> bool:
        return self.promoted

    def backup(self, host: str, port: int, directory: str, deadline: Deadline) -> str | NoAnswer:
        self.backups.append((host, port, directory))
        return self.begins if isinstance(self.begins, NoAnswer) else f"backup-{len(self.backups)}"

    def backup_status(self, host: str, port: int, backup: str, deadline: Deadline) -> BackupStatus | NoAnswer:
        return self.backed_up

    def unpersisted_files(self, host: str, port: int, since_ms: int, deadline: Deadline) -> UnpersistedFiles | NoAnswer:
        self.listed.append((host, port, since_ms))
        return self.unpersisted

    def risk_listing(self, host: str, port: int, holders: Holders) -> RiskListing:
        self.holders.append(holders)
        return _Listing(self)

    def mark_for_sync(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        self.marked.append((host, port, path))
        return self.marks

    def update_configuration(
        self, host: str, port: int, properties: Mapping[str, str], deadline: Deadline
    ) -> Mapping[str, bool] | NoAnswer:
        self.told.append((host, port, dict(properties)))
        return dict.fromkeys(properties, True) if self.takes is None else self.takes

    def test_write(
        self, host: str, port: int, folder: str, leftover: str, deadline: Deadline
    ) -> WriteResult | NoAnswer:
        self.test_writes.append((host, folder, leftover))
        return self.written

    def delete_folder(self, host: str, port: int, path: str, deadline: Deadline) -> str | NoAnswer:
        self.deleted_folders.append((host, path))
        return self.deletes

    def serves(self, host: str, port: int, path: str, deadline: Deadline) -> bool:
        self.asked.append((host, port))
        return self.job_master


class _Listing:
    """A listing that ends at its first step, or never."""

    def __init__(self, alluxio: FakeAlluxio) -> None:
        self.alluxio = alluxio

    def step(self) -> AtRisk | NoAnswer | None:
        return self.alluxio.at_risk


def address(ordinal: int) -> str:
    """Return the address of a simulated workload's pod; pods of other workloads have the same one."""
    return f"10.0.0.{7 + ordinal}"


class World(OwnerWorld):
    """One cluster, its operator and the world around them."""

    verifies = True
    """Whether AlluxioBackups of upgrades complete: another reconciler takes and verifies them."""

    def __init__(self, made: Mapping[str, Any] | None = None) -> None:
        wanted = made or resource()
        self.namespace, self.name = wanted["metadata"]["namespace"], wanted["metadata"]["name"]
        super().__init__(OwnerKey(KIND, self.namespace, self.name))
        self.alluxio = FakeAlluxio()
        self.ufs = UfsHealth()
        self.image = OwnImage("alluxio-operator:0.1.0")
        self.made = self.kube.put(wanted)
        self.changes = ChangesUnderWay()
        self.start_operator()

    def start_operator(self, renderer: Renderer = RENDERER) -> None:
        """Restart the operator with empty caches, as another version if the renderer is one's."""
        self.metrics = Metrics(CollectorRegistry())
        self.reconciler = cluster_reconciler(
            self.kube,  # type: ignore[arg-type]
            self.alluxio,
            renderer,
            self.metrics,
            self.clock,
            self.changes.note,
            lambda *_: self.ufs,
            self.image,
            Background(
                lambda found: isinstance(found, NoAnswer),
                lambda *_: None,
                threads=0,
                clock=lambda: self.now.timestamp(),
                now=self.clock,
            ),
        )

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        """Let Kubernetes and Alluxio catch up: end the journal's Job, start pods, let masters serve."""
        for name in self.kube.of_kind("Job"):
            self._run_job(name, job)
        for kind in ("StatefulSet", "DaemonSet", "Deployment"):
            for name in self.kube.of_kind(kind):
                self._run_workload(kind, name, pods)
        live = sum("-worker-" in name for name in self.kube.of_kind("Pod"))
        serving = serves and self.pod_of("master")
        names = Names(self.name, self.namespace)
        self.alluxio.master = info(live=live, names=names) if serving else NoAnswer("connection refused")
        for name in self.kube.of_kind(BACKUP) if self.verifies else ():
            self.kube.edit(BACKUP, self.namespace, name, self._complete)

    def _complete(self, backup: Json) -> None:
        if "status" not in backup and backup["metadata"].get("labels", {}).get(PURPOSE_LABEL) == "upgrade":
            uid = self.made["metadata"]["uid"]
            times = {"started": stamp(self.now), "finished": stamp(self.now)}
            backup["status"] = {"phase": "Completed", "verified": True, "clusterUid": uid, **times}

    def events(self) -> list[str]:
        """Return the reasons of the events, oldest first."""
        found = [obj for obj in self.kube.objects.values() if obj["kind"] == "Event"]
        return [event["reason"] for event in found]

    def pod_of(self, role: str) -> Json | None:
        """Return the first pod of a role."""
        path = KINDS["Pod"].path(self.namespace, f"{self.name}-{role}-0")
        return self.kube.objects.get(path)

    def edit_spec(self, **over: Any) -> None:
        """Change the spec as a user."""

        def change(obj: Json) -> None:
            obj["spec"] = resource(**over)["spec"]

        self.kube.edit(KIND, self.namespace, self.name, change)

    def _run_job(self, name: str, complete: bool) -> None:
        done = {"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1}
        status = done if complete else {"active": 1}
        self.kube.edit("Job", self.namespace, name, lambda job: job.update(status=status))

    def _run_workload(self, kind: str, name: str, run: bool) -> None:
        role = name.removeprefix(f"{self.name}-")
        obj = self.kube.object(kind, self.namespace, name)
        wanted = 1 if kind == "DaemonSet" else obj["spec"].get("replicas", 1)
        ready = wanted if run else 0
        if kind == "DaemonSet":
            status = {
                "desiredNumberScheduled": wanted,
                "currentNumberScheduled": wanted,
                "updatedNumberScheduled": wanted,
                "numberReady": ready,
            }
        else:
            status = {"replicas": wanted, "updatedReplicas": wanted, "readyReplicas": ready}
        status["observedGeneration"] = obj["metadata"]["generation"]
        self.kube.edit(kind, self.namespace, name, lambda one: one.update(status=status))
        annotations = obj["spec"]["template"]["metadata"].get("annotations", {})
        at = {"cluster": self.name, "namespace": self.namespace, "annotations": annotations}
        for ordinal in range(wanted):
            pod_name = f"{name}-{ordinal}"
            waiting = [container_status(role, waiting={"reason": "ContainerCreating"})]
            at["ip"] = address(ordinal)
            made = ready_pod(role, pod_name, **at) if run else pod(role, pod_name, containers=waiting, **at)
            known = self.kube.objects.get(KINDS["Pod"].path(self.namespace, pod_name))
            self.kube.put({**known, "status": made["status"]} if known else made)
        for extra in self.kube.of_kind("Pod"):
            if extra.startswith(f"{name}-") and int(extra.rpartition("-")[2]) >= wanted:
                self.kube.remove(KINDS["Pod"].path(self.namespace, extra))
