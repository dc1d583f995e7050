"""A world with a model of the journal's quorum, as unkind as Raft allows: any member may lead at any time.

Each volume has a journal with an index and a history. A master's process runs only what its init container permits,
by the script of the StatefulSet's template from which its pod was made. The leader commits an entry in each turn, which
a majority gets. A master with an empty journal asks to join once, at its start, and is a member after some turns.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from tests.support.builders import container_status, info, resource
from tests.support.three_masters import outdated
from tests.support.world import FakeAlluxio, World, address

from alluxio_operator.alluxio.answers import NoAnswer, QuorumInfo, QuorumMember, Standby
from alluxio_operator.kinds.cluster.masters.quorum import majority
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.validate import MEMBER_CHANGES
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.termination_message import NOT_A_MEMBER

Json = dict[str, Any]
FIRST_INDEX: Final = 40
FORMER: Final = "former"
_GUARD: Final = re.compile(r'"\$ordinal" -ge (?P<members>\d+) \](?:.*?"\$prepared" != (?P<joins>\w+) \])?')


@dataclass
class Volume:
    """A master's volume: the journal's history, its index, and the operation that a Job has prepared it for."""

    history: str = ""
    index: int = 0
    prepared: str = ""


@dataclass
class Nasty:
    """What goes wrong, by a seed; without a seed nothing does, and the first one leads."""

    seed: int | None = None
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def happens(self, chance: float) -> bool:
        """Return True with a chance, never in a kind world."""
        return self.seed is not None and self.rng.random() < chance


class QuorumAlluxio(FakeAlluxio):
    """Masters of which the world's model knows who is a member."""

    def __init__(self, world: Masters) -> None:
        super().__init__()
        self.world = world

    def quorum_info(self, host: str, port: int, deadline: Deadline) -> QuorumInfo | NoAnswer:
        return self.world.lists.get(host, NoAnswer("it doesn't lead"))

    def remove_member(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        self.removed.append(member)
        if self.world.leader is None or host != address(self.world.leader):
            return NoAnswer("it doesn't lead")
        self.world.remove(int(member[0].partition(".")[0].rpartition("-")[2]))
        return ""

    def transfer_lead(self, host: str, port: int, member: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        self.transfers.append(member)
        world = self.world
        if world.leader is None or host != address(world.leader):
            return NoAnswer("it doesn't lead")
        # It sets the members to those in its own properties.
        world.members = set(range(world.knows.get(world.leader, 0)))
        world.preferred = int(member[0].partition(".")[0].rpartition("-")[2])
        return ""


class Masters(World):
    """A cluster whose number of masters changes. `dangers` are the states that could lose data or service."""

    def __init__(self, replicas: int = 1, seed: int | None = None, **over: Any) -> None:
        self.nasty = Nasty(seed)
        self.members: set[int] = set(range(replicas))
        self.leader: int | None = None
        self.preferred: int | None = None
        self.volumes: dict[int, Volume] = {one: Volume("this", FIRST_INDEX) for one in range(replicas)}
        self.acknowledged = FIRST_INDEX
        self.processes: dict[int, str] = {}
        """By ordinal, the uid of the pod whose process runs."""
        self.scripts: dict[str, str] = {}
        """By uid, the script of the init container with which a pod was made."""
        self.knows: dict[int, int] = {}
        """Number of masters in the properties that a process has read."""
        self.crashed: dict[int, int] = {}
        """Turns until a crashed process starts again."""
        self.crashes: set[int] = set()
        """Masters that crash with each spec of `bad_hashes`."""
        self.bad_hashes: set[str] = set()
        self.staged: dict[int, int] = {}
        """Turns until a master that has asked to join is a member."""
        self.deaf: set[int] = set()
        """Masters whose request to join gets lost."""
        self.zombies: set[int] = set()
        """Masters that report that they lead, though they removed themselves."""
        self.lists: dict[str, QuorumInfo] = {}
        self.started: list[tuple[int, str]] = []
        self.dangers: list[str] = []
        cluster = resource(masters={"replicas": replicas}, **over)
        cluster["metadata"]["annotations"] = {MEMBER_CHANGES: "true"}
        super().__init__(cluster)
        self.alluxio = QuorumAlluxio(self)
        self.start_operator()

    def host(self, ordinal: int) -> str:
        return Names(self.name, self.namespace).master_host(ordinal)

    def pods(self) -> dict[int, Json]:
        """The masters' pods by ordinal."""
        found = ((name.rpartition("-"), name) for name in self.kube.of_kind("Pod"))
        return {
            int(ordinal): self.kube.object("Pod", self.namespace, name)
            for (stem, _, ordinal), name in found
            if stem == f"{self.name}-master"
        }

    def running(self) -> set[int]:
        return set(self.processes)

    def replicas(self, wanted: int) -> None:
        """Set spec.masters.replicas as a user."""
        self.kube.edit("AlluxioCluster", self.namespace, self.name, lambda obj: _set_replicas(obj, wanted))

    @property
    def stale(self) -> set[int]:
        """Ordinals whose volume has the journal of a former member."""
        return {one for one, volume in self.volumes.items() if volume.history == FORMER}

    @stale.setter
    def stale(self, ordinals: set[int]) -> None:
        for one in ordinals:
            self.volumes[one] = Volume(FORMER, 90, self.volumes.get(one, Volume()).prepared)

    def remove(self, ordinal: int) -> None:
        """Remove a member as the leader does: a majority of the old and of the new members has to agree."""
        for members in (self.members, self.members - {ordinal}):
            if len(members & self.running()) < majority(len(members)):
                self.dangers.append(f"the leader can't commit the removal of {ordinal} from {sorted(self.members)}")
                return
        self.staged.pop(ordinal, None)
        self.members -= {ordinal}
        if ordinal == self.leader:
            self.leader = None
            if self.nasty.happens(0.3):
                self.zombies.add(ordinal)
            else:
                # Its process ends; it restarts in its pod, and asks to join again (run on 2.9.4).
                self._ended(ordinal)
                self.crashed[ordinal] = 1

    def restart_container(self, ordinal: int) -> None:
        """Restart a master's process in its pod: it asks to join again, and reads its properties again."""
        self._ended(ordinal)

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        job = job and not self.nasty.happens(0.3)
        before = {one: pod["metadata"]["uid"] for one, pod in self.pods().items()}
        if job:
            self._prepare()
        super().turn(job=job, pods=pods, serves=serves)
        script = self._script()
        for one, pod in self.pods().items():
            if before.get(one) != pod["metadata"]["uid"]:
                self.scripts[pod["metadata"]["uid"]] = script
        self._run(pods=pods)
        self._join()
        self._elect()
        self._commit()
        self._answer(serves=serves)
        self._judge()

    def _script(self) -> str:
        name = f"{self.name}-master"
        if name not in self.kube.of_kind("StatefulSet"):
            return ""
        pod = self.kube.object("StatefulSet", self.namespace, name)["spec"]["template"]["spec"]
        return str(pod["initContainers"][0]["args"][0])

    def _prepare(self) -> None:
        """Run the Jobs that prepare a journal, as their script does."""
        for name in self.kube.of_kind("Job"):
            found = self.kube.object("Job", self.namespace, name)
            if "-journal-m" not in name or found.get("status", {}).get("succeeded"):
                continue
            pod = found["spec"]["template"]["spec"]
            operation = pod["containers"][0]["args"][3]
            ordinal = int(pod["volumes"][0]["persistentVolumeClaim"]["claimName"].rpartition("-")[2])
            if self.volumes.setdefault(ordinal, Volume()).prepared < operation:
                if ordinal in self.processes:
                    self.dangers.append(f"a Job moves the journal of master {ordinal}, which runs")
                self.volumes[ordinal] = Volume("", 0, operation)

    def _permits(self, ordinal: int, script: str) -> bool:
        found = _GUARD.search(script)
        assert found is not None, "the init container has its guard"
        volume = self.volumes.setdefault(ordinal, Volume())
        return ordinal < int(found["members"]) or (
            ordinal == int(found["members"]) and found["joins"] is not None and volume.prepared == found["joins"]
        )

    def _run(self, *, pods: bool) -> None:
        """Start and end processes."""
        found = self.pods()
        for ordinal, uid in list(self.processes.items()):
            if ordinal not in found or found[ordinal]["metadata"]["uid"] != uid:
                self._ended(ordinal)
        able = self.running() & self.members
        spare = len(able) - 1 >= majority(len(self.members)) or self.nasty.happens(0.2)
        if able and spare and self.nasty.happens(0.06):
            victim = self.nasty.rng.choice(sorted(self.running()))
            self._ended(victim)
            self.crashed[victim] = self.nasty.rng.randint(1, 3)
        for ordinal, pod in found.items():
            uid = pod["metadata"]["uid"]
            if ordinal in self.processes or not pods:
                continue
            if ordinal in self.crashes and self._is_bad(pod):
                self._fails(ordinal, pod, "Error", "OutOfMemoryError: Java heap space")
                continue
            if self.crashed.get(ordinal, 0) > 0:
                self.crashed[ordinal] -= 1
                self._fails(ordinal, pod, "Error", "the process has crashed")
                continue
            if not self._permits(ordinal, self.scripts[uid]):
                self._fails(ordinal, pod, "Error", f"{NOT_A_MEMBER}: it isn't a member\n", init=True)
                continue
            self.processes[ordinal] = uid
            self.knows[ordinal] = self._listed()
            volume = self.volumes[ordinal]
            if volume.history == FORMER:
                self.dangers.append(f"master {ordinal} starts with the journal of a former member")
            if ordinal not in self.members and not volume.history:
                volume.history = "this"
            self.started.append((ordinal, volume.history))
            if ordinal not in self.members and self.leader is not None and ordinal not in self.deaf:
                self.staged[ordinal] = 0 if self.nasty.seed is None else self.nasty.rng.randint(0, 3)

    def _is_bad(self, pod: Json) -> bool:
        return pod["metadata"].get("annotations", {}).get("alluxio-operator.io/config-hash") in self.bad_hashes

    def _ended(self, ordinal: int) -> None:
        self.processes.pop(ordinal, None)
        self.staged.pop(ordinal, None)
        self.zombies.discard(ordinal)
        if self.leader == ordinal:
            self.leader = None

    def _fails(self, ordinal: int, pod: Json, reason: str, message: str, *, init: bool = False) -> None:
        last = {"exitCode": 1, "reason": reason, "message": message}
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off"}
        kind = "initContainerStatuses" if init else "containerStatuses"
        one = container_status("journal-check" if init else "master", waiting=waiting, last=last)
        status = {"phase": "Pending" if init else "Running", kind: [one], "podIP": address(ordinal)}
        since = pod["metadata"].get("creationTimestamp", "2030-01-02T03:04:05Z")
        status["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": since}]
        self.kube.put({**pod, "status": status})

    def _listed(self) -> int:
        text = self.kube.object("ConfigMap", self.namespace, f"{self.name}-masterconf")["data"]
        found = next(
            line for line in str(text).split("\\n") if "embedded.journal.addresses" in line and "job" not in line
        )
        return found.count("-master-")

    def _join(self) -> None:
        for ordinal in sorted(self.staged):
            if self.leader is None or ordinal not in self.processes:
                # It asks once, at its start.
                self.staged.pop(ordinal)
            elif self.staged[ordinal] > 0:
                self.staged[ordinal] -= 1
            elif len((self.members | {ordinal}) & self.running()) >= majority(len(self.members) + 1):
                self.staged.pop(ordinal)
                self.members.add(ordinal)
                self.volumes[ordinal].index = self.volumes[self.leader].index
                return

    def _elect(self) -> None:
        able = self.members & self.running()
        if len(able) < majority(len(self.members)):
            self.leader = None
            return
        if self.leader is not None and self.nasty.happens(0.85) and self.preferred is None:
            return
        if self.nasty.seed is None and self.leader in able and self.preferred in (None, self.leader):
            return
        # A majority votes only for one that has all that they have.
        reach = {
            one: sum(self.volumes[other].index <= self.volumes[one].index for other in able) for one in sorted(able)
        }
        fit = [one for one, votes in reach.items() if votes >= majority(len(self.members))]
        assert fit, "the one with the highest index is always fit"
        before = self.leader
        if self.preferred in fit:
            self.leader = self.preferred
        elif self.nasty.seed is None:
            self.leader = before if before in fit else fit[0]
        else:
            self.leader = self.nasty.rng.choice(fit)
        if self.volumes[self.leader].index < self.acknowledged:
            self.dangers.append(f"master {self.leader} leads without entries that were acknowledged")
        if self.leader != before:
            self.staged.clear()
        if self.nasty.happens(0.3):
            self.preferred = None

    def _commit(self) -> None:
        """Let the leader commit an entry with a majority; the others may lag, or catch up."""
        if self.leader is None:
            return
        able = sorted((self.members & self.running()) - {self.leader})
        top = self.volumes[self.leader].index + 1
        acks = majority(len(self.members)) - 1
        chosen = self.nasty.rng.sample(able, acks) if self.nasty.seed is not None else able
        for one in (self.leader, *chosen):
            self.volumes[one].index = top
        self.acknowledged = top

    def _answer(self, *, serves: bool) -> None:
        self.alluxio.answers, self.alluxio.master = {}, NoAnswer("connection refused")
        old, self.lists = self.lists, {}
        live = sum("-worker-" in name for name in self.kube.of_kind("Pod"))
        names = Names(self.name, self.namespace)
        self.alluxio.indexes = {address(one): self.volumes[one].index for one in self.running()}
        for one in self.running() if serves else ():
            follows = "" if self.leader is None or one not in self.members else self.host(self.leader)
            made = info(live=live, names=names, members=tuple(self.host(n) for n in range(self.knows[one])))
            leads = one == self.leader or one in self.zombies
            if leads and self.nasty.happens(0.1):
                self.alluxio.answers[address(one)] = NoAnswer("safe mode", leads=True)
            elif not leads and self.nasty.happens(0.05):
                self.alluxio.answers[address(one)] = NoAnswer("no answer in time")
            else:
                self.alluxio.answers[address(one)] = made if leads else Standby(follows)
        if self.leader is not None:
            listed = self.members | set(self.staged)
            now = tuple(
                QuorumMember(self.host(one), one in self.running(), one == self.leader) for one in sorted(listed)
            )
            self.lists = {address(self.leader): now}
        # A leader that is cut off answers for a moment as before.
        self.lists |= {at: told for at, told in old.items() if at not in self.lists and self.nasty.happens(0.5)}

    def _judge(self) -> None:
        outside = self.running() - self.members
        if len(outside) > 1:
            self.dangers.append(f"masters {sorted(outside)} run without being members")
        missing = self.members - set(self.pods())
        # Without any pod, the cluster was deleted, and another one is about to adopt the journals.
        if self.pods() and missing and len(self.members - missing) < majority(len(self.members)):
            self.dangers.append(f"no majority of {sorted(self.members)} has a pod: {sorted(self.pods())}")

    def until(self, members: int, rounds: int | None = None) -> None:
        """Reconcile until the change is complete and the cluster is Ready."""
        rounds = rounds or (80 if self.nasty.seed is None else 900)
        for _ in range(rounds):
            self.reconcile()
            self.turn()
            self.now += timedelta(seconds=5)
            journal = self.status["journal"]
            ready = [c["status"] for c in self.status["conditions"] if c["type"] == "Ready"] == ["True"]
            if journal["members"] == members and "change" not in journal and ready and not outdated(self):
                return
        raise AssertionError(f"not done: {self.status['journal']} {self.members} {self.status['conditions']}")

    def remove_pod(self, ordinal: int) -> None:
        """Delete a pod as another client does."""
        self.kube.remove(KINDS["Pod"].path(self.namespace, f"{self.name}-master-{ordinal}"))


def _set_replicas(obj: Json, wanted: int) -> None:
    obj["spec"]["masters"] = {**obj["spec"].get("masters", {}), "replicas": wanted}


def settled(replicas: int = 1, seed: int | None = None, **over: Any) -> Masters:
    """Return a cluster that is installed and Ready; with a seed, anything may go wrong from now on."""
    world = Masters(replicas, **over)
    world.settle()
    world.until(replicas)
    world.kube.writes.clear()
    world.dangers.clear()
    world.nasty = Nasty(seed)
    return world
