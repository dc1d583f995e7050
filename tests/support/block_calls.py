"""The operator's calls about blocks, answered by the model of `blocks`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from tests.support.blocks import Cluster, File, Worker

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import (
    NO_SUCH_WORKER,
    NOT_SUPPORTED,
    Accepted,
    BlockPlaces,
    CopyOutcome,
    FilesFound,
    Held,
    HeldListing,
    HeldQuestion,
    Inventory,
    PlacesFound,
    Refused,
    WorkersReport,
    WorkerUse,
    file_of,
)
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.held_sums import HeldSums, blocks_of
from alluxio_operator.transport.deadline import Deadline

RPC_PORT: Final = 29999
WEB_PORT: Final = 30000
Fault = Literal["", "no answer", "answer lost", "refused"]
"""`no answer`: the server gets no request. `answer lost`: the request takes effect. `refused`: a copy fails."""


class BlockCalls:
    """`alluxio.answers.AlluxioWorkers` of the model `blocks`.

    `addresses` are other names of workers, such as the IPs of their pods. `before` is called before each call and each
    step of a listing, with the method's name; what it returns goes wrong. A page of a listing has `page` files. A copy
    without a wait takes a time from `copy_seconds`. `has_barrier` is False for 2.9.3. `unseen`: folders that the
    operator's user may not enter.
    """

    def __init__(self, blocks: Cluster | None = None) -> None:
        self.blocks = blocks or Cluster()
        self.addresses: dict[str, str] = {}
        self.before: Callable[[str], Fault] = lambda _: ""
        self.page = 1000
        self.copy_seconds = (0.5, 20.0)
        self.has_barrier = True
        self.unseen: set[str] = set()
        self.copies: list[tuple[str, int, str]] = []
        """Copies that were asked for: target, block, source."""
        self.decommissioned: list[str] = []

    def workers_report(self, host: str, port: int, deadline: Deadline) -> WorkersReport | NoAnswer:
        if (refusal := self._ask_leader("workers_report")) is not None:
            return refusal
        known = self.blocks.known.items()
        return WorkersReport(tuple(self._use(host) for host, _ in sorted(known)), leader_name(self.blocks))

    def held_listing(self, host: str, port: int, question: HeldQuestion) -> HeldListing:
        return _Listing(self, question)

    def block_places(
        self, host: str, port: int, block_ids: Sequence[int], deadline: Deadline
    ) -> PlacesFound | NoAnswer:
        if (refusal := self._ask_leader("block_places")) is not None:
            return refusal
        cluster = self.blocks
        found = {
            one: BlockPlaces(cluster.lengths[one], tuple(cluster.locations(one))) if one in cluster.lengths else None
            for one in block_ids
        }
        return PlacesFound(found, leader_name(cluster))

    def files_found(self, host: str, port: int, file_ids: Sequence[int], deadline: Deadline) -> FilesFound | NoAnswer:
        if (refusal := self._ask_leader("files_found")) is not None:
            return refusal
        cluster = self.blocks
        files = {file_of(block_id): one for one in cluster.files.values() for block_id in one.ids}
        found = {one: blocks_of(file_info(cluster, files[one])) if one in files else None for one in file_ids}
        return FilesFound(found, leader_name(cluster))

    def inventory(self, host: str, web_port: int, offset: int, deadline: Deadline) -> Inventory | NoAnswer:
        worker = self._worker(host)
        if self._fault("inventory") or worker is None or not worker.alive:
            return NoAnswer("connection refused", reached=False)
        named = {one: copy.length for one, copy in worker.blocks.items() if self.blocks.owner(one)}
        files = {file_of(one) for one in worker.blocks}
        if not self.blocks.serves:
            return Inventory({}, len(files), len(files), len(files))
        return Inventory(named, len(files), len(files), len(files) - len({file_of(one) for one in named}))

    def worker_used(self, host: str, web_port: int, deadline: Deadline) -> int | NoAnswer:
        worker = self._worker(host)
        if self._fault("worker_used") or worker is None or not worker.alive:
            return NoAnswer("connection refused", reached=False)
        return worker.used

    def copy_block(
        self,
        target: tuple[str, int],
        block_id: int,
        length: int,
        source: tuple[str, int],
        *,
        wait: bool,
        deadline: Deadline,
    ) -> CopyOutcome:
        fault = self._fault("copy_block")
        to, by = self._worker(target[0]), self._worker(source[0])
        if target[0] == source[0]:
            return Refused("the block's source is the worker itself")
        if to is None or not to.alive or fault == "no answer":
            return NoAnswer("connection refused", reached=False)
        if fault == "refused":
            return Refused("UNKNOWN: no") if wait else Accepted()
        source_host = by.host if by else source[0]
        self.copies.append((to.host, block_id, source_host))
        error = ""
        if wait:
            error = self._copy(to.host, to.incarnation, block_id, length, source_host)
        else:
            incarnation = to.incarnation
            self.blocks.later(
                self.blocks.random.uniform(*self.copy_seconds),
                lambda: self._copy(to.host, incarnation, block_id, length, source_host),
            )
        if fault == "answer lost":
            return NoAnswer("no answer in time")
        return Refused(error) if error else Accepted()

    def decommission_worker(self, host: str, port: int, worker: tuple[str, int], deadline: Deadline) -> str | NoAnswer:
        fault = self._fault("decommission_worker")
        if fault == "no answer" or not self.blocks.serves:
            return NoAnswer("it doesn't lead", reached=False)
        if not self.has_barrier:
            return NOT_SUPPORTED
        known = self.blocks.known.get(worker[0])
        if known is None or worker[1] != WEB_PORT:
            return NO_SUCH_WORKER
        self.decommissioned.append(worker[0])
        if known.state != "DECOMMISSIONED":
            known.state = "DECOMMISSIONED"
        return NoAnswer("no answer in time") if fault == "answer lost" else ""

    def has_block(self, host: str, port: int, block_id: int, deadline: Deadline) -> bool | NoAnswer:
        worker = self._worker(host)
        if self._fault("has_block") or worker is None or not worker.alive:
            return NoAnswer("connection refused", reached=False)
        return block_id in worker.blocks

    def _fault(self, method: str) -> Fault:
        self.blocks.catch_up()
        fault = self.before(method)
        self.blocks.catch_up()
        return fault

    def _ask_leader(self, method: str) -> NoAnswer | None:
        if self._fault(method):
            return NoAnswer("no answer in time")
        if self.blocks.leads_from > self.blocks.t:
            return NoAnswer("it doesn't lead", reached=False)
        return None if self.blocks.serves else NoAnswer("UNAVAILABLE: in safe mode")

    def _worker(self, address: str) -> Worker | None:
        return self.blocks.workers.get(self.addresses.get(address, address))

    def _copy(self, target: str, incarnation: int, block_id: int, length: int, source: str) -> str:
        worker = self.blocks.workers[target]
        if not worker.alive or worker.incarnation != incarnation:
            return "UNAVAILABLE: the worker has ended"
        if source not in self.blocks.workers:
            return "UNKNOWN: UnavailableException: io exception"
        return self.blocks.copy(target, block_id, length, source)

    def _use(self, host: str) -> WorkerUse:
        known, now = self.blocks.known[host], self.blocks.t
        return WorkerUse(
            host=host,
            rpc_port=RPC_PORT,
            web_port=WEB_PORT,
            capacity=known.capacity,
            used=known.used,
            free={"MEM": max(known.capacity - known.used, 0)},
            state=known.state,  # type: ignore[arg-type]
            silent_seconds=int(now - known.heard),
            last_contact_ms=int(now * 1000) - 1000 * int(now - known.heard),
            started_ms=int(known.started * 1000),
            id=sorted(self.blocks.workers).index(host) + 1,
        )


def leader_name(cluster: Cluster) -> str:
    """Return the name of the process that leads."""
    host, started = cluster.leader
    return f"{host} {started}"


class _Listing:
    """A listing in pages: between them, clients and workers go on."""

    def __init__(self, calls: BlockCalls, question: HeldQuestion) -> None:
        self._calls, self._question = calls, question
        self._sums = HeldSums(question)
        self._after = ""
        self._leader = ""
        self._started_ms = 0

    def step(self) -> Held | NoAnswer | None:
        if (refusal := self._calls._ask_leader("held_listing")) is not None:
            return refusal
        cluster = self._calls.blocks
        leader = leader_name(cluster)
        if not self._leader:
            self._leader, self._started_ms = leader, int(cluster.t * 1000)
        elif leader != self._leader:
            return NoAnswer("another process leads than at the listing's start")
        paths = sorted(one for one in cluster.files if one > self._after)
        for path in paths[: self._calls.page]:
            if not any(path.startswith(f"{folder}/") for folder in self._calls.unseen):
                self._sums.add(file_info(cluster, cluster.files[path]))
            self._after = path
        if len(paths) > self._calls.page:
            return None
        superuser = not self._calls.unseen
        return self._sums.result(self._started_ms, int(cluster.t * 1000), leader, 0, 0.0, superuser=superuser)


def file_info(cluster: Cluster, file: File) -> messages.FileInfo:
    """Return a file as a listing has it."""
    known = [one for one in file.ids if one in cluster.lengths]
    blocks = [
        messages.FileBlock(
            info=messages.BlockInfo(
                block_id=one,
                length=cluster.lengths[one],
                locations=[
                    messages.BlockLocation(address=messages.WorkerAddress(host=host), tier="MEM")
                    for host in cluster.locations(one)
                ],
            )
        )
        for one in known
    ]
    return messages.FileInfo(
        path=file.path,
        length=sum(cluster.lengths[one] for one in known) if file.completed else 0,
        block_size=file.block_size,
        completed=file.completed,
        pinned=file.pinned,
        persisted=file.persisted,
        persistence_state="PERSISTED" if file.persisted else "LOST" if file.is_marked_lost else "NOT_PERSISTED",
        replication_min=file.replication_min,
        replication_max=file.replication_max,
        block_ids=file.ids,
        blocks=blocks,
    )
