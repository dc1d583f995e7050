"""Lists and reads files through Alluxio's masters and workers, in bulk and without loading anything into the cache.

Source: the messages of Alluxio 2.9.4, and what its own client does (GrpcDataReader, BlockInStream).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Final

import grpc

from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import Connection
from alluxio_operator.alluxio.rpc.leader import FILES, refusal
from alluxio_operator.read_back.compare import Through
from alluxio_operator.read_back.sample import Record, Share, blocks

READ: Final = "/alluxio.grpc.block.BlockWorker/ReadBlock"
NEVER: Final = 0
"""Alluxio's number of the way to load metadata that leaves the UFS alone."""
CHUNK: Final = 1024**2
"""Bytes of a message with a part of a block."""
MOST_READERS: Final = 2**31 - 1
"""What Alluxio's client says: no limit of those that read a file in the UFS at once."""
ABSENT: Final = ("No such file", "does not exist", "NoSuchKey", "FileNotFoundException", "NotFound", "404")
"""Parts of a worker's error if the UFS has no such file."""


def listed(master: Connection) -> Iterator[Record]:
    """Yield all files of the namespace as the master knows them, without a look at the UFS; raise grpc.RpcError."""
    options = messages.ListStatusOptions(load_metadata_type=NEVER, common=_without_sync(), recursive=True)
    question = messages.ListStatusRequest(path="/", options=options)
    for answer in master.stream(f"{FILES}ListStatus", iter((question,)), messages.ListStatusAnswer):
        yield from (_record(info) for info in answer.infos if not info.folder)


def status(master: Connection, path: str) -> Record | None:
    """Return a file as the master knows it, without a look at the UFS; None if it knows none. Raise grpc.RpcError."""
    options = messages.GetStatusOptions(load_metadata_type=NEVER, common=_without_sync(), update_timestamps=False)
    question = messages.GetStatusRequest(path=path, options=options)
    try:
        answer = master.call(f"{FILES}GetStatus", question, messages.GetStatusAnswer)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise
    return _record(answer.info)


def read(worker: Connection, share: Share) -> Through:
    """Return the digest of the first bytes of a file, as the worker gets them from the UFS.

    Raise grpc.RpcError if no worker answers: that says nothing of the file.
    """
    found = hashlib.sha256()
    count = 0
    try:
        for block, offset, length, wanted in blocks(share.record, share.bytes):
            for part in _block(worker, share.record, block, offset, length, wanted):
                found.update(part)
                count += len(part)
    except grpc.RpcError as error:
        said = error.details() or ""
        if error.code() is grpc.StatusCode.UNAVAILABLE and not any(one in said for one in ABSENT):
            raise
        absent = error.code() is grpc.StatusCode.NOT_FOUND or any(one in said for one in ABSENT)
        return Through(error=refusal(error.code(), said), absent=absent)
    if count != share.bytes:
        return Through(error=f"{count} bytes came of {share.bytes}")
    return Through(found.hexdigest())


def _block(worker: Connection, record: Record, block: int, offset: int, length: int, wanted: int) -> Iterator[bytes]:
    source = messages.OpenUfsBlockOptions(
        ufs_path=record.ufs_path,
        offset_in_file=offset,
        block_size=length,
        max_ufs_read_concurrency=MOST_READERS,
        mount_id=record.mount_id,
        no_cache=True,
    )
    request = messages.ReadRequest(
        block_id=block, offset=0, length=wanted, promote=False, chunk_size=CHUNK, open_ufs_block_options=source
    )
    requests: SimpleQueue[messages.ReadRequest | None] = SimpleQueue()
    requests.put(request)
    received = 0
    for answer in worker.stream(READ, iter(requests.get, None), messages.ReadResponse):
        part = bytes(answer.chunk.data)
        if not part:
            continue
        yield part
        received += len(part)
        # The worker holds back further parts until it knows that these have come.
        requests.put(messages.ReadRequest(offset_received=received) if received < wanted else None)


def _record(info: messages.FileInfo) -> Record:
    return Record(
        path=info.path,
        file_id=info.file_id,
        length=info.length,
        ufs_path=info.ufs_path,
        block_size=info.block_size,
        block_ids=tuple(info.block_ids),
        mount_id=info.mount_id,
        complete=info.completed,
        state=info.persistence_state,
        fingerprint=info.ufs_fingerprint,
    )


def _without_sync() -> messages.CommonOptions:
    return messages.CommonOptions(sync_interval_ms=-1)
