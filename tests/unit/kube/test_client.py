"""The client against a small HTTP server: what is sent, what comes of each answer, and when it gives up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from kubernetes.client import ApiClient, Configuration

from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import ApiError, Conflict, Gone, NotFound, Refused
from alluxio_operator.kube.metrics_api import pods_used
from alluxio_operator.kube.used import NoMetrics
from alluxio_operator.transport.deadline import Deadline, DeadlineExceeded

Json = dict[str, Any]
PATH = "/api/v1/namespaces/data/configmaps/one"
OBJECT: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "data"}}


class Server(ThreadingHTTPServer):
    """Gives the queued answers one after the other and records what was asked."""

    daemon_threads = True
    slow = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, object, dict[str, str]]] = []
        self.asked: list[Json] = []

    def answer(self, status: int, body: object, **headers: str) -> None:
        self.answers.append((status, body, headers))


class Handler(BaseHTTPRequestHandler):
    server: Server

    def _handle(self) -> None:
        time.sleep(self.server.slow)
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        self.server.asked.append(
            {
                "method": self.command,
                "path": address.path,
                "query": {key: value[0] for key, value in parse_qs(address.query).items()},
                "type": self.headers.get("Content-Type"),
                "body": yaml.safe_load(self.rfile.read(length)) if length else None,
            }
        )
        status, body, headers = self.server.answers.pop(0)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 (names of the base class)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def kube(server: Server) -> Kube:
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_address[1]}"
    configuration.retries = False
    return Kube(ApiClient(configuration), timeout=2.0)


def test_a_resource_that_is_nested_deep_hides_no_other_one(server: Server, kube: Kube):
    """The API server accepts ten thousand levels below a field that takes any value."""
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    page = (
        b'{"metadata": {}, "items": [{"metadata": {"name": "deep"}, "spec": %b}, {"metadata": {"name": "one"}}]}' % deep
    )
    server.answer(200, page)

    found = list(kube.list("/apis/alluxio-operator.io/v1alpha1/alluxioclusters"))

    assert [one["metadata"]["name"] for one in found] == ["deep", "one"]


def test_an_object_is_read(kube: Kube, server: Server):
    server.answer(200, OBJECT)

    assert kube.get(PATH) == OBJECT
    assert (server.asked[0]["method"], server.asked[0]["path"]) == ("GET", PATH)


def test_an_apply_is_forced_and_names_its_manager(kube: Kube, server: Server):
    server.answer(201, OBJECT)

    assert kube.apply("data", OBJECT) == OBJECT
    assert server.asked[0] == {
        "method": "PATCH",
        "path": PATH,
        "query": {"fieldManager": "alluxio-operator", "force": "true"},
        "type": "application/apply-patch+yaml",
        "body": OBJECT,
    }


def test_an_apply_of_what_is_absent_names_a_version_that_nothing_has(kube: Kube, server: Server):
    server.answer(409, {"message": "the object has been modified"})

    with pytest.raises(Conflict):
        kube.apply("data", OBJECT, absent=True)
    assert server.asked[0]["body"] == {**OBJECT, "metadata": {**OBJECT["metadata"], "resourceVersion": "1"}}
    assert "resourceVersion" not in OBJECT["metadata"]


@pytest.mark.parametrize("text", ["\U0001f600", "\x7f", "\x85", "\ufeff", "back\\slash \\ud83d", "two\nlines"])
def test_odd_characters_are_sent_as_the_server_reads_them(text: str, kube: Kube, server: Server):
    server.answer(200, OBJECT)
    kube.apply("data", {**OBJECT, "data": {"x": text}})

    assert server.asked[0]["body"]["data"] == {"x": text}, "an apply is read as YAML"


def test_a_merge_replaces_lists(kube: Kube, server: Server):
    server.answer(200, OBJECT)
    kube.merge(PATH, {"spec": {"ports": []}})

    assert server.asked[0]["type"] == "application/merge-patch+json"
    assert server.asked[0]["body"] == {"spec": {"ports": []}}


def test_objects_are_created_and_replaced(kube: Kube, server: Server):
    server.answer(201, OBJECT)
    server.answer(200, OBJECT)
    kube.create("/api/v1/namespaces/data/events", OBJECT)
    kube.replace(f"{PATH}/status", OBJECT)

    assert [(one["method"], one["path"]) for one in server.asked] == [
        ("POST", "/api/v1/namespaces/data/events"),
        ("PUT", f"{PATH}/status"),
    ]


@pytest.mark.parametrize(
    ("uid", "options"),
    [
        (None, {"propagationPolicy": "Background"}),
        ("u1", {"propagationPolicy": "Background", "preconditions": {"uid": "u1"}}),
    ],
)
def test_a_deletion_is_of_that_very_object(uid: str | None, options: Json, kube: Kube, server: Server):
    server.answer(200, {"kind": "Status"})
    kube.delete(PATH, uid)

    assert (server.asked[0]["method"], server.asked[0]["body"]) == ("DELETE", options)


def test_what_an_object_owns_can_be_left_behind(kube: Kube, server: Server):
    server.answer(200, {"kind": "Status"})
    kube.delete(PATH, "u1", orphan=True)

    assert server.asked[0]["body"] == {"propagationPolicy": "Orphan", "preconditions": {"uid": "u1"}}


def test_a_long_list_is_read_page_by_page(kube: Kube, server: Server):
    server.answer(200, {"metadata": {"continue": "next"}, "items": [{"n": 1}, {"n": 2}]})
    server.answer(200, {"metadata": {}, "items": [{"n": 3}]})

    assert [one["n"] for one in kube.list("/api/v1/pods", "a=b")] == [1, 2, 3]
    assert server.asked[0]["query"] == {"limit": "500", "labelSelector": "a=b"}
    assert server.asked[1]["query"] == {"limit": "500", "labelSelector": "a=b", "continue": "next"}


def test_an_empty_list_of_metadata_comes_with_null(kube: Kube, server: Server):
    server.answer(200, {"kind": "PartialObjectMetadataList", "metadata": {}, "items": None})

    assert list(kube.list("/api/v1/pods", metadata_only=True)) == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (403, Refused),
        (404, NotFound),
        (409, Conflict),
        (422, Refused),
        (429, ApiError),
        (500, ApiError),
    ],
)
def test_each_refusal_is_told_apart_and_keeps_the_servers_sentence(
    status: int, kind: type[ApiError], kube: Kube, server: Server
):
    server.answer(status, {"kind": "Status", "message": "because"})

    with pytest.raises(ApiError) as caught:
        kube.get(PATH)

    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.message) == (status, "because")
    assert str(caught.value) == f"GET {PATH}: because (HTTP {status})"


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("soon", None)])
def test_a_named_time_to_wait_is_kept(header: str, seconds: float | None, kube: Kube, server: Server):
    server.answer(429, {"message": "busy"}, Retry_After=header)

    with pytest.raises(ApiError) as caught:
        kube.get(PATH)

    assert caught.value.retry_after == seconds


def test_an_error_that_is_no_json_is_kept_as_it_is(kube: Kube, server: Server):
    server.answer(502, b"<html>bad gateway</html>")

    with pytest.raises(ApiError, match="bad gateway"):
        kube.get(PATH)


def test_a_server_that_is_gone_is_an_error_without_a_status(kube: Kube, server: Server):
    server.shutdown()
    server.server_close()

    with pytest.raises(ApiError) as caught:
        kube.get(PATH)

    assert caught.value.status == 0
    assert "no answer" in str(caught.value)


def test_a_call_ends_with_the_deadline_of_its_reconcile(kube: Kube, server: Server):
    # Less than the client's own timeout: without the deadline, the call would succeed.
    server.slow = 5

    with pytest.raises(ApiError, match="no answer"):
        kube.within(Deadline.after(0.1)).get(PATH)


def test_no_call_begins_after_the_deadline(kube: Kube, server: Server):
    with pytest.raises(DeadlineExceeded):
        kube.within(Deadline.after(-1)).get(PATH)

    assert server.asked == []


def test_a_watch_yields_events_and_ends_with_the_answer(server: Server, kube: Kube):
    lines = [{"type": "ADDED", "object": OBJECT}, {"type": "BOOKMARK", "object": {}}]
    server.answer(200, b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert list(kube.watch("/api/v1/configmaps", "a=b", "7", 300)) == lines
    assert server.asked[0]["query"] == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "labelSelector": "a=b",
        "resourceVersion": "7",
        "timeoutSeconds": "300",
    }


@pytest.mark.parametrize(("status", "error"), [(410, Gone), (403, Refused), (500, ApiError)])
def test_a_watch_that_is_refused_raises(server: Server, kube: Kube, status: int, error: type[ApiError]):
    server.answer(status, {"message": "no"})
    with pytest.raises(error, match="no"):
        list(kube.watch("/api/v1/configmaps", "a=b", "7", 300))


def test_a_watch_that_breaks_in_the_midst_of_an_event_raises(server: Server, kube: Kube):
    server.answer(200, b'{"type": "ADDED"}\n{"type": \n')
    events = kube.watch("/api/v1/configmaps", "a=b", "7", 300)
    assert next(events) == {"type": "ADDED"}
    with pytest.raises(ApiError, match="cut off"):
        next(events)


def test_pages_tell_the_version_of_the_collection(server: Server, kube: Kube):
    server.answer(200, {"metadata": {"resourceVersion": "9", "continue": "more"}, "items": [OBJECT]})
    server.answer(200, {"metadata": {"resourceVersion": "9"}, "items": None})
    pages = list(kube.pages("/api/v1/configmaps", "a=b"))
    assert [page["metadata"]["resourceVersion"] for page in pages] == ["9", "9"]


# --- what pods use: API servers without metrics-server, with one that is down, and with a slow one -------------------


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"404 page not found\n", "isn't served here"),
        (503, b"service unavailable\n", "is registered and answers HTTP 503"),
        (403, {"kind": "Status", "message": "pods.metrics.k8s.io is forbidden"}, "may not list"),
        (200, b"<html>", "can't be understood"),
    ],
)
def test_metrics_that_arent_there_are_a_value(kube: Kube, server: Server, status: int, body: object, said: str):
    server.answer(status, body)

    found = pods_used(kube, "data", "a=b", Deadline.after(60))

    assert isinstance(found, NoMetrics)
    assert said in found.reason
    assert server.asked[0]["path"] == "/apis/metrics.k8s.io/v1beta1/namespaces/data/pods"
    assert server.asked[0]["query"]["labelSelector"] == "a=b"


def test_metrics_that_hang_are_waited_for_no_longer_than_is_left(kube: Kube, server: Server):
    # Less than the timeout of this question: without the deadline, the answer would arrive.
    server.slow = 1.5
    server.answer(200, {"metadata": {}, "items": []})

    assert isinstance(pods_used(kube, "data", "", Deadline.after(0.2)), NoMetrics)


def test_a_field_that_a_kind_does_not_have_is_a_refusal_though_the_server_says_500(server: Server, kube: Kube):
    said = "failed to create typed patch object (data/one; apps/v1, Kind=StatefulSet): .spec.x: field not declared"
    server.answer(500, {"kind": "Status", "message": said})

    with pytest.raises(Refused, match="field not declared"):
        kube.get(PATH)
