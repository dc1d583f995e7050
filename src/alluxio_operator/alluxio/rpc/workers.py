"""gRPC calls to the leading master about its workers; `answers.AlluxioWorkers` documents them.

Source of the method paths and meanings: the BlockMasterClientService and MetaMasterClientService of Alluxio 2.9.4, and
for the states' names also the classes of 2.9.3.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import grpc
from google.protobuf.message import DecodeError

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import (
    NO_SUCH_WORKER,
    NOT_SUPPORTED,
    BlockPlaces,
    FilesFound,
    HeldBlock,
    PlacesFound,
    WorkersReport,
    WorkerState,
    WorkerUse,
)
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import Connection, connect
from alluxio_operator.alluxio.rpc.held_sums import blocks_of
from alluxio_operator.alluxio.rpc.leader import LISTING_BYTES, META, SAYS_NOTHING, no_answer, refusal
from alluxio_operator.alluxio.rpc.listing import LARGEST_FILE, LONGEST_HOST
from alluxio_operator.backup_file.wire import BYTES, MalformedError, fields
from alluxio_operator.transport.printable import printable

FILES_BY_ID: Final = "/alluxio.grpc.file.FileSystemMasterWorkerService/"
MASTER: Final = "/alluxio.grpc.block.BlockMasterClientService/"

ALL: Final = 1
"""Number of the range of workers of every state."""
LIVE: Final = 2
REPORTED: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9)
"""Numbers of the fields: those that 2.9.3 has, too, but for the number of blocks, which it doesn't send."""
NAMES: Final = (0, 4)
"""Numbers of the fields of a leader: its address, and the start of its process."""

STATES: Final[Mapping[str, WorkerState]] = {
    "ACTIVE": "LIVE",
    "LOST": "LOST",
    "Decommissioned": "DECOMMISSIONED",
    "In Service": "LIVE",
    "Out of Service": "LOST",
}
"""By name of Alluxio's state; the last two are those of 2.9.3."""

ASKING_SHARE: Final = 0.5
"""Share of a call's seconds after which no further block or file is asked for."""
MOST_COPIES: Final = 64
"""Hosts of a block that are named."""
MOST_WORKERS: Final = 10_000
LARGEST_WORKER: Final = 64 * 1024
"""Bytes about one worker."""
MOST_TIERS: Final = 16
LONGEST_ALIAS: Final = 64
LONGEST_LEADER: Final = 300
LARGEST_PORT: Final = 65535
LARGEST_SIZE: Final = 2**62

T = TypeVar("T")

INFOS: Final = messages.WorkerReport.DESCRIPTOR.fields_by_name["infos"].number


def workers_report(host: str, port: int, seconds: float, now_ms: int) -> WorkersReport | NoAnswer:
    """Return all workers that the leader knows. `now_ms` is the time of the operator's clock."""
    try:
        with connect(host, port, seconds) as connection:
            leader = leader_of(connection)
            question = messages.WorkerReportRequest(fields=REPORTED, range=ALL)
            answer = connection.call_bytes(f"{MASTER}GetWorkerReport", question)
            workers = tuple(_use(info, now_ms) for info in _infos(answer, connection))
            # A change of the leader between the calls would give its workers another leader's name.
            again = leader_of(connection)
    except grpc.RpcError as error:
        return no_answer(error)
    except (MalformedError, DecodeError):
        return NoAnswer("its report of workers can't be read")
    except _ReportTooLargeError as error:
        return NoAnswer(str(error))
    return WorkersReport(workers, leader) if again == leader else NoAnswer("the leader restarted meanwhile")


def decommission_worker(host: str, port: int, worker: tuple[str, int], seconds: float) -> str | NoAnswer:
    """Let the leader hide a worker until it registers again; return its refusal, or an empty text."""
    # Otherwise the worker may not register again, takes its heartbeats for failed, and ends after an hour.
    question = messages.DecommissionRequest(host=worker[0], web_port=worker[1], can_register_again=True)
    try:
        with connect(host, port, seconds) as connection:
            try:
                connection.call(f"{MASTER}DecommissionWorker", question, messages.Nothing)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.NOT_FOUND:
                    return NO_SUCH_WORKER
                if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                    # A standby has no such service, and a leader before 2.9.4 no such method.
                    leader_of(connection)
                    return NOT_SUPPORTED
                if error.code() in SAYS_NOTHING:
                    raise
                return printable(refusal(error.code(), error.details() or ""))
            return ""
    except grpc.RpcError as error:
        return no_answer(error)


def block_places(host: str, port: int, block_ids: Sequence[int], seconds: float) -> PlacesFound | NoAnswer:
    """Return the leader's records of blocks, as many as it answers within half the seconds."""
    found = _each(host, port, block_ids, seconds, _places)
    return found if isinstance(found, NoAnswer) else PlacesFound(*found)


