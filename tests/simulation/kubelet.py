"""The kubelet of every node, and what the containers that it runs do to their volumes."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.alluxio import ENTRIES, REGISTRATION, Raft
from tests.simulation.state import BROKEN_TAG, Json, Proc, State
from tests.support.builders import NOW

from alluxio_operator.backup_file.count import Summary
from alluxio_operator.backup_file.result import Result
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.rejoin import JOINED_ONCE, PERMISSION


class Kubelet(State):
    """Starts, probes and ends the processes of pods, and shows them in the pods' statuses."""

    def crash(self, proc: Proc) -> None:
        """End a pod's containers, which the kubelet restarts in the same pod."""
        if proc.stage in ("started", "ready") and proc.reachable:
            proc.restarts += 1
            proc.stage, proc.due = "started", self.t + self._start_seconds(proc)
            proc.ready_since, proc.begun = None, False
            masters = self.masters_of(*proc.owner)
            if masters.leader is proc:
                masters.leader, masters.joined = None, {}
                masters.workers.clear()
            masters.joined.pop(proc.uid, None)
            self.wake(proc.due)
            self.wake(self.t)

    def _kubelet(self, proc: Proc) -> None:
        if not proc.reachable:
            return
        obj = self.store.objects.get(proc.path)
        if obj is None or obj["metadata"]["uid"] != proc.uid:
            self._end(proc.uid)
            return
        if "deletionTimestamp" in obj["metadata"]:
            self._terminate(proc, obj)
            return
        if self.t < proc.due:
            return
        if proc.stage == "creating" and self._can_start(proc, obj):
            proc.stage = "init"
            proc.started = proc.started or self.t
            proc.due = self.t + 1
            self.wake(proc.due)
        elif proc.stage == "init":
            self._init(proc, obj)
        elif proc.stage == "waiting" and proc.waits_for == "CrashLoopBackOff":
            proc.restarts += 1
            proc.due = self.t + 60
            self.wake(proc.due)

    def _can_start(self, proc: Proc, obj: Json) -> bool:
        proc.claims = {}
        for volume in obj["spec"].get("volumes", ()):
            claim = self.store.find("PersistentVolumeClaim", proc.owner[0], volume["claim"])
            if claim is None or claim.get("status", {}).get("phase") != "Bound":
                proc.due = self.t + 1
                self.wake(proc.due)
                return False
            proc.claims[volume["name"]] = claim["metadata"]["uid"]
        if proc.image.endswith(f":{BROKEN_TAG}"):
            proc.stage, proc.waits_for, proc.message = "waiting", "ImagePullBackOff", "back-off pulling the image"
            proc.due = float("inf")
            proc.started = proc.started or self.t
            return False
        return True

    def _init(self, proc: Proc, obj: Json) -> None:
        if proc.role == "journal":
            self._initialise(proc, obj)
            return
        if proc.role == "master" and "journal-check" in proc.inits and not self._journal_found(proc, obj):
            proc.due = self.t + 2
            self.wake(proc.due)
            return
        proc.message = ""
        if proc.behaviour == "crash":
            proc.stage, proc.waits_for, proc.message = "waiting", "CrashLoopBackOff", "back-off restarting"
            proc.restarts += 1
            proc.due = self.t + 60
        else:
            proc.stage, proc.due = "started", self.t + self._start_seconds(proc)
        self.wake(proc.due)

    def _start_seconds(self, proc: Proc) -> float:
        if proc.behaviour == "slow":
            return 150.0
        return REGISTRATION + 3 * self.chance(f"start {proc.name}")

    def _initialise(self, proc: Proc, obj: Json) -> None:
        words = obj["spec"].get("args", [])
        if proc.containers == ["check"]:
            self._check(proc, obj)
            return
        claim, mode = proc.claims["journal"], words[-1] if words else ""
        if words[1] in ("journal-aside", "journal-back", "journal-for-restore"):
            self._change_journal(proc, claim, words)
        elif claim not in self.journals:
            if mode != "create":
                proc.message = "JournalMissing: /journal/raft doesn't exist"
                proc.restarts += 1
                proc.due = self.t + 20
                self.wake(proc.due)
                return
            self.job_created(obj)
            self.journals[claim] = Raft()
        self.store.set_status(proc.path, {**obj["status"], "phase": "Succeeded"})
        self.procs.pop(proc.uid)

    def _check(self, proc: Proc, obj: Json) -> None:
        """Do what the Job does that reads a backup file."""
        result = Result.of_success(Summary("ab" * 32, 2048, 9000, ENTRIES, next_block_container=5000))
        ended = {"name": "check", "state": {"terminated": {"exitCode": 0, "message": result.as_json()}}}
        self.store.set_status(proc.path, {**obj["status"], "phase": "Succeeded", "containerStatuses": [ended]})
        self.procs.pop(proc.uid)

    def _change_journal(self, proc: Proc, claim: str, words: list[str]) -> None:
        """Do what the Jobs of a restore in place do to a journal, and check the rules for it."""
        masters = [p.name for p in self.of_role(proc.owner, "master") if p.claims.get("journal") == claim]
        if masters:
            self.violate("no_master_runs_while_its_journal_changes", f"{proc.name}: {', '.join(masters)}")
        cluster, raft = self.masters_of(*proc.owner), self.journals.get(claim)
        resource = self.uid_of("AlluxioCluster", *proc.owner)
        if words[1] == "journal-aside":
            operation = words[3]
            if raft is None or raft.operation != operation:
                self.aside.setdefault((claim, operation), raft)
                cluster.before.setdefault(operation, (cluster.established.get(resource), cluster.acknowledged))
                self.journals[claim] = Raft(operation=operation)
        elif words[1] == "journal-back":
            operation = words[3]
            if (claim, operation) in self.aside:
                before = self.aside.pop((claim, operation))
                self.journals.pop(claim, None)
                if before is not None:
                    self.journals[claim] = before
                # What was acknowledged before has to be there again.
                history, cluster.acknowledged = cluster.before[operation]
                if history is not None:
                    cluster.established[resource] = history
        else:
            operation, attempt = words[4], words[5]
            if raft is None or raft.operation != operation:
                self.violate("only_own_journals_are_emptied", f"{proc.name} empties a journal of {raft}")
            elif raft.emptied != attempt:
                self.journals[claim] = Raft(operation=operation, emptied=attempt)

    def _journal_found(self, proc: Proc, obj: Json) -> bool:
        """Do what the init container of a master does; `Raft()` without a history has the mark of a first start."""
        claim = proc.claims["journal"]
        if claim in self.journals:
            return True
        missing = "JournalMissing: no journal below /journal/raft"
        if proc.joined_once:
            missing += f", without which {JOINED_ONCE}"
        elif obj["metadata"].get("annotations", {}).get(PERMISSION) == proc.uid:
            self.journals[claim] = Raft()
            proc.joined_once = True
            return True
        proc.message = missing
        return False

    def _terminate(self, proc: Proc, obj: Json) -> None:
        if proc.ends is None:
            grace = obj["spec"].get("terminationGracePeriodSeconds", 30)
            proc.ends = self.t + min(grace, 1 + 5 * self.chance(f"stop {proc.name}"))
            self.wake(proc.ends)
        elif self.t >= proc.ends:
            self._end(proc.uid)
            self.store.remove(proc.path)

    def _end(self, uid: str) -> None:
        proc = self.procs.pop(uid, None)
        if proc is not None:
            self._ips.pop(proc.ip, None)
            self.masters_of(*proc.owner).drop_memory(proc)

    def _probe(self, proc: Proc) -> None:
        """Set readiness by what the process really does, and show it in the pod's status."""
        if not proc.reachable or (proc.role == "journal" and proc.stage != "init"):
            return
        serves = proc.stage in ("started", "ready") and self.t >= proc.due and self._serves(proc)
        serves = serves and proc.behaviour != "unready"
        if proc.stage == "started" and serves:
            proc.stage, proc.ready_since, proc.begun = "ready", self.t, True
        elif proc.stage == "ready" and not serves:
            proc.stage, proc.ready_since = "started", None
            proc.due = self.t
        self._show(proc)

    def _serves(self, proc: Proc) -> bool:
        if proc.app == "presto":
            return True
        masters = self.masters_of(*proc.owner)
        match proc.role:
            case "master":
                return any(one is proc for one in masters.in_quorum())
            case "worker":
                return proc.ready_since is not None or any(one.proc == proc.uid for one in masters.workers.values())
            case "jobmaster" | "fuse":
                return proc.ready_since is not None or masters.serving
        return True

    def _show(self, proc: Proc) -> None:
        ready = proc.stage == "ready"
        shown = (proc.stage, ready, proc.restarts, proc.waits_for if proc.stage == "waiting" else "", proc.message)
        if proc.shown == shown:
            return
        obj = self.store.objects.get(proc.path)
        if obj is None or obj["metadata"]["uid"] != proc.uid:
            return
        if ready != proc.shown_ready:
            proc.transition = self.t
        proc.shown, proc.shown_ready = shown, ready
        self.store.set_status(proc.path, self._status(proc, ready))

    def _status(self, proc: Proc, ready: bool) -> Json:
        def container(name: str) -> Json:
            state: Json = {"waiting": {"reason": "PodInitializing"}}
            if proc.stage == "waiting":
                state = {"waiting": {"reason": proc.waits_for, "message": proc.message}}
            elif proc.stage in ("started", "ready"):
                state = {"running": {"startedAt": stamp(self.now)}}
            last = {"terminated": {"exitCode": 1, "reason": "Error"}} if proc.restarts else {}
            return {
                "name": name,
                "ready": ready,
                "started": proc.begun,
                "restartCount": proc.restarts,
                "image": proc.image,
                "state": state,
                "lastState": last,
            }

        inits = []
        for name in proc.inits:
            missing = proc.message if name == "journal-check" and proc.stage == "init" else ""
            ended = {"exitCode": 1, "reason": "Error", "message": missing}
            inits.append(
                {
                    "name": name,
                    "ready": proc.stage in ("started", "ready"),
                    "restartCount": 1 if missing else 0,
                    "state": {"running": {}} if proc.stage == "init" else {"terminated": {"exitCode": 0}},
                    "lastState": {"terminated": ended} if missing else {},
                }
            )
        if proc.role == "journal" and proc.message:
            last = {"terminated": {"exitCode": 1, "reason": "Error", "message": proc.message}}
            waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
            containers = [{**container("journal"), "state": waiting, "lastState": last}]
        else:
            containers = [container(name) for name in proc.containers]
        running = proc.stage in ("started", "ready")
        status: Json = {
            "phase": "Running" if running else "Pending",
            "startTime": stamp(NOW + timedelta(seconds=proc.bound_at)),
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {
                    "type": "Ready",
                    "status": "True" if ready else "False",
                    "lastTransitionTime": stamp(NOW + timedelta(seconds=proc.transition)),
                },
            ],
            "initContainerStatuses": inits,
            "containerStatuses": containers,
        }
        if proc.stage not in ("creating", "waiting"):
            status["podIP"] = proc.ip
        return status
