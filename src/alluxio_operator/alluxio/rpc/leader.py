"""gRPC calls to the leading master, each over its own connection; `answers.AlluxioRpc` documents them.

Source of the method paths and meanings: Alluxio 2.9.4's MetaMasterClientService and MetaMasterConfigurationService.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message

from alluxio_operator.alluxio.answers import (
    BackupState,
    BackupStatus,
    NoAnswer,
    QuorumInfo,
    QuorumMember,
    UnpersistedFiles,
    WriteResult,
)
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import Connection, connect
from alluxio_operator.alluxio.rpc.listing import Unpersisted, UnreadableError, files_in
from alluxio_operator.transport.printable import printable

META: Final = "/alluxio.grpc.meta.MetaMasterClientService/"
FILES: Final = "/alluxio.grpc.file.FileSystemMasterClientService/"
CONFIGURATION: Final = "/alluxio.grpc.meta.MetaMasterConfigurationService/"
JOURNAL: Final = "/alluxio.grpc.journal.JournalMasterClientService/"

AVAILABLE: Final = 1
"""Number of the state of a quorum's member that the leader has heard of lately."""

STATES: Final[Mapping[int, BackupState]] = {2: "Running", 3: "Running", 4: "Running", 5: "Completed", 6: "Failed"}
"""By number of Alluxio's state. Initiating (2) and transitioning (3, to the standby that makes the backup) count as
Running: a caller waits in all three."""

NOT_LEADING: Final = "it doesn't lead"
UNREACHABLE: Final = ("Connection refused", "No route")
NOT_REACHED: Final = frozenset({NOT_LEADING, *(text.lower() for text in UNREACHABLE)})
"""Reasons for which no server has received the request."""

THROUGH: Final = 4
"""Number of Alluxio's write type that writes to the UFS at once."""

NEVER: Final = 0
"""Number of Alluxio's option to list what it knows, without a look into the UFS."""
LISTING_BYTES: Final = 8 * 1024 * 1024
"""Longest message of a listing. By default, Alluxio sends 10,000 entries in one: 4.35 MB (run on 2.9.4)."""

SAYS_NOTHING: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)
"""Codes of a call that didn't reach the leader's namespace: they tell nothing about the UFS."""

CLOSED_AT_ONCE: Final = ("Socket closed", "Connection reset", "Broken pipe", "HTTP/2")
"""Parts of gRPC's error if a server accepts a connection and closes it, or speaks another protocol, such as TLS."""

MAY_PASS: Final = SAYS_NOTHING - {grpc.StatusCode.UNAUTHENTICATED}
"""Codes of a handshake that may succeed later."""

ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
"""The id of a backup."""

MAX_EXCEPTION: Final = 64 * 1024
"""Bytes of a serialised exception that are searched: its message comes before its stack trace."""

MAX_MEMBERS: Final = 16
"""Members of a quorum that are read."""

MAX_TEXT: Final = 200
"""Characters of a refusal."""

M = TypeVar("M", bound=Message)


