"""Volumes grow by the resizer that CSI drivers have beside them, and by a driver that can grow them up to a limit."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.stage import Stage
from tests.api.storage import Storage, wish

grpc = pytest.importorskip("grpc")
from tests.api.csi import Driver  # noqa: E402 (needs it)

Json = dict[str, Any]
GIB = 1024**3
MOST = 8 * GIB


@pytest.fixture
def driver(stage: Stage) -> Iterator[Driver]:
    """A driver of this test's volumes, with the resizer beside it."""
    program = shutil.which("csi-resizer")
    if program is None:
        pytest.skip("no csi-resizer: build it by `python -m dev.cluster tools --volumes`")
    made = Driver(f"{stage.namespace}.example.com", MOST)
    # Short, since the paths of Unix sockets are.
    with tempfile.TemporaryDirectory(prefix="csi-") as folder, made.serving(Path(folder) / "s"):
        address = f"--csi-address={folder}/s"
        with subprocess.Popen(
            [program, address, "--leader-election=false", f"--kubeconfig={os.environ['KUBECONFIG']}"]
        ) as resizer:
            try:
                yield made
            finally:
                resizer.terminate()


@pytest.fixture
def storage(stage: Stage, driver: Driver) -> Iterator[Storage]:
    """The storage classes of a test, and volumes of its driver."""
    made = Storage(stage, driver.name)
    made.open()
    yield made
    made.close()


def grown(stage: Stage) -> Json:
    return stage.condition("VolumesExpanded")


def uids(stage: Stage) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in stage.pods()}


def test_a_driver_grows_what_it_can_and_its_words_are_told_where_it_cannot(
    stage: Stage, storage: Storage, driver: Driver
):
    stage.create(**wish(storage.grows))
    stage.install(masters=3)
    storage.bind()
    stage.reconcile_until(lambda: grown(stage)["status"] == "True")
    pods = uids(stage)

    stage.edit(**wish(storage.grows, journal="2Gi", ssd="6Gi"))
    stage.reconcile_until(lambda: grown(stage)["status"] == "True")

    assert sorted(driver.grown.values()) == [2 * GIB, 2 * GIB, 2 * GIB, 6 * GIB]
    capacities = {name: one["status"]["capacity"]["storage"] for name, one in storage.claims().items()}
    assert capacities["journal-small-master-0"] == "2Gi"
    assert capacities["tier-ssd-small-worker-0"] == "6Gi"
    assert uids(stage) == pods

    stage.edit(**wish(storage.grows, journal="2Gi", ssd="9Gi", quota="9Gi"))
    stage.reconcile_until(lambda: grown(stage)["reason"] == "ResizeFailed")

    assert "the pool has no more room" in grown(stage)["message"]
    stage.reconcile_until(lambda: stage.status["phase"] == "Ready")
    assert uids(stage) == pods, "workers keep the quota that their volumes have"

    stage.edit(**wish(storage.grows, journal="2Gi", ssd="6Gi"))
    stage.reconcile_until(lambda: grown(stage)["status"] == "True")
    assert uids(stage) == pods
