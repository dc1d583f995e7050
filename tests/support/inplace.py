"""A world of a cluster that serves, and whose names a backup replaces: journals on volumes, masters, a check's Job.

The world itself checks what must never happen: a client or worker that reaches names that are neither those of before
nor the whole backup, a journal with data that is deleted, and a Job that renames one beside a running master.
"""

from __future__ import annotations

from typing import Any

from tests.support import builders
from tests.support.backup import backup
from tests.support.builders import info, resource
from tests.support.restore import ENTRIES, FINISHED, IN_VOLUME, SHA256
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import NoAnswer, Standby
from alluxio_operator.backup_file.count import Summary
from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.result import Result
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects.properties import RESTORE_FROM
from alluxio_operator.kinds.cluster.ports import ISOLATED
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

BEFORE = 100
"""Entries of the journal of before."""
INDEX = 7
NEXT = 5000
"""Next number of a block's container in the file."""
SOURCE: Json = {**FINISHED, "started": "2030-01-02T02:50:00Z", "clusterUid": builders.UID}


class InPlaceWorld(World):
    """A cluster with 100 entries in its journals, and a verified backup of 40 in a volume."""

    def __init__(self, *, masters: int = 1, source: Json | None = None, lost: bool = False, **over: Any) -> None:
        self.over: Json = {"masters": {"replicas": masters}, **over}
        self.masters = masters
        self.file_entries = ENTRIES
        self.file_sha256 = SHA256
        self.check_fails: Reason | None = None
        self.copy_fails = ""
        self.deaths = 0
        self.journals: dict[int, int | None] = {}
        """Entries of the journals by ordinal; None for one that is lost."""
        self.aside: dict[tuple[int, str], int | None] = {}
        self.own: dict[int, str] = {}
        self.emptied: dict[int, str] = {}
        self.container = 0
        self.backup_fails = False
        self.served: list[int] = []
        """Entries that clients and workers saw, whenever they changed."""
        self.counts: dict[str, int] = {}
        self._leader: tuple[str, str, int] | None = None
        self._ports: dict[str, list[Json]] = {}
        self._created: dict[str, str] = {}
        super().__init__(resource(**self.over))
        found = {**backup(**IN_VOLUME), "status": SOURCE} if source is None else source
        self.kube.put(found)
        self.settle()
        if lost:
            self.lose_journals()

    # --- what a user does ---------------------------------------------------------------------------------------

    def ask(self, **fields: Any) -> None:
        """Set spec.restoreInPlace."""
        self.edit_spec(**self.over, restoreInPlace={"backupName": "nightly", **fields})

    def confirm(self) -> None:
        """Ask, and confirm what the status says."""
        self.ask()
        self.reconcile()
        self.ask(confirmation=self.record["confirmation"])

    @property
    def record(self) -> Json:
        """The record of the restore in place."""
        found: Json = self.status.get("restoreInPlace", {})
        return found

    @property
    def state(self) -> str:
        """Its state."""
        return str(self.record.get("state", ""))

    def until(self, *states: str, rounds: int = 40) -> None:
        """Go on until the restore is in one of the states."""
        for _ in range(rounds):
            self.reconcile()
            if self.state in states:
                return
            self.turn()
            self.pass_time(5)
        raise AssertionError(f"never {states}: {self.record} {self.status.get('conditions')}")

    def lose_journals(self) -> None:
        """Lose all volumes of the journals, and the masters with them."""
        for ordinal in range(self.masters):
            self.journals[ordinal] = None
            name = f"small-master-{ordinal}"
            self.kube.remove(KINDS["Pod"].path(self.namespace, name))
        self.turn()

    # --- Kubernetes ---------------------------------------------------------------------------------------------

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        """Let Kubernetes and Alluxio catch up."""
        super().turn(job=job, pods=pods, serves=serves)
        self._end_pods()
        self._make_backups()
        self._fix_ports()
        self._run_masters(serves=serves)
        self.check()

    def kill_leader(self) -> None:
        """End the process that leads; the kubelet starts another in its pod."""
        assert self._leader is not None
        self._restart(self._leader[0])

    @property
    def leads(self) -> bool:
        """Whether a master leads whose pod exists."""
        return self._leader is not None and KINDS["Pod"].path(self.namespace, self._leader[0]) in self.kube.objects

    def check(self) -> None:
        """Fail if clients reach names that aren't whole."""
        if self._leader is None or not self.leads:
            return
        ordinal = int(self._leader[0].rpartition("-")[2])
        names = {port["name"] for port in self._ports.get(self._uid(self._leader[0]), [])}
        entries = self.journals.get(ordinal)
        if ISOLATED in names or entries is None:
            return
        assert entries in (BEFORE, self.file_entries), f"clients see {entries} entries"
        if not self.served or self.served[-1] != entries:
            self.served.append(entries)

    def _end_pods(self) -> None:
        """Remove the pods of Jobs that are gone, and note when the others were created."""
        jobs = set(self.kube.of_kind("Job"))
        for name in self.kube.of_kind("Pod"):
            if name.endswith("-x1") and name.removesuffix("-x1") not in jobs:
                self.kube.remove(KINDS["Pod"].path(self.namespace, name))
                continue
            created = self._created.setdefault(self._uid(name), stamp(self.now))
            self.kube.edit("Pod", self.namespace, name, lambda pod, c=created: _set_created(pod, c))

    def _make_backups(self) -> None:
        for name in self.kube.of_kind("AlluxioBackup"):
            one = self.kube.object("AlluxioBackup", self.namespace, name)
            if one.get("status"):
                continue
            made = {**FINISHED, "clusterUid": builders.UID, "verified": False, "run": {"state": "Completed"}}
            made["finished"] = stamp(self.now)
            failed = {"phase": "Failed", "finished": stamp(self.now), "summary": "no space"}
            status = failed if self.backup_fails else made
            self.kube.edit("AlluxioBackup", self.namespace, name, lambda one, status=status: one.update(status=status))

    def _fix_ports(self) -> None:
        """Remember with which ports each master's pod was created."""
        if KINDS["StatefulSet"].path(self.namespace, "small-master") not in self.kube.objects:
            return
        template = self.kube.object("StatefulSet", self.namespace, "small-master")["spec"]["template"]["spec"]
        for name in self._master_pods():
            uid = self._uid(name)
            if uid not in self._ports:
                self._ports[uid] = template["containers"][0]["ports"]
                containers = [{"name": "master", "image": "a", "ports": self._ports[uid]}]
                self.kube.edit(
                    "Pod", self.namespace, name, lambda pod, c=containers: pod.update(spec={"containers": c})
                )

    def _master_pods(self) -> list[str]:
        return [one for one in self.kube.of_kind("Pod") if one.startswith("small-master-")]

    def _run_job(self, name: str, complete: bool) -> None:
        job = self.kube.object("Job", self.namespace, name)
        if not complete or job.get("status", {}).get("succeeded") or job.get("status", {}).get("conditions"):
            return
        spec = job["spec"]["template"]["spec"]
        [container] = spec["containers"]
        if container["name"] == "check":
            self._run_check(job)
            return
        words = container["args"]
        ordinal = int(name.rpartition("-")[2]) if name.count("-") == 3 else 0
        if words[1] == "journal":
            self.journals.setdefault(ordinal, BEFORE)
        elif words[1] == "journal-aside":
            if spec.get("initContainers") and not self._copy(job, spec["initContainers"][0]["args"]):
                return
            self._aside(ordinal, words[3], words[4])
        elif words[1] == "journal-back":
            self._back(ordinal, words[3])
        else:
            assert words[3] == "empty", words[1:4]
            self._empty(ordinal, words[4], words[5])
        super()._run_job(name, complete)

    def _run_check(self, job: Json) -> None:
        assert self.served, "it runs while the cluster serves, or after a disaster"
        summary = Summary(
            self.file_sha256, 2048, 9000, self.file_entries, next_block_container=NEXT, largest_block_container=10
        )
        failed = self.check_fails is not None
        result = Result.of_error(BackupFileError(self.check_fails, "it is damaged")) if self.check_fails else (
            Result.of_success(summary)
        )  # fmt: skip
        kind = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy"} if failed else {
            "type": "Complete", "status": "True"
        }  # fmt: skip
        name = job["metadata"]["name"]
        self.kube.edit("Job", self.namespace, name, lambda one: one.update(status={"conditions": [kind]}))
        ended = {"terminated": {"exitCode": 3 if failed else 0, "message": result.as_json()}}
        self.kube.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{name}-x1",
                    "namespace": self.namespace,
                    "labels": job["spec"]["template"]["metadata"]["labels"],
                    "ownerReferences": [
                        {"kind": "Job", "uid": job["metadata"]["uid"], "controller": True, "name": name}
                    ],
                },
                "spec": {"restartPolicy": "Never"},
                "status": {
                    "phase": "Failed" if failed else "Succeeded",
                    "containerStatuses": [{"name": "check", "state": ended}],
                },
            }
        )

    def _copy(self, job: Json, words: list[str]) -> bool:
        if self.copy_fails:
            name = f"{job['metadata']['name']}-x1"
            ended = {"exitCode": 1, "message": self.copy_fails}
            waiting = {"reason": "CrashLoopBackOff", "message": "back-off"}
            copy = builders.container_status("copy", waiting=waiting, last=ended, restarts=2)
            self.kube.put(builders.pod("journal", name, phase="Pending", inits=[copy], containers=[]))
            return False
        given = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
        assert given["sha256"] == self.file_sha256
        container = int(given["container"])
        assert container > NEXT
        self.container = container
        return True

    def _aside(self, ordinal: int, operation: str, folder: str) -> None:
        self._stopped("SettingAside")
        assert folder == f"/journal/raft-before-{operation}"
        if self.own.get(ordinal) == operation:
            return
        self.aside.setdefault((ordinal, operation), self.journals.get(ordinal))
        self.journals[ordinal], self.own[ordinal] = 0, operation
        self.emptied.pop(ordinal, None)

    def _back(self, ordinal: int, operation: str) -> None:
        self._stopped("GoingBack")
        if (ordinal, operation) not in self.aside:
            return
        self.journals[ordinal] = self.aside.pop((ordinal, operation))
        self.own.pop(ordinal, None)

    def _empty(self, ordinal: int, operation: str, attempt: str) -> None:
        self._stopped("Restoring")
        run = self.record["restore"]
        assert (run["state"], str(run["attempt"])) == ("Emptying", attempt), "the record comes first"
        assert self.own.get(ordinal) == operation, "only a journal that this restore has created"
        if self.emptied.get(ordinal) != attempt:
            self.journals[ordinal], self.emptied[ordinal] = 0, attempt

    def _stopped(self, state: str) -> None:
        assert self.state == state, f"a journal changes in state {self.state}"
        assert not self._master_pods(), "no master runs meanwhile"

    # --- Alluxio ------------------------------------------------------------------------------------------------

    def _run_masters(self, *, serves: bool) -> None:
        pods = self._master_pods()
        for name in pods:
            self._check_journal(name)
        running = {name: self._process(name) for name in pods if self._runs(name)}
        led = self._leader
        if led is not None and running.get(led[0]) != led[1:]:
            led = None
        if led is None and running and len(running) > self.masters // 2:
            name = min(running)
            led = (name, *running[name])
            self._leader = led
            self._lead(name)
            if self._leader is None:
                led = None
        self._leader = led
        self.alluxio.answers, self.alluxio.restored, self.alluxio.master = {}, {}, NoAnswer("connection refused")
        if led is None or not serves:
            return
        live = sum("-worker-" in name for name in self.kube.of_kind("Pod"))
        for name in running:
            at = address(int(name.rpartition("-")[2]))
            follows = Standby(f"{led[0]}.{self.namespace}.svc")
            self.alluxio.answers[at] = (
                info(live=live, names=Names(self.name, self.namespace)) if name == led[0] else follows
            )
            self.alluxio.restored[at] = self.counts.get(self._uid(name), -1) if name == led[0] else -1
            self.alluxio.indexes[at] = INDEX if self._entries(name) == BEFORE else 1
            # A standby gets what the leader has.
            self.journals[int(name.rpartition("-")[2])] = self._entries(led[0])

    def _entries(self, name: str) -> int | None:
        return self.journals.get(int(name.rpartition("-")[2]))

    def _check_journal(self, name: str) -> None:
        """Do what the init container does: a master without a journal waits."""
        if self._entries(name) is not None:
            return
        message = "JournalMissing: no journal below /journal/raft"
        lost = builders.container_status("journal-check", waiting={"reason": "CrashLoopBackOff"}, last={
            "exitCode": 1, "message": message,
        }, restarts=1)  # fmt: skip

        def miss(pod: Json) -> None:
            pod["status"] |= {"phase": "Pending", "initContainerStatuses": [lost], "containerStatuses": []}
            pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

        self.kube.edit("Pod", self.namespace, name, miss)

    def _lead(self, name: str) -> None:
        """Do what Alluxio does when a master becomes the leader."""
        ordinal = int(name.rpartition("-")[2])
        site = self.kube.object("ConfigMap", self.namespace, "small-masterconf")["data"]["alluxio-site.properties"]
        if self.journals.get(ordinal):
            return
        assert RESTORE_FROM in site, "a master with an empty journal would start an empty cluster"
        assert ISOLATED in {port["name"] for port in self._ports[self._uid(name)]}
        assert "alluxio.master.rpc.port=29998" in site
        if self.deaths:
            self.deaths -= 1
            self.journals[ordinal] = self.file_entries // 2
            self._restart(name)
            return
        self.journals[ordinal] = self.counts[self._uid(name)] = self.file_entries

    def _restart(self, name: str) -> None:
        def restart(pod: Json) -> None:
            pod["status"]["containerStatuses"][0]["restartCount"] = self._process(name)[1] + 1

        self.kube.edit("Pod", self.namespace, name, restart)
        self.counts.pop(self._uid(name), None)
        self._leader = None

    def _process(self, name: str) -> tuple[str, int]:
        pod = self.kube.object("Pod", self.namespace, name)
        restarts = max((one.get("restartCount", 0) for one in pod["status"].get("containerStatuses", ())), default=0)
        return pod["metadata"]["uid"], restarts

    def _uid(self, name: str) -> str:
        path = KINDS["Pod"].path(self.namespace, name)
        return str(self.kube.objects[path]["metadata"].get("uid", "")) if path in self.kube.objects else ""

    def _runs(self, name: str) -> bool:
        conditions = self.kube.object("Pod", self.namespace, name)["status"].get("conditions", ())
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _set_created(pod: Json, at: str) -> None:
    pod["metadata"]["creationTimestamp"] = at
