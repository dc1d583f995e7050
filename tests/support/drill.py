"""A small world around an AlluxioDrill: its cluster and a verified backup, and Kubernetes, which runs what it makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from tests.support import builders
from tests.support.backup import SUMMARY
from tests.support.rendering import RENDERER
from tests.support.tasks import TaskWorld, end_job, task

from alluxio_operator.api.alluxiobackup import KIND as BACKUP
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.api.alluxiodrill import KIND
from alluxio_operator.backup_file.result import Result as Checked
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.parts import Parts
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.drill.names import Names, copy_claim
from alluxio_operator.kinds.drill.reconcile import drill_reconciler
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.read_back.result import Result
from alluxio_operator.telemetry.metrics import Metrics

Json = dict[str, Any]
NAME = "rehearsal"
UID = "99887766-1111-2222-3333-444455556666"
THROW_AWAY = Names(NAME, builders.NAMESPACE).throw_away(builders.NAME, UID)
FOLDER = f".alluxio-backups/{builders.NAME}-{builders.UID[:8]}/nightly-55667788"
LOCATION = f"/mnt/ufs/{FOLDER}/alluxio-backup-2030-01-02-1893553445000.gz"
ENTRIES = 38
"""Entries of the copy: the clean form of the file drops two."""
CLEANED: Json = {"sha256": "cd" * 32, "size": 1024, "entries": ENTRIES, "dropped": 2, "options": 1, "option_names": []}
READ = Result(listed=200, sampled=100, matched=100, compared="Volume", live=True, bytes=4096)


def drill(name: str = NAME, *, uid: str = UID, **over: Any) -> Json:
    """Return an AlluxioDrill of the cluster, with `over` merged into the spec."""
    return task(KIND, name, uid, **over)


def verified_backup(name: str = "nightly", location: str = LOCATION, **over: Any) -> Json:
    """Return a verified AlluxioBackup of the cluster, with `over` merged into its status."""
    file = {"location": location, "sha256": SUMMARY.sha256, "bytes": SUMMARY.size, "entries": SUMMARY.entries}
    status = {
        "clusterUid": builders.UID,
        "phase": "Completed",
        "verified": True,
        "started": "2030-01-02T03:00:00Z",
        "finished": "2030-01-02T03:01:00Z",
        "file": file,
    }
    return {**task(BACKUP, name, f"uid-{name}"), "status": builders.merged(status, over)}


class DrillWorld(TaskWorld):
    """One drill, its operator, and a Kubernetes that runs Jobs and the throw-away cluster at once."""

    def __init__(self, cluster: Json | None = None, **over: Any) -> None:
        super().__init__(OwnerKey(KIND, builders.NAMESPACE, NAME))
        listed = self.kube.list

        def without_kind(path: str, *args: Any, **kwargs: Any) -> Iterator[Json]:
            """Return the objects of a list as the API server does: their kind is that of the list."""
            for one in listed(path, *args, **kwargs):
                yield {key: value for key, value in one.items() if key not in ("kind", "apiVersion")}

        self.kube.list = without_kind  # type: ignore[method-assign]
        self.image = OwnImage("alluxio-operator:0.1.0")
        self.result: Result | None = READ
        """What the reading finds; None if its pod leaves nothing."""
        self.checked: str = Checked(summary=SUMMARY, cleaned=CLEANED).as_json()
        self.prepare_fails = self.read_fails = ""
        """Reason of a failure of a Job."""
        self.restored: int | None = ENTRIES
        """Entries that the throw-away cluster restores; None while it doesn't."""
        self.serves = True
        self.runs_jobs = True
        self.collects = True
        """Whether the garbage collector removes what a deleted cluster owned."""
        self.kube.put(drill(**over))
        live = builders.resource(status={"masters": {"leader": "small-master-0", "version": "2.9.4"}})
        self.kube.put(cluster or live)
        self.kube.put(verified_backup())
        self.start_operator()

    def put_other(self, name: str, created: str, **status: Any) -> None:
        """Create another drill."""
        self.put_created({**drill(name, uid=f"uid-{name}"), "status": status}, created)

    def start_operator(self) -> None:
        """Restart the operator with empty caches."""
        self.metrics = Metrics(CollectorRegistry())
        parts = Parts(KIND, self.kube, RENDERER, "drill", self.metrics, self.clock, image=self.image)  # type: ignore[arg-type]
        self.reconciler = drill_reconciler(parts)

    @property
    def throw_away(self) -> Json | None:
        """The throw-away cluster."""
        return self.kube.objects.get(KINDS[CLUSTER].path(builders.NAMESPACE, THROW_AWAY))

    def turn(self) -> None:
        """Let Kubernetes and the throw-away cluster catch up."""
        self.now = self.now.replace(microsecond=0)
        if self.runs_jobs:
            for name in self.kube.of_kind("Job"):
                self._run(self.kube.object("Job", builders.NAMESPACE, name))
        own = self.throw_away
        if own is None:
            if self.collects:
                self._collect()
        elif not own["spec"].get("paused"):
            self.restore()

    def restore(self) -> None:
        """Let the throw-away cluster restore and serve, as far as it does."""
        assert self.kube.object("PersistentVolumeClaim", builders.NAMESPACE, copy_claim(THROW_AWAY))
        state = "Restoring" if self.restored is None else "Restored"
        status: Json = {"restore": {"state": state, "entries": self.restored, "since": stamp(self.now)}}
        ready = "True" if self.restored is not None and self.serves else "False"
        status |= {"conditions": [{"type": "Ready", "status": ready}], "summary": "the masters restore"}
        self.kube.edit(CLUSTER, builders.NAMESPACE, THROW_AWAY, lambda one: one.update(status=status))

    def complete(self, rounds: int = 20) -> None:
        """Bring the drill to its end."""
        for _ in range(rounds):
            self.reconcile()
            if self.status.get("finished"):
                return
            self.turn()
            self.pass_time(10)
        raise AssertionError(f"not finished: {self.status}")

    def rest(self) -> list[str]:
        """Return what is left of a drill, without finished Jobs, which Kubernetes removes."""
        kept = (KIND, BACKUP, "Event", "Job", "Pod")
        return sorted(
            f"{one['kind']} {one['metadata']['name']}"
            for one in self.kube.objects.values()
            if one["kind"] not in kept and one["metadata"]["name"] != builders.NAME
        )

    def _run(self, job: Json) -> None:
        if job.get("status", {}).get("conditions"):
            return
        name = job["metadata"]["name"]
        read = "read" in name
        failure = self.read_fails if read else self.prepare_fails
        result = (self.result.as_json() if self.result else "") if read else self.checked
        end_job(self.kube, job, {"read" if read else "check": result} if result else {}, failure)

    def _collect(self) -> None:
        for path, one in list(self.kube.objects.items()):
            if any(owner["name"] == THROW_AWAY for owner in one["metadata"].get("ownerReferences", ())):
                self.kube.remove(path)


def read_at(world: DrillWorld, seconds: float, **counts: int) -> Result:
    """Return a result with the first read some seconds from now."""
    at = int((world.now.timestamp() + seconds) * 1000)
    return Result(**{**json.loads(READ.as_json()), "first_read_ms": at, "examples": (), **counts})