def files_found(host: str, port: int, file_ids: Sequence[int], seconds: float) -> FilesFound | NoAnswer:
    """Return files with all their blocks, as many as the leader answers within half the seconds."""
    found = _each(host, port, file_ids, seconds, _file)
    return found if isinstance(found, NoAnswer) else FilesFound(*found)


def leader_of(connection: Connection) -> str:
    """Return the name of a leader's process: its host and the start of the process. Raise grpc.RpcError."""
    question = messages.MasterInfoRequest(fields=NAMES)
    info = connection.call(f"{META}GetMasterInfo", question, messages.LeaderInfoAnswer).info
    # Java's text of an address: HOST/IP:PORT, with <unresolved> for the IP if the leader didn't find its own name.
    name, _, resolved = info.address.rpartition(":")[0].partition("/")
    return f"{printable(name or resolved)[:LONGEST_LEADER]} {info.started_ms}"


def _places(connection: Connection, block_id: int) -> BlockPlaces | None:
    question = messages.BlockInfoRequest(block_id=block_id)
    try:
        info = connection.call(f"{MASTER}GetBlockInfo", question, messages.BlockInfoAnswer).info
    except grpc.RpcError as error:
        # Alluxio's code for an id that it has no record of.
        if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
            return None
        raise
    hosts = {printable(one.address.host[:LONGEST_HOST]) for one in info.locations[:MOST_COPIES]}
    return BlockPlaces(_size(info.length), tuple(sorted(hosts)))


def _file(connection: Connection, file_id: int) -> tuple[HeldBlock, ...] | None:
    question = messages.FileByIdRequest(file_id=file_id)
    try:
        answer = connection.call_bytes(f"{FILES_BY_ID}GetFileInfo", question)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise
    if len(answer) > LARGEST_FILE:
        raise _ReportTooLargeError("a file has too many blocks")
    return blocks_of(messages.GetStatusAnswer.FromString(answer).info)


def _each(
    host: str, port: int, ids: Sequence[int], seconds: float, ask: Callable[[Connection, int], T]
) -> tuple[dict[int, T], str] | NoAnswer:
    """Ask one process for each id within half the seconds; return the answers and the process's name."""
    until = time.monotonic() + ASKING_SHARE * seconds
    found: dict[int, T] = {}
    try:
        with connect(host, port, seconds, LISTING_BYTES) as connection:
            leader = leader_of(connection)
            for one in ids:
                if time.monotonic() > until:
                    break
                found[one] = ask(connection, one)
            again = leader_of(connection)
    except grpc.RpcError as error:
        return no_answer(error)
    except DecodeError:
        return NoAnswer("its answer can't be read")
    except _ReportTooLargeError as error:
        return NoAnswer(str(error))
    return (found, leader) if again == leader else NoAnswer("the leader restarted meanwhile")


class _ReportTooLargeError(Exception):
    """A report that the operator doesn't read to its end."""


def _infos(answer: bytes, connection: Connection) -> Iterator[messages.WorkerInfo]:
    """Yield the workers of a report, one parsed at a time."""
    count = 0
    for number, kind, _, start, end in fields(answer):
        if (number, kind) != (INFOS, BYTES):
            continue
        count += 1
        if count > MOST_WORKERS:
            raise _ReportTooLargeError(f"its report has more than {MOST_WORKERS:,} workers")
        if end - start > LARGEST_WORKER:
            raise _ReportTooLargeError("its report has a worker with too much text")
        if connection.left <= 0:
            raise _ReportTooLargeError("no answer in time")
        yield messages.WorkerInfo.FromString(answer[start:end])


def _use(info: messages.WorkerInfo, now_ms: int) -> WorkerUse:
    silent = max(info.silent_seconds, 0)
    return WorkerUse(
        host=printable(info.address.host[:LONGEST_HOST]),
        rpc_port=_port(info.address.rpc_port),
        web_port=_port(info.address.web_port),
        capacity=_size(info.capacity),
        used=_size(info.used),
        free=_free(info),
        state=STATES.get(info.state, "OTHER"),
        silent_seconds=silent,
        last_contact_ms=now_ms - 1000 * silent,
        started_ms=info.started_ms,
        id=info.id,
    )


def _free(info: messages.WorkerInfo) -> dict[str, int]:
    capacities = sorted(info.capacity_on_tiers.items())[:MOST_TIERS]
    return {
        printable(alias[:LONGEST_ALIAS]): max(_size(capacity) - _size(info.used_on_tiers.get(alias, 0)), 0)
        for alias, capacity in capacities
    }


def _port(number: int) -> int:
    return number if 0 < number <= LARGEST_PORT else 0


def _size(number: int) -> int:
    return min(max(number, 0), LARGEST_SIZE)
