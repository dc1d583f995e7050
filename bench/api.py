"""A client of the API server for the bench: raw bytes over a pool of connections, so that measuring costs little."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlencode

import urllib3
from kubernetes import config
from kubernetes.client import Configuration

Json = dict[str, Any]
Query = Mapping[str, str | int]
NO_QUERY: Query = MappingProxyType({})

USER_AGENT = "alluxio-operator-bench"
"""Identifies the bench's own requests in the audit log."""

PAGE = 500
LONGEST_WATCH = 3600.0
"""Seconds without any event after which a watch ends."""

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""Requests objects without spec and status: an eighth of the bytes to send and to read."""


class CallFailed(Exception):
    """The API server rejected a call; `status` is the HTTP status."""

    def __init__(self, call: str, status: int, body: str) -> None:
        super().__init__(f"{call}: HTTP {status}: {body[:500]}")
        self.status = status


class Api:
    """Calls to the API server of KUBECONFIG, over at most `connections` connections."""

    def __init__(self, connections: int) -> None:
        configuration = Configuration()
        config.load_kube_config(client_configuration=configuration)
        self._host = str(configuration.host)
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            block=False,
            ca_certs=configuration.ssl_ca_cert,
            cert_file=configuration.cert_file,
            key_file=configuration.key_file,
            retries=False,
        )

    def call(self, method: str, path: str, body: Json | None = None, query: Query = NO_QUERY) -> Json:
        """Make one call and return the answer. Raise CallFailed."""
        return cast(Json, json.loads(self.raw(method, path, body, "application/json", query)))

    def raw(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        content: str = "application/json",
        query: Query = NO_QUERY,
    ) -> bytes:
        """Make one call and return the answer's bytes. Raise CallFailed."""
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
        if body is not None:
            headers["Content-Type"] = content
        url = self._host + path + (f"?{urlencode(query)}" if query else "")
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        answer = self._pool.request(method, url, headers=headers, body=sent, timeout=60.0)
        if answer.status >= 300:
            raise CallFailed(f"{method} {path}", answer.status, answer.data.decode(errors="replace"))
        return answer.data

    def apply(self, path: str, body: bytes, manager: str) -> None:
        """Apply an object server-side, without parsing the answer."""
        self.raw("PATCH", path, body, "application/apply-patch+yaml", {"fieldManager": manager, "force": "true"})

    def merge(self, path: str, patch: Json) -> Json:
        """Merge a patch into an object."""
        return cast(Json, json.loads(self.raw("PATCH", path, patch, "application/merge-patch+json")))

    def list(self, path: str, query: Query = NO_QUERY) -> Iterator[Json]:
        """Read a collection page by page."""
        parameters = {"limit": PAGE, **query}
        while True:
            page = self.call("GET", path, query=parameters)
            yield from page["items"]
            token = page["metadata"].get("continue")
            if not token:
                return
            parameters["continue"] = token

    def watch(self, path: str, *, metadata_only: bool, labels: str, replay: bool = False) -> Watch:
        """Watch a collection from now on; with `replay`, existing objects come first as ADDED."""
        query = {"watch": "true", "labelSelector": labels}
        if not replay:
            query["resourceVersion"] = self.call("GET", path, query={"limit": 1})["metadata"]["resourceVersion"]
        headers = {"Accept": METADATA_ONLY if metadata_only else "application/json", "User-Agent": USER_AGENT}
        answer = self._pool.request(
            "GET",
            f"{self._host}{path}?{urlencode(query)}",
            headers=headers,
            preload_content=False,
            timeout=urllib3.Timeout(connect=10, read=LONGEST_WATCH),
        )
        if answer.status >= 300:
            raise CallFailed(f"WATCH {path}", answer.status, answer.data.decode(errors="replace"))
        return Watch(answer)


class Watch:
    """The lines of a watch, undecoded, as they arrive; `close` ends it from another thread."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = cast(urllib3.HTTPResponse, answer)

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        while True:
            try:
                # read1 returns the bytes that have arrived, even a few: a line must not wait for the next one.
                chunk = self._answer.read1(1 << 16)
            except urllib3.exceptions.HTTPError:
                return
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def close(self) -> None:
        """End the watch."""
        with contextlib.suppress(OSError, RuntimeError):
            self._answer.shutdown()
