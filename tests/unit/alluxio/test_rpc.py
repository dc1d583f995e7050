"""Calls to a leader, against a real gRPC server that asks for a handshake as Alluxio 2.9.4 does."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import repeat
from pathlib import Path

import grpc
import pytest
from tests.support.grpc_server import Alluxio, Refusal

import alluxio_operator
from alluxio_operator.alluxio import client
from alluxio_operator.alluxio.answers import BackupStatus, NoAnswer, UnpersistedFiles, WriteResult
from alluxio_operator.alluxio.at_risk import AtRisk, Holders
from alluxio_operator.alluxio.client import AlluxioClient
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.leader import CONFIGURATION, FILES, LISTING_BYTES, META
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

BACKUP = "5caa72f8-b654-437b-b395-fbe5a5047738"
UPDATE = f"{CONFIGURATION}UpdateConfiguration"
CREATE, REMOVE = f"{FILES}CreateDirectory", f"{FILES}Remove"
LIST = f"{FILES}ListStatus"
PAGES = f"{FILES}ListStatusPartial"
TAKEN = {"a": True}


@pytest.fixture
def master() -> Iterator[Alluxio]:
    master = Alluxio()
    yield master
    master.server.stop(None).wait()


def deadline(seconds: float = 10.0) -> Deadline:
    return Deadline.after(seconds)


def takes(asked: messages.UpdateRequest) -> messages.UpdateAnswer:
    return messages.UpdateAnswer(accepted=dict.fromkeys(asked.properties, True))


def told(port: int, seconds: float = 10.0) -> Mapping[str, bool] | NoAnswer:
    return AlluxioClient().update_configuration("127.0.0.1", port, {"a": "1"}, deadline(seconds))


def test_a_backup_is_begun_and_not_waited_for(master: Alluxio):
    master.answers[f"{META}Backup"] = lambda _: messages.Backup(backup_id=BACKUP, state=2)

    assert AlluxioClient().backup("127.0.0.1", master.port, "/backups", deadline()) == BACKUP

    [asked] = master.asked
    assert (asked.target_directory, asked.options.run_async, asked.options.allow_leader) == ("/backups", True, True)
    assert not asked.options.local_file_system


@pytest.mark.parametrize("given", ["", "x" * 65, "\x1b[31m", "one two"])
def test_a_backup_without_an_id_that_a_status_can_hold_is_no_answer(given: str, master: Alluxio):
    master.answers[f"{META}Backup"] = lambda _: messages.Backup(backup_id=given, state=2)

    said = AlluxioClient().backup("127.0.0.1", master.port, "/backups", deadline())

    assert said == NoAnswer("its answer has no id of a backup")


def test_the_start_of_a_backup_has_time_for_the_lock_of_each_standby(master: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    master.slow = 0.6
    master.answers[f"{META}Backup"] = lambda _: messages.Backup(backup_id=BACKUP, state=2)

    assert AlluxioClient().backup("127.0.0.1", master.port, "/backups", deadline()) == BACKUP


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (messages.Backup(state=1), BackupStatus("Unknown")),
        (messages.Backup(), BackupStatus("Unknown")),
        (messages.Backup(state=99), BackupStatus("Unknown")),
        (messages.Backup(state=2), BackupStatus("Running")),
        (messages.Backup(state=3), BackupStatus("Running")),
        (messages.Backup(state=4, entry_count=7), BackupStatus("Running", entries=7)),
        (messages.Backup(state=5, uri="/b/x.gz", entry_count=9), BackupStatus("Completed", "/b/x.gz", 9)),
        (messages.Backup(state=6), BackupStatus("Failed", error="Alluxio gave no reason")),
        # Of another encoding: the length goes beyond the end.
        (messages.Backup(state=6, error=b"t\x00\x50short"), BackupStatus("Failed", error="Alluxio gave no reason")),
        # Texts within texts: each of a million would be decoded.
        (
            messages.Backup(state=6, error=b"t\x0f\xff" * 64_000 + b"t\x00\x03end"),
            BackupStatus("Failed", error="Alluxio gave no reason"),
        ),
    ],
)
def test_how_a_backup_stands(said: messages.Backup, status: BackupStatus, master: Alluxio):
    master.answers[f"{META}GetBackupStatus"] = lambda _: said

    assert AlluxioClient().backup_status("127.0.0.1", master.port, BACKUP, deadline()) == status
    assert master.asked[0].backup_id == BACKUP


def test_a_master_serves_clients_once_it_has_the_services_of_a_leader(master: Alluxio):
    # A standby, and a leader that still restores a backup, only have the journal's service.
    assert not AlluxioClient().serves_clients("127.0.0.1", master.port, deadline())

    master.answers[f"{META}GetBackupStatus"] = lambda _: messages.Backup(state=1)

    assert AlluxioClient().serves_clients("127.0.0.1", master.port, deadline())


def test_why_a_backup_failed_is_read_from_the_exception_that_java_sends(master: Alluxio):
    error = (Path(__file__).parent / "backup-exception.bin").read_bytes()
    master.answers[f"{META}GetBackupStatus"] = lambda _: messages.Backup(state=6, error=error)

    said = AlluxioClient().backup_status("127.0.0.1", master.port, BACKUP, deadline())

    assert said == BackupStatus("Failed", error="Failed to create directory /proc/nowhere")


def test_properties_are_set_while_it_runs_and_it_says_which_it_took(master: Alluxio):
    master.answers[UPDATE] = lambda asked: messages.UpdateAnswer(
        accepted={key: value != "bad" for key, value in asked.properties.items()}
    )

    said = AlluxioClient().update_configuration("127.0.0.1", master.port, {"a": "1", "b": "bad"}, deadline())

    assert said == {"a": True, "b": False}


def test_a_standby_says_that_it_does_not_lead(master: Alluxio):
    assert told(master.port) == NoAnswer("it doesn't lead", reached=False)


def test_a_server_without_a_handshake_is_asked_without(master: Alluxio):
    master.handshake = False
    master.answers[UPDATE] = takes

    assert told(master.port) == TAKEN


def test_the_handshake_is_that_of_simple_authentication_and_ends_with_the_call(master: Alluxio):
    master.answers[UPDATE] = takes

    assert told(master.port) == TAKEN

    [hello] = master.greetings
    assert (hello.type, hello.scheme, hello.message) == (0, 1, b"\0alluxio\0none")
    for _ in range(100):
        if not master.open:
            break
        time.sleep(0.02)
    assert not master.open


def test_a_handshake_that_is_refused_is_no_answer(master: Alluxio):
    master.accepts = False

    assert told(master.port) == NoAnswer("UNAUTHENTICATED: no")


def test_a_handshake_that_ends_without_a_word_is_no_answer(master: Alluxio):
    master.accepts = None
    master.answers[UPDATE] = takes

    said = told(master.port)

    assert said == NoAnswer("UNAUTHENTICATED: channel is not authenticated")


def test_a_refusal_is_told_and_cut(master: Alluxio):
    def refuse(_: object) -> object:
        raise ValueError("x" * 500)

    master.answers[UPDATE] = refuse

    said = told(master.port)

    assert isinstance(said, NoAnswer)
    assert said.reason.startswith("INTERNAL: xxx")
    assert len(said.reason) == 200


def test_a_call_that_takes_too_long_is_no_answer(master: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    master.slow = 1.0
    master.answers[UPDATE] = takes

    assert told(master.port) == NoAnswer("no answer in time")


def test_a_server_that_takes_connections_and_says_nothing_is_no_answer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = told(silent.getsockname()[1])

    assert said == NoAnswer("no answer in time")


def test_a_port_that_nobody_listens_on_and_one_that_comes_up_a_moment_later(master: Alluxio):
    port = master.port
    master.server.stop(None).wait()

    assert told(port) == NoAnswer("connection refused", reached=False)

    later = grpc.server(ThreadPoolExecutor(8))
    master.answers[UPDATE] = takes
    later.add_generic_rpc_handlers((master,))
    later.add_insecure_port(f"127.0.0.1:{port}")
    later.start()
    assert told(port) == TAKEN
    later.stop(None).wait()


def test_a_deadline_that_is_over_ends_the_reconcile(master: Alluxio):
    with pytest.raises(DeadlineExceeded):
        told(master.port, -1)


def test_many_calls_leave_no_threads_behind(master: Alluxio):
    master.answers[UPDATE] = takes
    told(master.port)
    before = threading.active_count()

    for _ in range(20):
        assert told(master.port) == TAKEN

    for _ in range(100):
        if threading.active_count() <= before + 2:
            break
        time.sleep(0.05)
    assert threading.active_count() <= before + 2


def test_an_operator_that_starts_does_not_load_the_library():
    code = (
        "import alluxio_operator.kinds.registry, sys; "
        "print([name for name in sys.modules if name.startswith(('grpc', 'google.protobuf'))])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_env())

    assert said.stdout.strip() == "[]"


def test_the_compiled_messages_are_those_of_their_source(tmp_path: Path):
    source = Path(alluxio_operator.__file__).parents[1]
    proto = "alluxio_operator/alluxio/rpc/messages.proto"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", proto],
        cwd=source,
        check=True,
    )

    for suffix in ("_pb2.py", "_pb2.pyi"):
        compiled = proto.replace(".proto", suffix)
        assert (tmp_path / compiled).read_text() == (source / compiled).read_text(), "run make grpc"


def _env() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(alluxio_operator.__file__).parents[1])}


# --- test writes --------------------------------------------------------------------------------------------------


class Folders:
    """The folders of a master; `refused` are the errors of one method, in order; None lets a call through."""

    def __init__(self, master: Alluxio, *existing: str, **refused: list[Refusal | None]) -> None:
        self.names, self.refused, self.calls = set(existing), refused, list[str]()
        master.answers |= {CREATE: self.create, REMOVE: self.remove}

    def create(self, asked: messages.CreateDirectoryRequest) -> messages.Nothing:
        self._call("create", asked.path)
        if asked.path in self.names:
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS)
        self.names.add(asked.path)
        return messages.Nothing()

    def remove(self, asked: messages.DeleteRequest) -> messages.Nothing:
        self._call("remove", asked.path)
        if asked.path not in self.names:
            raise Refusal(grpc.StatusCode.NOT_FOUND)
        self.names.remove(asked.path)
        return messages.Nothing()

    def _call(self, method: str, path: str) -> None:
        self.calls.append(f"{method} {path}")
        if (errors := self.refused.get(method)) and (error := errors.pop(0)) is not None:
            raise error


def written(master: Alluxio, leftover: str = "") -> WriteResult | NoAnswer:
    return AlluxioClient().test_write("127.0.0.1", master.port, "/new", leftover, deadline())


def test_a_test_write_creates_a_folder_in_the_ufs_and_deletes_it_without_a_sync(master: Alluxio):
    folders = Folders(master)

    assert written(master) == WriteResult()

    assert folders.calls == ["create /new", "remove /new"]
    create, remove = master.asked
    assert create.options.write_type == 4, "THROUGH: any other type leaves the UFS alone"
    assert create.options.common.sync_interval_ms == remove.options.common.sync_interval_ms == -1
    assert len(master.greetings) == 1


def test_a_folder_that_the_ufs_refuses_is_said_in_alluxios_words(master: Alluxio):
    folders = Folders(master, create=[Refusal(grpc.StatusCode.UNKNOWN, "Cannot create or load UFS directory")])

    assert written(master) == WriteResult("UNKNOWN: Cannot create or load UFS directory")
    assert folders.calls == ["create /new"]


def test_a_folder_that_can_not_be_deleted_is_left(master: Alluxio):
    Folders(master, remove=[Refusal(grpc.StatusCode.FAILED_PRECONDITION)])

    assert written(master) == WriteResult("FAILED_PRECONDITION: no", left=True)


def test_what_an_earlier_test_left_is_deleted_first(master: Alluxio):
    folders = Folders(master, "/old")

    assert written(master, "/old") == WriteResult()
    assert folders.calls == ["remove /old", "create /new", "remove /new"]
    assert not folders.names


def test_while_an_earlier_folder_is_left_no_other_is_created(master: Alluxio):
    folders = Folders(master, "/old", remove=[Refusal(grpc.StatusCode.PERMISSION_DENIED)])

    assert written(master, "/old") == WriteResult("PERMISSION_DENIED: no", left=True)
    assert folders.calls == ["remove /old"]


def test_an_earlier_folder_that_is_gone_is_no_trouble(master: Alluxio):
    Folders(master)

    assert written(master, "/old") == WriteResult()


def test_a_folder_that_exists_proves_nothing_and_is_created_once_more(master: Alluxio):
    folders = Folders(master, "/new")

    assert written(master) == WriteResult()
    assert folders.calls == ["create /new", "remove /new", "create /new", "remove /new"]


def test_a_folder_that_exists_and_can_not_be_deleted_is_left(master: Alluxio):
    Folders(master, "/new", remove=[Refusal(grpc.StatusCode.INTERNAL)])

    assert written(master) == WriteResult("INTERNAL: no", left=True)


def removed(master: Alluxio) -> str | NoAnswer:
    return AlluxioClient().delete_folder("127.0.0.1", master.port, "/old", deadline())


def test_a_folder_is_deleted_with_all_it_holds_after_a_look_into_the_ufs(master: Alluxio):
    folders = Folders(master, "/old")

    assert removed(master) == ""

    assert folders.calls == ["remove /old"]
    [request] = master.asked
    assert request.options.recursive
    assert request.options.common.sync_interval_ms == 0


def test_a_folder_that_alluxio_does_not_find_is_gone_once_the_ufs_deleted_it(master: Alluxio):
    folders = Folders(master)

    assert removed(master) == ""

    assert folders.calls == ["remove /old", "create /old", "remove /old"]
    create = master.asked[1]
    assert (create.options.write_type, create.options.recursive) == (4, True)
    assert master.asked[2].options.recursive, "the folder that is there may hold files"
    assert not folders.names


@pytest.mark.parametrize("code", [grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.NOT_FOUND])
def test_a_folder_is_not_gone_while_the_ufs_is_away(code: grpc.StatusCode, master: Alluxio):
    folders = Folders(master, create=[Refusal(code, "connection refused")])

    said = removed(master)

    assert "no proof that it is gone" in str(said)
    assert "connection refused" in str(said)
    assert folders.calls == ["remove /old", "create /old"]


def test_a_ufs_that_comes_back_amid_the_proof_shows_the_folder_and_it_is_deleted(master: Alluxio):
    gone = Refusal(grpc.StatusCode.NOT_FOUND)
    folders = Folders(master, "/old", remove=[gone])

    assert removed(master) == ""
    assert folders.calls == ["remove /old", "create /old", "remove /old"]
    assert not folders.names


def test_a_ufs_that_goes_away_amid_the_proof_proves_nothing(master: Alluxio):
    gone = Refusal(grpc.StatusCode.NOT_FOUND, "no such path")
    Folders(master, remove=[gone, gone])

    assert removed(master) == "NOT_FOUND: no such path"


@pytest.mark.parametrize("code", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.PERMISSION_DENIED])
def test_a_refused_deletion_is_reported_in_alluxios_words(code: grpc.StatusCode, master: Alluxio):
    folders = Folders(master, "/old", remove=[Refusal(code)])

    assert removed(master) == f"{code.name}: no"
    assert folders.calls == ["remove /old"]


@pytest.mark.parametrize("method", ["create", "remove"])
@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_leader_that_steps_down_says_nothing_about_the_ufs(method: str, code: grpc.StatusCode, master: Alluxio):
    Folders(master, **{method: [Refusal(code)]})

    assert written(master) == NoAnswer(f"{code.name}: no")


def test_a_standby_says_nothing_about_the_ufs(master: Alluxio):
    assert written(master) == NoAnswer("it doesn't lead", reached=False)


def test_a_ufs_that_hangs_gives_no_answer_in_time(master: Alluxio):
    master.slow = 1.0
    Folders(master)

    said = AlluxioClient().test_write("127.0.0.1", master.port, "/new", "", deadline(0.5))

    assert said == NoAnswer("no answer in time")


@pytest.mark.parametrize("accepts", [False, None])
def test_a_leader_that_refuses_the_login_is_named_as_such(accepts: bool | None, master: Alluxio):
    Folders(master)
    master.accepts = accepts

    said = written(master, "/left")

    assert isinstance(said, NoAnswer)
    assert (said.refused, said.reached, said.reason.partition(":")[0]) == (True, False, "UNAUTHENTICATED")


def test_a_leader_with_another_handshake_refuses_the_login(master: Alluxio, monkeypatch: pytest.MonkeyPatch):
    def greet(_: Iterator[messages.SaslMessage], context: grpc.ServicerContext) -> Iterator[messages.SaslMessage]:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "unknown scheme")
        yield messages.SaslMessage()

    monkeypatch.setattr(master, "greet", greet)

    assert written(master) == NoAnswer("INVALID_ARGUMENT: unknown scheme", reached=False, refused=True)


@pytest.mark.parametrize("answer", [b"", b"\x15\x03\x03\x00\x02\x02\x50", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
@pytest.mark.parametrize("reset", [True, False])
def test_a_leader_that_speaks_another_protocol_refuses_the_connection(answer: bytes, reset: bool):
    # A server with TLS closes a connection without it, with or without an alert.
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    if reset:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.recv(1 if reset else 4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        said = AlluxioClient().test_write("127.0.0.1", server.getsockname()[1], "/new", "", deadline())
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)

    assert isinstance(said, NoAnswer)
    assert (said.refused, said.reached) == (True, False), said


def test_a_leader_that_is_away_or_hangs_refuses_nothing(master: Alluxio):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = AlluxioClient().test_write("127.0.0.1", silent.getsockname()[1], "/new", "", deadline(0.5))
        port = silent.getsockname()[1]
    away = AlluxioClient().test_write("127.0.0.1", port, "/new", "", deadline())

    assert hung == NoAnswer("no answer in time")
    assert away == NoAnswer("connection refused", reached=False)


def test_a_listing_of_several_messages_is_summed_up(master: Alluxio):
    one = messages.ListStatusAnswer(infos=[messages.FileInfo(path="/a", length=3)]).SerializeToString()
    master.listing = iter([one, one])
    found = AlluxioClient().unpersisted_files("127.0.0.1", master.port, 0, deadline())
    assert found == UnpersistedFiles(2, 6, {}, ("/a", "/a"))


def test_a_listing_asks_no_ufs_and_walks_no_folder_twice(master: Alluxio):
    AlluxioClient().unpersisted_files("127.0.0.1", master.port, 0, deadline())
    options = master.asked[0].options
    assert (options.load_metadata_type, options.common.sync_interval_ms, options.recursive) == (0, -1, True)
    assert options.exclude_mount_info, "else the leader asks the UFS where each block is that no worker has"
    assert options.skip_loaded_check, "else the leader walks over all folders first"


def test_a_listing_in_pages_has_a_handshake_for_each_step(master: Alluxio):
    master.answers[PAGES] = lambda _: messages.ListStatusPartialAnswer(
        infos=[messages.FileInfo(path="/a", length=3, completed=True)]
    )
    found = AlluxioClient().risk_listing("127.0.0.1", master.port, Holders()).step()
    assert isinstance(found, AtRisk)
    assert (found.unavailable, found.entries) == (3, 1)
    assert len(master.greetings) == 1


@pytest.mark.parametrize("part", [b"\xff" * 20, b"\x0a\x00" * (LISTING_BYTES // 2 + 1)], ids=["no listing", "too long"])
def test_a_listing_that_can_not_be_read_is_no_answer(part: bytes, master: Alluxio):
    master.listing = iter([part])
    assert isinstance(AlluxioClient().unpersisted_files("127.0.0.1", master.port, 0, deadline()), NoAnswer)


def test_a_listing_without_an_end_counts_what_came_in_time(master: Alluxio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "LISTING_TIMEOUT", 0.5)
    master.listing = repeat(b"\x0a\x00" * 10_000)
    found = AlluxioClient().unpersisted_files("127.0.0.1", master.port, 0, deadline())
    assert isinstance(found, UnpersistedFiles)
    assert found.files
    assert "in time" in found.incomplete
