"""A world of a new cluster that restores a backup: journals on volumes, and masters that restore into empty ones.

The world itself checks what must never happen: a Job that empties a journal beside a running master or without its
record, and workers, Services or clients' files before the names are whole.
"""

from __future__ import annotations

from typing import Any

from tests.support import builders
from tests.support.backup import backup
from tests.support.builders import info, resource
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import NoAnswer, Standby
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects.properties import RESTORE_FROM
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

ENTRIES = 40
SHA256 = "ab" * 32
FINISHED: Json = {
    "phase": "Completed",
    "finished": "2030-01-02T03:00:00Z",
    "clusterUid": "99999999-1111-2222-3333-444455556666",
    "version": "2.9.4",
    "verified": True,
    "file": {
        "location": "backups:old-99999999/nightly.gz",
        "sha256": SHA256,
        "bytes": 2048,
        "entries": ENTRIES,
    },
}
IN_VOLUME: Json = {"destination": {"volume": {"claimName": "backups"}}}
RESTORE: Json = {"bootstrap": {"restore": {"backupName": "nightly"}}}
UNTIL_RESTORED = (
    "StatefulSet/small-worker",
    "StatefulSet/small-jobmaster",
    "Service/small-client",
    "ConfigMap/small-client",
)


class RestoreWorld(World):
    """One new cluster that restores a backup of 40 entries from a volume."""

    def __init__(self, made: Json | None = None, *, source: Json | None = None, masters: int = 1) -> None:
        self.file_entries = ENTRIES
        self.deaths = 0
        """Restores that end midway, of those to come."""
        self.slow = 0
        """Turns in which the leader restores, while it reports over HTTP that it serves."""
        self.journal: int | None = None
        """Entries in the journals; None before they exist."""
        self.operation = ""
        self.emptied = ""
        self.jobs_run: list[str] = []
        self._processes: dict[str, tuple[str, int]] = {}
        self._leader: tuple[str, int] | None = None
        self._count = -1
        super().__init__(made or resource(**RESTORE, masters={"replicas": masters}))
        self.masters = masters
        self.source = self.kube.put({**backup(**IN_VOLUME), "status": FINISHED} if source is None else source)

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        super().turn(job=job, pods=pods, serves=serves)
        self.check()
        self._run_masters(serves=serves)

    def kill_leader(self) -> None:
        """End the process that leads; the kubelet starts another in its pod."""
        assert self._leader is not None
        self._restart(self._leader[0])

    @property
    def leads(self) -> bool:
        """Whether a master leads whose pod exists."""
        return self._leader is not None and self._exists("Pod", self._leader[0])

    def check(self) -> None:
        """Fail if clients or workers have what they need before the names are whole."""
        state = (self.status.get("restore") or {}).get("state")
        early = [one for one in UNTIL_RESTORED if self._exists(*one.split("/"))]
        if early:
            assert state == "Restored", f"{early} exist while the restore is {state}"
            assert self.journal == self.file_entries, f"{self.journal} of {self.file_entries} names are served"

    def _exists(self, kind: str, name: str) -> bool:
        return KINDS[kind].path(self.namespace, name) in self.kube.objects

    def _run_job(self, name: str, complete: bool) -> None:
        before = self.kube.object("Job", self.namespace, name).get("status", {})
        super()._run_job(name, complete)
        if not complete or before.get("succeeded"):
            return
        self.jobs_run.append(name)
        words = self.kube.object("Job", self.namespace, name)["spec"]["template"]["spec"]["containers"][0]["args"]
        if words[1] != "journal-for-restore":
            return
        _, _, folder, mode, operation, attempt, copy, *_ = words
        assert copy == f"{folder}/.restore.gz"
        if mode == "create":
            assert not self.operation or self.operation == operation
            self.operation, self.journal = operation, self.journal or 0
            return
        assert mode == "empty"
        recorded = self.status["restore"]
        assert (recorded["state"], str(recorded["attempt"])) == ("Emptying", attempt), "the record comes first"
        assert not [one for one in self.kube.of_kind("Pod") if "-master-" in one], "no master runs meanwhile"
        assert self.operation == operation, "only a journal that this restore has created"
        if self.emptied != attempt:
            self.journal, self.emptied = 0, attempt

    def _run_masters(self, *, serves: bool) -> None:
        names = [one for one in self.kube.of_kind("Pod") if one.startswith("small-master-")]
        running = {name: self._process(name) for name in names if self._is_ready(name)}
        if self._leader is not None and running.get(self._leader[0]) != (self._uid(self._leader[0]), self._leader[1]):
            self._leader = None
        if self._leader is None and running and len(running) > self.masters // 2:
            name = min(running)
            self._leader = (name, running[name][1])
            self._lead(name)
        self.alluxio.answers, self.alluxio.restored, self.alluxio.master = {}, {}, NoAnswer("connection refused")
        if self._leader is None or not serves:
            return
        led = self._leader[0]
        self.alluxio.promoted = not self.slow
        self.slow = max(0, self.slow - 1)
        live = sum("-worker-" in name for name in self.kube.of_kind("Pod"))
        for name in running:
            at = address(int(name.rpartition("-")[2]))
            follows = Standby(f"{led}.{self.namespace}.svc")
            self.alluxio.answers[at] = (
                info(live=live, names=Names(self.name, self.namespace)) if name == led else follows
            )
            self.alluxio.restored[at] = self._count if name == led and self.alluxio.promoted else -1

    def _lead(self, name: str) -> None:
        """Do what Alluxio does when a master becomes the leader."""
        site = self.kube.object("ConfigMap", self.namespace, "small-masterconf")["data"]["alluxio-site.properties"]
        self._count = -1
        if self.journal:
            return
        if RESTORE_FROM not in site:
            self.journal = 1
            return
        if self.deaths:
            self.deaths -= 1
            self.journal = self.file_entries // 2
            self._restart(name)
            return
        self.journal = self._count = self.file_entries

    def _restart(self, name: str) -> None:
        def restart(pod: Json) -> None:
            pod["status"]["containerStatuses"][0]["restartCount"] = self._process(name)[1] + 1

        self.kube.edit("Pod", self.namespace, name, restart)
        self._leader = None

    def _process(self, name: str) -> tuple[str, int]:
        pod = self.kube.object("Pod", self.namespace, name)
        restarts = max((one.get("restartCount", 0) for one in pod["status"]["containerStatuses"]), default=0)
        return pod["metadata"]["uid"], restarts

    def _uid(self, name: str) -> str:
        return self._process(name)[0] if self._exists("Pod", name) else ""

    def _is_ready(self, name: str) -> bool:
        conditions = self.kube.object("Pod", self.namespace, name)["status"].get("conditions", ())
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def unfinished(**over: Any) -> Json:
    """Return an AlluxioBackup, with `over` merged into the status."""
    return {**backup(**IN_VOLUME), "status": builders.merged(FINISHED, over)}
