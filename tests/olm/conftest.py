"""Tests with the real Operator Lifecycle Manager on the local cluster's real node: `make olm-test`.

They start and stop what serves the catalogs, so they run outside the cluster's network and enter it for each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dev.cluster.errors import ClusterError
from dev.cluster.tools import LIFECYCLE_TOOLS
from dev.olm.lifecycle import Lifecycle
from dev.olm.programs import Programs
from dev.tasks.deploy import IMAGE
from dev.tasks.shell import StepFailed
from tests.olm.stage import LABEL, Source, kubectl

PORTS = iter(range(50061, 50080))


@pytest.fixture(scope="session")
def lifecycle() -> Lifecycle:
    """The Operator Lifecycle Manager, running, with nothing of earlier tests."""
    try:
        programs = Programs.built(LIFECYCLE_TOOLS)
        lifecycle = Lifecycle.here(programs, lambda line: print(line, flush=True))
        lifecycle.up()
    except (ClusterError, StepFailed) as error:
        pytest.skip(f"no local cluster: run `make olm-test` ({str(error)[:200]})")
    # An operator that was deployed by other means would look after the same resources, and its rights would stay.
    kubectl("delete", "namespace", "alluxio-operator", "--ignore-not-found", "--wait", "--timeout=60s")
    kubectl("delete", "clusterrolebinding,clusterrole", "alluxio-operator", "--ignore-not-found")
    kubectl("delete", "namespace", "-l", f"{LABEL}=true", "--ignore-not-found", "--wait", "--timeout=120s")
    return lifecycle


@pytest.fixture(scope="session")
def image() -> str:
    """The operator's image, as `make images` built it and `make cluster` loaded it."""
    return IMAGE


@pytest.fixture(scope="module")
def new_source(lifecycle: Lifecycle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Source]]:
    """Makes catalogs, each served on a port of its own."""
    made: list[str] = []

    def new(name: str) -> Source:
        made.append(name)
        # Not below /tmp/...: opm runs in the node's own view of the machine, which shares this folder.
        folder: Path = tmp_path_factory.mktemp(name) / "catalog"
        return Source(lifecycle, name, next(PORTS), folder)

    yield new
    for name in made:
        lifecycle.unserve(name)
