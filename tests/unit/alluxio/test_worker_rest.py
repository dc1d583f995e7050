"""Asking a worker's web server, against a server that answers as a worker of Alluxio 2.9.4 does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.client import AlluxioClient
from alluxio_operator.alluxio.removal import Inventory
from alluxio_operator.alluxio.worker_rest import FILES, LARGEST_PART, parse_inventory, parse_used
from alluxio_operator.transport.deadline import Deadline

METRICS = {
    "gauges": {
        "Worker.CapacityUsed.10.77.0.11": {"value": 25165824},
        "Worker.CapacityUsedTierMEM.10.77.0.11": {"value": 25165824},
        "Worker.CapacityTotal.10.77.0.11": {"value": 67108864},
    }
}


def file(*blocks: tuple[int, int]) -> dict[str, Any]:
    return {
        "blocksOnTier": {"MEM": [{"id": number, "blockLength": length, "locations": []} for number, length in blocks]}
    }


def page(*files: dict[str, Any], total: int | None = None, **over: Any) -> dict[str, Any]:
    number = len(files) if total is None else total
    return {"ntotalFile": number, "fileInfos": list(files), "fatalError": None, "invalidPathError": ""} | over


class Web(ThreadingHTTPServer):
    """Answers every path with `status` and `body`; `asked` are the paths."""

    daemon_threads = True
    status = 200
    body = b""
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Web)
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web(("127.0.0.1", 0), Handler)
    server.asked = []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def deadline() -> Deadline:
    return Deadline.after(10.0)


def inventory(web: Web, offset: int = 0) -> Inventory | NoAnswer:
    return AlluxioClient().inventory("127.0.0.1", web.server_port, offset, deadline())


def test_an_inventory_has_the_blocks_of_some_files(web: Web):
    web.body = json.dumps(page(file((1, 10), (2, 5)), file(), total=FILES + 3)).encode()

    assert inventory(web) == Inventory({1: 10, 2: 5}, FILES + 3, FILES, FILES - 2)

    assert web.asked == [f"/api/v1/worker/webui_blockinfo?offset=0&limit={FILES}"]


def test_the_last_part_of_an_inventory_and_what_is_behind_it(web: Web):
    web.body = json.dumps(page(file((1, 10)), total=FILES + 1)).encode()
    assert inventory(web, FILES) == Inventory({1: 10}, FILES + 1, 1, 0)

    web.body = json.dumps(
        page(total=3, fileInfos=None, fatalError="Error: offset or offset + limit is out of bound")
    ).encode()
    assert inventory(web, 3) == Inventory({}, 3, 0, 0)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        page(fatalError="Error: alluxio exception.", total=3),
        page(file((1, 10)), file((2, 10)), total=1),
        page(file((1, -10))),
        page(file((True, 10))),  # type: ignore[arg-type]
        page(file((2**63, 1))),
        page(total=-1),
        page({"blocksOnTier": None}),
        page(total=1, fileInfos=None),
    ],
)
def test_no_document_is_an_empty_inventory_by_mistake(web: Web, document: Any):
    web.body = json.dumps(document).encode()
    assert isinstance(inventory(web), NoAnswer)


@pytest.mark.parametrize(
    ("status", "body"), [(500, b'{"message": "no"}'), (200, b"x"), (200, b" " * (LARGEST_PART + 1))]
)
def test_what_is_no_inventory_is_no_answer(web: Web, status: int, body: bytes):
    web.status, web.body = status, body
    assert isinstance(inventory(web), NoAnswer)


def test_a_worker_that_has_gone_has_no_answer():
    assert isinstance(AlluxioClient().inventory("127.0.0.1", 1, 0, deadline()), NoAnswer)
    assert isinstance(AlluxioClient().worker_used("127.0.0.1", 1, deadline()), NoAnswer)


def test_the_used_bytes_of_a_worker(web: Web):
    web.body = json.dumps(METRICS).encode()
    assert AlluxioClient().worker_used("127.0.0.1", web.server_port, deadline()) == 25165824


@pytest.mark.parametrize("gauges", [{}, {"Worker.CapacityUsed.a": {"value": 1}, "Worker.CapacityUsed.b": {"value": 0}}])
def test_without_exactly_one_figure_there_is_none(web: Web, gauges: Any):
    web.body = json.dumps({"gauges": gauges}).encode()
    assert isinstance(AlluxioClient().worker_used("127.0.0.1", web.server_port, deadline()), NoAnswer)
    with pytest.raises((ValueError, KeyError)):
        parse_used({"gauges": gauges})


def test_figures_have_bounds():
    with pytest.raises(ValueError, match="out of bounds"):
        parse_used({"gauges": {"Worker.CapacityUsed.a": {"value": 2**63}}})
    with pytest.raises(TypeError):
        parse_inventory(page(total=1.5), 0)  # type: ignore[arg-type]