class Leader:
    """The leading master; each call, with its connection, has a timeout of `seconds`."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._host, self._port, self._seconds = host, port, seconds

    def backup(self, directory: str) -> str | NoAnswer:
        """Begin a backup and return its id."""
        options = messages.BackupOptions(run_async=True, allow_leader=True)
        reply = self._call(
            f"{META}Backup", messages.BackupRequest(target_directory=directory, options=options), messages.Backup
        )
        if isinstance(reply, NoAnswer):
            return reply
        # Alluxio's ids are UUIDs. The status couldn't hold every other text, and then the next reconcile would begin
        # another backup.
        return reply.backup_id if ID.fullmatch(reply.backup_id) else NoAnswer("its answer has no id of a backup")

    def backup_status(self, backup: str) -> BackupStatus | NoAnswer:
        """Return the state of a backup by its id."""
        reply = self._call(f"{META}GetBackupStatus", messages.BackupStatusRequest(backup_id=backup), messages.Backup)
        if isinstance(reply, NoAnswer):
            return reply
        state = STATES.get(reply.state, "Unknown")
        error = _message_of(reply.error) if state == "Failed" else ""
        return BackupStatus(state, reply.uri, reply.entry_count, error)

    def update_configuration(self, properties: Mapping[str, str]) -> Mapping[str, bool] | NoAnswer:
        """Set properties; return for each whether it was accepted."""
        reply = self._call(
            f"{CONFIGURATION}UpdateConfiguration", messages.UpdateRequest(properties=properties), messages.UpdateAnswer
        )
        return reply if isinstance(reply, NoAnswer) else dict(reply.accepted)

    def test_write(self, folder: str, leftover: str) -> WriteResult | NoAnswer:
        """Create a folder in the UFS and delete it; first delete `leftover` if it is given."""
        connected = False
        try:
            with connect(self._host, self._port, self._seconds) as connection:
                connected = True
                return _test_write(connection, folder, leftover)
        except grpc.RpcError as error:
            refused = _refuses_operator(error, connected)
            return replace(no_answer(error), reached=False, refused=True) if refused else no_answer(error)

    def delete_folder(self, path: str) -> str | NoAnswer:
        """Delete a folder with all it holds, in Alluxio and in the UFS."""
        try:
            with connect(self._host, self._port, self._seconds) as connection:
                return _delete_folder(connection, path)
        except grpc.RpcError as error:
            return no_answer(error)

    def quorum_info(self) -> QuorumInfo | NoAnswer:
        """Return the members of the quorum."""
        reply = self._call(f"{JOURNAL}GetQuorumInfo", messages.Nothing(), messages.QuorumAnswer)
        if isinstance(reply, NoAnswer):
            return reply
        return tuple(
            QuorumMember(one.address.host, one.state == AVAILABLE, one.leads) for one in reply.servers[:MAX_MEMBERS]
        )

    def remove_member(self, host: str, port: int) -> str | NoAnswer:
        """Remove a member from the quorum."""
        reply = self._call(f"{JOURNAL}RemoveQuorumServer", _member(host, port), messages.Nothing)
        return reply if isinstance(reply, NoAnswer) else ""

    def transfer_lead(self, host: str, port: int) -> str | NoAnswer:
        """Begin to hand the lead over to a member; return the leader's refusal, or an empty text."""
        begun = self._call(f"{JOURNAL}TransferLeadership", _member(host, port), messages.TransferAnswer)
        if isinstance(begun, NoAnswer):
            return begun
        question = messages.TransferMessageRequest(transfer_id=begun.transfer_id)
        reply = self._call(f"{JOURNAL}GetTransferLeaderMessage", question, messages.TransferMessageAnswer)
        # A leader that has stepped down by now doesn't answer: the transfer has begun.
        return "" if isinstance(reply, NoAnswer) else printable(reply.message.text)[:MAX_TEXT]

    def unpersisted_files(self, since_ms: int) -> UnpersistedFiles | NoAnswer:
        """Return the files that only workers have and that were changed since a time."""
        counted = Unpersisted(since_ms)
        try:
            with connect(self._host, self._port, self._seconds, LISTING_BYTES) as connection:
                question = messages.ListStatusRequest(path="/", options=listing_options())
                parts = connection.stream_bytes(f"{FILES}ListStatus", iter([question]))
                # A call's own timeout covers the wait for a message, not the time that its files take.
                for file in files_in(parts, lambda: connection.left <= 0):
                    counted.add(file)
        except grpc.RpcError as error:
            return _ended_early(counted, no_answer(error))
        except UnreadableError as error:
            return _ended_early(counted, NoAnswer(str(error)))
        return counted.found()

    def mark_for_sync(self, path: str) -> str | NoAnswer:
        """Let the leader compare all names below a path with the UFS at their next use."""
        answer = self._call(f"{FILES}NeedsSync", messages.NeedsSyncRequest(path=path), messages.Nothing)
        return answer if isinstance(answer, NoAnswer) else ""

    def _call(self, method: str, question: Message, answer: type[M]) -> M | NoAnswer:
        try:
            with connect(self._host, self._port, self._seconds) as connection:
                return connection.call(method, question, answer)
        except grpc.RpcError as error:
            return no_answer(error)


def listing_options() -> messages.ListStatusOptions:
    """Return the options of a listing of what the leader knows, which asks no UFS.

    With mount information, the leader asks the UFS for the location of each block that no worker has. Without the skip,
    it first walks over all folders to see whether each has been listed (both read in the sources of 2.9.4).
    """
    return messages.ListStatusOptions(
        load_metadata_type=NEVER,
        common=_without_sync(),
        recursive=True,
        skip_loaded_check=True,
        exclude_mount_info=True,
    )


def _member(host: str, port: int) -> messages.MemberRequest:
    return messages.MemberRequest(address=messages.Address(host=host, port=port))


def _ended_early(counted: Unpersisted, failed: NoAnswer) -> UnpersistedFiles | NoAnswer:
    """Return the figures of a listing that ended before its end: what was counted is lost all the same."""
    if not counted.seen:
        return failed
    return counted.found(f"the listing ended after {counted.seen} entries: {failed.reason}")


def no_answer(error: grpc.RpcError) -> NoAnswer:
    """Return the reason of a failed call, and whether a leader can have received it."""
    reason = _in_words(error)
    return NoAnswer(reason, reached=reason not in NOT_REACHED)


