"""gRPC calls to the leading master, each over its own connection; `answers.AlluxioRpc` documents them.

Source of the method paths and meanings: Alluxio 2.9.4's MetaMasterClientService and MetaMasterConfigurationService.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message

from alluxio_operator.alluxio.answers import BackupState, BackupStatus, NoAnswer
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import connect

META: Final = "/alluxio.grpc.meta.MetaMasterClientService/"
CONFIGURATION: Final = "/alluxio.grpc.meta.MetaMasterConfigurationService/"

STATES: Final[Mapping[int, BackupState]] = {2: "Running", 3: "Running", 4: "Running", 5: "Completed", 6: "Failed"}
"""By number of Alluxio's state. Initiating (2) and transitioning (3, to the standby that makes the backup) count as
Running: a caller waits in all three."""

NOT_LEADING: Final = "it doesn't lead"
UNREACHABLE: Final = ("Connection refused", "No route")
NOT_REACHED: Final = frozenset({NOT_LEADING, *(text.lower() for text in UNREACHABLE)})
"""Reasons for which no server has received the request."""

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
        return reply if isinstance(reply, NoAnswer) else reply.backup_id

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

    def _call(self, method: str, question: Message, answer: type[M]) -> M | NoAnswer:
        try:
            with connect(self._host, self._port, self._seconds) as connection:
                return connection.call(method, question, answer)
        except grpc.RpcError as error:
            reason = refusal(error.code(), error.details() or "")
            return NoAnswer(reason, reached=reason not in NOT_REACHED)


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
    for found in re.finditer(rb"t([\x00-\x0f][\x00-\xff])", exception, re.DOTALL):
        length = int.from_bytes(found[1], "big")
        raw = exception[found.end() : found.end() + length]
        text = raw.decode(errors="replace")
        if len(raw) == length and text.isprintable() and text and not re.fullmatch(r"\[*L[\w/$]+;|\[+[A-Z]", text):
            return text[:500]
    return "Alluxio gave no reason"
