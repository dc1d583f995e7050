"""The calls to the leading master, each over a connection of its own; see `answers.AlluxioRpc` for what they are for.

Method paths and meanings: Alluxio 2.9.4's MetaMasterClientService and MetaMasterConfigurationService.
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
"""Initiating and transitioning (to the standby that makes it) are told from running by nobody who waits."""

M = TypeVar("M", bound=Message)


class Leader:
    """One master, to be called within `seconds` a time."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._host, self._port, self._seconds = host, port, seconds

    def backup(self, directory: str) -> str | NoAnswer:
        """Begin a backup."""
        options = messages.BackupOptions(run_async=True, allow_leader=True)
        said = self._call(
            f"{META}Backup", messages.BackupRequest(target_directory=directory, options=options), messages.Backup
        )
        return said if isinstance(said, NoAnswer) else said.backup_id

    def backup_status(self, backup: str) -> BackupStatus | NoAnswer:
        """Ask how a backup stands."""
        said = self._call(f"{META}GetBackupStatus", messages.BackupStatusRequest(backup_id=backup), messages.Backup)
        if isinstance(said, NoAnswer):
            return said
        state = STATES.get(said.state, "Unknown")
        return BackupStatus(state, said.uri, said.entry_count, _message_of(said.error) if state == "Failed" else "")

    def update_configuration(self, properties: Mapping[str, str]) -> Mapping[str, bool] | NoAnswer:
        """Set properties."""
        said = self._call(
            f"{CONFIGURATION}UpdateConfiguration", messages.UpdateRequest(properties=properties), messages.UpdateAnswer
        )
        return said if isinstance(said, NoAnswer) else dict(said.accepted)

    def _call(self, method: str, question: Message, answer: type[M]) -> M | NoAnswer:
        try:
            with connect(self._host, self._port, self._seconds) as connection:
                return connection.call(method, question, answer)
        except grpc.RpcError as error:
            return NoAnswer(refusal(error.code(), error.details() or ""))


def refusal(code: grpc.StatusCode, details: str) -> str:
    """Return in words why a call failed."""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "no answer in time"
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return "it doesn't lead"
    if code is grpc.StatusCode.UNAVAILABLE:
        for known in ("Connection refused", "No route"):
            if known in details:
                return known.lower()
    return f"{code.name}: {details}".strip()[:200]


def _message_of(exception: bytes) -> str:
    """Return the message of an exception of Java in its serialised form: the first text that is no name of a type.

    A text there is the letter t, its length in two bytes, and UTF-8.
    """
    for found in re.finditer(rb"t([\x00-\x0f][\x00-\xff])", exception, re.DOTALL):
        length = int.from_bytes(found[1], "big")
        raw = exception[found.end() : found.end() + length]
        text = raw.decode(errors="replace")
        if len(raw) == length and text.isprintable() and text and not re.fullmatch(r"\[*L[\w/$]+;|\[+[A-Z]", text):
            return text[:500]
    return "it doesn't say why"