def _refuses_operator(error: grpc.RpcError, connected: bool) -> bool:
    """Return True if the leader refuses the operator's login or kind of connection."""
    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE:
        return "failed to connect" in details and any(text in details for text in CLOSED_AT_ONCE)
    return code is grpc.StatusCode.UNAUTHENTICATED or (not connected and code not in MAY_PASS)


def _test_write(connection: Connection, folder: str, leftover: str) -> WriteResult:
    """Raise grpc.RpcError if the leader gives no answer that tells of the UFS."""
    if leftover and (error := _remove_empty(connection, leftover)):
        return WriteResult(error, left=True)
    failure = _create(connection, folder)
    if failure is not None and failure.code() is grpc.StatusCode.ALREADY_EXISTS:
        # The operator ended between the two calls of an earlier try.
        if error := _remove_empty(connection, folder):
            return WriteResult(error, left=True)
        failure = _create(connection, folder)
    if failure is not None:
        return WriteResult(_in_words(failure))
    error = _remove_empty(connection, folder)
    return WriteResult(error, left=bool(error))


def _delete_folder(connection: Connection, folder: str) -> str:
    """Delete a folder with all it holds; return the leader's error, or an empty string once the UFS has deleted it.

    A folder that Alluxio doesn't find may still be there: Alluxio doesn't know what it wrote itself as a backup, and
    finds nothing in a UFS that doesn't answer. So the folder is created in the UFS, and that one has to be deleted with
    all it holds.
    """
    # Look into the UFS first.
    common = messages.CommonOptions(sync_interval_ms=0)
    options = messages.DeleteOptions(recursive=True, common=common)
    request = messages.DeleteRequest(path=folder, options=options)
    failure = _failure(connection, "Remove", request)
    if failure is None or failure.code() is not grpc.StatusCode.NOT_FOUND:
        return _in_words(failure) if failure is not None else ""
    created = _create(connection, folder, recursive=True)
    if created is not None and created.code() is not grpc.StatusCode.ALREADY_EXISTS:
        said = f"Alluxio doesn't find {folder}, and the storage gives no proof that it is gone: {_in_words(created)}"
        return said[:300]
    failure = _failure(connection, "Remove", request)
    return _in_words(failure) if failure is not None else ""


def _create(connection: Connection, folder: str, *, recursive: bool = False) -> grpc.RpcError | None:
    """Create a folder in Alluxio and in the UFS; return the leader's error."""
    options = messages.CreateDirectoryOptions(recursive=recursive, write_type=THROUGH, common=_without_sync())
    return _failure(connection, "CreateDirectory", messages.CreateDirectoryRequest(path=folder, options=options))


def _remove_empty(connection: Connection, folder: str) -> str:
    return _remove(
        connection, messages.DeleteRequest(path=folder, options=messages.DeleteOptions(common=_without_sync()))
    )


def _remove(connection: Connection, request: messages.DeleteRequest) -> str:
    """Delete a folder; return the leader's error, or an empty string, also if the folder doesn't exist."""
    failure = _failure(connection, "Remove", request)
    return "" if failure is None or failure.code() is grpc.StatusCode.NOT_FOUND else _in_words(failure)


def _failure(connection: Connection, method: str, question: Message) -> grpc.RpcError | None:
    try:
        connection.call(f"{FILES}{method}", question, messages.Nothing)
    except grpc.RpcError as error:
        if error.code() in SAYS_NOTHING:
            raise
        return error
    return None


def _in_words(failure: grpc.RpcError) -> str:
    return refusal(failure.code(), failure.details() or "")


def _without_sync() -> messages.CommonOptions:
    # A synchronisation with a sick UFS would drop files from Alluxio's namespace.
    return messages.CommonOptions(sync_interval_ms=-1)


def refusal(code: grpc.StatusCode, details: str) -> str:
    """Return the reason of a failed call in words, at most 200 characters."""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "no answer in time"
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return NOT_LEADING
    if code is grpc.StatusCode.UNAVAILABLE:
        for known in UNREACHABLE:
            if known in details:
                return known.lower()
    return f"{code.name}: {details}".strip()[:200]


def _message_of(exception: bytes) -> str:
    """Return the message of a serialised Java exception: its first string that isn't a type name.

    Java serialises a string as the letter t, its length in two bytes, and UTF-8.
    """
    for found in re.finditer(rb"t([\x00-\x0f][\x00-\xff])", exception[:MAX_EXCEPTION], re.DOTALL):
        length = int.from_bytes(found[1], "big")
        raw = exception[found.end() : found.end() + length]
        text = raw.decode(errors="replace")
        if len(raw) == length and text.isprintable() and text and not re.fullmatch(r"\[*L[\w/$]+;|\[+[A-Z]", text):
            return text[:500]
    return "Alluxio gave no reason"
