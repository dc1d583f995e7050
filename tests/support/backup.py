"""A small world around an AlluxioBackup: its cluster, a leading master, and a Job whose containers leave results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from tests.support import builders
from tests.support.rendering import RENDERER
from tests.support.tasks import TaskWorld, end_job, task
from tests.support.world import FakeAlluxio

from alluxio_operator.alluxio.answers import BackupStatus
from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.backup_file.count import Summary
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.result import Result
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.backup.reconcile import backup_reconciler
from alluxio_operator.telemetry.metrics import Metrics

Json = dict[str, Any]
NAME = "nightly"
UID = "55667788-1111-2222-3333-444455556666"
FOLDER = f".alluxio-backups/{builders.NAME}-{builders.UID[:8]}"
FILE = "alluxio-backup-2030-01-02-1893553445000.gz"
OWN = f"{NAME}-{UID[:8]}"
URI = f"/mnt/ufs/{FOLDER}/{OWN}/{FILE}"
ENTRIES = 40
SUMMARY = Summary("ab" * 32, 2048, 9000, ENTRIES, {"inode_file": 20, "inode_directory": 3}, files=20, directories=3)


def backup(name: str = NAME, *, uid: str = UID, **over: Any) -> Json:
    """Return an AlluxioBackup of the cluster, with `over` merged into the spec."""
    return task(KIND, name, uid, **over)


class BackupWorld(TaskWorld):
    """One backup, its operator, and a cluster that serves."""

    def __init__(self, **over: Any) -> None:
        super().__init__(OwnerKey(KIND, builders.NAMESPACE, NAME))
        self.image = OwnImage("alluxio-operator:0.1.0")
        self.alluxio = FakeAlluxio()
        self.alluxio.backed_up = BackupStatus("Running")
        self.kube.put(backup(**over))
        self.kube.put(builders.resource(status={"masters": {"leader": "small-master-0", "version": "2.9.4"}}))
        self.kube.put(builders.ready_pod("master"))
        self.start_operator()

    def put_other(self, name: str, created: str, **over: Any) -> None:
        """Create another backup."""
        self.put_created(backup(name, uid=f"uid-{name}", **over), created)

    def start_operator(self) -> None:
        """Restart the operator with empty caches."""
        self.metrics = Metrics(CollectorRegistry())
        parts = Parts(KIND, self.kube, RENDERER, "backup", self.metrics, self.clock, image=self.image)  # type: ignore[arg-type]
        self.reconciler = backup_reconciler(self.alluxio, parts)

    def turn(self) -> None:
        """Nothing happens by itself."""

    def write(self, entries: int = ENTRIES, uri: str = URI) -> None:
        """Let Alluxio complete the backup."""
        self.alluxio.backed_up = BackupStatus("Completed", uri, entries)

    def job(self) -> Json | None:
        """Return the Job."""
        names = self.kube.of_kind("Job")
        return self.kube.object("Job", builders.NAMESPACE, names[-1]) if names else None

    def end_job(
        self,
        results: Mapping[str, str],
        *,
        failure: str = "",
        pod: bool = True,
    ) -> None:
        """End the Job, with what its containers leave."""
        job = self.job()
        assert job is not None
        end_job(self.kube, job, results if pod else None, failure)

    def until_job(self) -> None:
        """Reconcile until the Job is there."""
        self.reconcile()
        self.write()
        self.reconcile()
        assert self.job() is not None, self.status

    def complete(self) -> None:
        """Bring the backup to its end."""
        self.until_job()
        self.end_job({"check": checked(), "prove": proven()})
        # The second one removes what the steps needed, and adds a label, after which the status conflicts once.
        for _ in range(3):
            self.reconcile()


def checked(summary: Summary = SUMMARY, cleaned: Mapping[str, Any] | None = None) -> str:
    """Return what the check of a whole file leaves."""
    return Result(summary=summary, cleaned=cleaned).as_json()


def refused(reason: Reason, problem: str) -> str:
    """Return what the check of a bad file leaves."""
    return Result.of_error(BackupFileError(reason, problem)).as_json()


def proven(entries: int = ENTRIES, inodes: int = 23, seconds: int = 9) -> str:
    """Return what a restore leaves."""
    return json.dumps({"entries": entries, "inodes": inodes, "seconds": seconds})
