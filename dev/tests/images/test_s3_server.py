"""The S3 server of the tests, as clients meet it."""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import obstore
import pytest
from obstore.exceptions import PermissionDeniedError
from obstore.store import S3Store

from dev.cluster import gobuild
from dev.images.s3 import SOURCES, build_command

KEY, SECRET = "lake", "wJalr/XUtn+FEMI=K7MDENG\\bPx#R!fi:CY"
REGION = "eu-lab-1"

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go builds the server")


class Server(NamedTuple):
    """Ports of a running server with the bucket lake."""

    signed: int
    look: int

    def bucket(self, secret: str = SECRET) -> S3Store:
        """Return a client of the bucket, as a backup's Job has it."""
        return S3Store(
            "lake",
            endpoint=f"http://127.0.0.1:{self.signed}",
            region=REGION,
            virtual_hosted_style_request=False,
            access_key_id=KEY,
            secret_access_key=secret,
            client_options={"allow_http": True},
        )

    def send(self, method: str, key: str, secret: str = SECRET) -> int:
        """Send a signed request without a body, for keys that obstore can't express; return the HTTP status."""
        host, path = f"127.0.0.1:{self.signed}", f"/lake/{key}"
        headers = _signed(method, host, path, secret)
        return _status(urllib.request.Request(f"http://{host}{path}", method=method, headers=headers))

    def look_at(self, key: str, method: str = "GET") -> int:
        """Return the HTTP status of a request without a signature at the read-only door."""
        return _status(urllib.request.Request(f"http://127.0.0.1:{self.look}/lake/{key}", method=method))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    program = tmp_path_factory.mktemp("s3") / "s3-server"
    subprocess.run(build_command(program), cwd=SOURCES, env=os.environ | gobuild.ENVIRONMENT, check=True)
    ports = Server(*_free_ports(2))
    addresses = ["-listen", f"127.0.0.1:{ports.signed}", "-look", f"127.0.0.1:{ports.look}"]
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    process = subprocess.Popen([program, *addresses, "-buckets", "lake"], env=keys, stderr=subprocess.DEVNULL)
    try:
        for port in ports:
            _wait_until_open(port)
        yield ports
    finally:
        process.kill()
        process.wait(10)


def test_a_folder_marker_keeps_its_slash(server: Server) -> None:
    assert server.send("PUT", "warehouse/a/b/") == 200
    assert server.look_at("warehouse/a/b/") == 200
    assert server.look_at("warehouse/a/b") == 404
    assert server.send("HEAD", "warehouse/a/b/") == 200
    assert server.send("DELETE", "warehouse/a/b/") == 204
    assert server.look_at("warehouse/a/b/") == 404


def test_a_listing_by_folders_has_nested_ones(server: Server) -> None:
    bucket = server.bucket()
    server.send("PUT", "tree/")
    server.send("PUT", "tree/empty/")
    obstore.put(bucket, "tree/deep/er/file", b"x")
    found = obstore.list_with_delimiter(bucket, "tree")
    assert sorted(found["common_prefixes"]) == ["tree/deep", "tree/empty"]
    assert [one["path"] for one in obstore.list_with_delimiter(bucket, "tree/deep/er")["objects"]] == [
        "tree/deep/er/file"
    ]


def test_an_object_in_parts_is_read_back(server: Server) -> None:
    bucket, sent = server.bucket(), os.urandom(11 * 1024**2)
    obstore.put(bucket, "a key/with+signs.gz", sent, chunk_size=5 * 1024**2)
    assert bytes(obstore.get(bucket, "a key/with+signs.gz").bytes()) == sent


def test_a_wrong_key_is_refused(server: Server) -> None:
    assert server.send("PUT", "denied", secret="wrong") == 403
    assert server.look_at("denied") == 404
    with pytest.raises(PermissionDeniedError, match="SignatureDoesNotMatch"):
        obstore.put(server.bucket("wrong"), "denied", b"x")


def test_the_second_door_only_reads(server: Server) -> None:
    assert server.look_at("written", "PUT") == 405
    assert server.look_at("written") == 404


def _signed(method: str, host: str, path: str, secret: str) -> dict[str, str]:
    now = datetime.now(UTC)
    day, moment, empty = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(b"").hexdigest()
    scope, names = f"{day}/{REGION}/s3/aws4_request", "host;x-amz-content-sha256;x-amz-date"
    signed = f"host:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{moment}\n"
    canonical = f"{method}\n{path}\n\n{signed}\n{names}\n{empty}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    authorization = f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"X-Amz-Date": moment, "X-Amz-Content-Sha256": empty, "Authorization": authorization}


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _wait_until_open(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
