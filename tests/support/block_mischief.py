"""What clients, workers and leaders do between any two calls of the operator, driven by a seed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random

from tests.support.block_calls import BlockCalls, Fault
from tests.support.blocks import Cluster, File

MOST_FILES = 60
"""Files beyond which clients write no more."""
STALE_LIST = 120.0
"""Seconds for which a client writes to a worker that the leader no longer names, as Alluxio's clients do."""
CLIENTS = ("write", "begin", "end", "delete", "rename", "overwrite", "persist", "read", "pin", "expire")
LEADERS = ("change_leader", "restart_leader")
WORKERS = ("crash", "restart", "cut_off", "heal")


class Mischief:
    """Acts before a call with a probability `often`, and lets a call go wrong with `faults`.

    `acts` are the names of the methods that it may call; `stale` stands for STALE_LIST. `done` says what it did.
    """

    def __init__(
        self,
        calls: BlockCalls,
        seed: int,
        acts: Collection[str] = (*CLIENTS, *LEADERS),
        *,
        often: float = 0.3,
        faults: float = 0.05,
        stale: float = STALE_LIST,
    ) -> None:
        self.calls, self.blocks = calls, calls.blocks
        self.random = Random(seed)
        self.acts = sorted(acts)
        self.often, self.faults, self.stale = often, faults, stale
        self.done: list[str] = []
        self._turn = 0
        self._open: list[tuple[File, int, str]] = []
        self._seen: dict[str, float] = {}
        calls.before = self

    def __call__(self, method: str) -> Fault:
        self._look()
        while self.random.random() < self.often:
            act = self.random.choice(self.acts)
            said = getattr(self, f"_{act}")()
            if said:
                self.done.append(f"{self.blocks.t:.1f} before {method}: {act} {said}")
        if self.random.random() < self.faults:
            wrong: list[Fault] = ["no answer", "answer lost", "refused"]
            return self.random.choice(wrong)
        return ""

    def fill(self, files: int) -> None:
        """Write some files of all kinds."""
        for _ in range(files):
            self._look()
            self._write()

    def settle(self) -> None:
        """Let the open writers end, and stop acting."""
        while self._open:
            self._end()
        self.often = self.faults = 0.0

    def _look(self) -> None:
        """Note the workers that clients see. They keep to them for a while."""
        cluster = self.blocks
        for host, known in cluster.known.items():
            if known.state == "LIVE" and cluster.serves:
                self._seen[host] = cluster.t
        for host in [host for host, at in self._seen.items() if cluster.t - at > self.stale]:
            del self._seen[host]

    def _host(self) -> str | None:
        workers = self.blocks.workers
        return self._one(
            [host for host in self._seen if workers[host].alive and not workers[host].stranger and self._knows(host)]
        )

    def _knows(self, host: str) -> bool:
        """Whether the leader accepts a commit by this process."""
        known = self.blocks.known.get(host)
        return known is not None and known.incarnation == self.blocks.workers[host].incarnation

    def _file(self, which: Callable[[File], bool] = lambda _: True) -> str | None:
        return self._one([path for path, one in self.blocks.files.items() if one.completed and which(one)])

    def _one(self, choices: Collection[str]) -> str | None:
        return self.random.choice(sorted(choices)) if choices else None

    def _path(self) -> str:
        self._turn += 1
        return f"/{self.random.choice('abcdxyz')}/{self._turn:04d}"

    def _write(self, path: str = "") -> str:
        if (host := self._host()) is None or len(self.blocks.files) > MOST_FILES:
            return ""
        lengths = [self.random.randint(1, 40) for _ in range(self.random.randint(1, 3))]
        attributes: dict[str, object] = {"persisted": self.random.random() < 0.3, "pinned": self.random.random() < 0.15}
        if self.random.random() < 0.1:
            attributes["replication_min"] = 2
        if self.random.random() < 0.1:
            attributes["replication_max"] = 1
            attributes["replication_min"] = 0
        file = self.blocks.write(path or self._path(), *lengths, on=host, **attributes)
        return f"{file.path} on {host}"

    def _begin(self) -> str:
        if (host := self._host()) is None or len(self.blocks.files) > MOST_FILES:
            return ""
        path = self._path()
        file = self.blocks.open(path)
        self._open.append((file, self.blocks.begin_block(path, host, self.random.randint(1, 40)), host))
        return f"{path} on {host}"

    def _end(self) -> str:
        if not self._open:
            return ""
        file, block_id, host = self._open.pop(self.random.randrange(len(self._open)))
        if not self._knows(host) or not self.blocks.commit(file.path, block_id, host):
            # The client sees the failure, and gives the file up.
            self.blocks.workers[host].temporary.pop(block_id, None)
            if self.blocks.files.get(file.path) is file:
                self.blocks.delete(file.path)
        file.completed = True
        return f"{file.path} on {host}"

    def _delete(self) -> str:
        if path := self._file():
            self.blocks.delete(path)
        return path or ""

    def _rename(self) -> str:
        if (path := self._file()) is None:
            return ""
        new = self._path()
        self.blocks.rename(path, new)
        return f"{path} to {new}"

    def _overwrite(self) -> str:
        path = self._file()
        return self._write(path) if path else ""

    def _persist(self) -> str:
        if path := self._file():
            self.blocks.persist(path)
        return path or ""

    def _read(self) -> str:
        path, host = self._file(lambda one: one.persisted), self._host()
        if path is None or host is None:
            return ""
        self.blocks.cache(path, host)
        return f"{path} on {host}"

    def _pin(self) -> str:
        if path := self._file():
            self.blocks.files[path].pinned ^= True
        return path or ""

    def _expire(self) -> str:
        if path := self._file():
            self.blocks.files[path].expires = self.blocks.t + self.random.uniform(0, 60)
        return path or ""

    def _change_leader(self) -> str:
        if not self.blocks.serves or self.random.random() < 0.9:
            return ""
        self.blocks.change_leader(self.random.uniform(0, 20), self.random.uniform(0, 10))
        self._register_late()
        return self.blocks.leader[0]

    def _restart_leader(self) -> str:
        if not self.blocks.serves or self.random.random() < 0.9:
            return ""
        self.blocks.change_leader(self.random.uniform(1, 60), 5.0, same_host=True)
        self._register_late()
        return self.blocks.leader[0]

    def _register_late(self) -> None:
        """Let some workers register only after the safe mode has ended."""
        for worker in self.blocks.workers.values():
            if self.random.random() < 0.3:
                worker.late = self.blocks.safe_until + self.random.uniform(0, 60)

    def _crash(self) -> str:
        return self._end_process()

    def _restart(self) -> str:
        host = self._end_process()
        if host:
            self.blocks.later(self.random.uniform(1, 60), lambda: self._come_back(host))
        return host

    def _end_process(self) -> str:
        alive = [one.host for one in self.blocks.workers.values() if one.alive and not one.stranger]
        if len(alive) < 3 or self.random.random() < 0.9:
            return ""
        host = self.random.choice(alive)
        self.blocks.crash(host)
        return host

    def _come_back(self, host: str) -> None:
        if not self.blocks.workers[host].alive:
            self.blocks.start(host)

    def _cut_off(self) -> str:
        host = self._one([one.host for one in self.blocks.workers.values() if one.alive])
        if host is None or self.random.random() < 0.7:
            return ""
        self.blocks.workers[host].cut_off = True
        self.blocks.later(self.random.uniform(5, 600), lambda: setattr(self.blocks.workers[host], "cut_off", False))
        return host

    def _heal(self) -> str:
        for worker in self.blocks.workers.values():
            worker.cut_off = False
        return "all"


def cluster_of(seed: int, hosts: int = 4, capacity: int = 2000) -> tuple[Cluster, BlockCalls]:
    """Return a cluster with its calls, in which the time passes by `advance` only."""
    cluster = Cluster(*(f"w-{number}" for number in range(hosts)), capacity=capacity, seed=seed)
    return cluster, BlockCalls(cluster)
