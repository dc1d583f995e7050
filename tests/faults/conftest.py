"""Faults on a cluster without machines; `make faults` and the suite of the same name bring one up and run these tests.

python -m dev.cluster up --simulated
dev/in-simulation .venv/bin/python -m pytest tests/faults [--long] [-k crash] [--child-events watch]
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import urllib3
from dev.cluster.crds import install_crds
from kubernetes import config
from tests.api.stage import Api
from tests.faults import alluxio
from tests.faults.endstate import listed
from tests.faults.proxy import Loop, Upstream
from tests.faults.records import Record, Records
from tests.faults.reference import Form, Reference, run_in_peace
from tests.faults.world import ENDING, LABEL, World, WorldMaker, end_all_operators
from tests.support.builders import ROOT

from alluxio_operator.environment import AUTO, CHILD_EVENTS, HOOKS, WATCH

SIDE_BY_SIDE = 5
"""Worlds at a time: an operator waits more than it computes."""

RECORDS = pytest.StashKey[Records]()
LIMIT_SHORT, LIMIT_LONG = 400, 3600
"""Seconds for one test, which may wait for all that runs side by side."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --long, how the operators are set, and how long they are killed again and again."""
    parser.addoption("--long", action="store_true", help="every crash point, 100 owners, 1,000 specs")
    parser.addoption("--side-by-side", type=int, default=SIDE_BY_SIDE, help="how many operators at once")
    parser.addoption(
        "--child-events",
        default=AUTO,
        choices=[AUTO, HOOKS, WATCH],
        help="what wakes the owners of changed children, but for tests of both; default auto, which is hooks here",
    )
    parser.addoption("--minutes", type=float, help="minutes of kills while specs change; default 0.5, long 30")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of this folder takes minutes, in the long form more of them."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            seconds = LIMIT_LONG if item.config.getoption("--long") else LIMIT_SHORT
            seconds += 60 * (item.config.getoption("--minutes") or 0)
            item.add_marker(pytest.mark.timeout(seconds))
    # Those that run side by side first; the others want the cluster for themselves.
    items.sort(key=_wants_the_cluster)


def _wants_the_cluster(item: pytest.Item) -> bool:
    module = getattr(item, "module", None)
    return not hasattr(module, "begin") or (item.config.getoption("--long") and hasattr(module, "MEASURES"))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to keep what is measured."""
    # Ended by the suite's budget, it still ends the operators, which are no children of that signal's group.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.stash[RECORDS] = Records(ROOT / "build" / "reports" / "faults.json")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was measured."""
    if lines := config.stash[RECORDS].lines():
        terminalreporter.section("measured")
        terminalreporter.write("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def record(pytestconfig: pytest.Config) -> Record:
    """Keeps what is measured."""
    return pytestconfig.stash[RECORDS]


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether everything is tried, not a sample."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def minutes(request: pytest.FixtureRequest, long: bool) -> float:
    """How long the operator is killed again and again."""
    given: float | None = request.config.getoption("--minutes")
    return given if given is not None else 30.0 if long else 0.5


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """The API server of a simulated cluster, with the CRD as it is in config/."""
    how = "run `make faults`, or `make simulation` and `dev/in-simulation .venv/bin/python -m pytest tests/faults`"
    try:
        api = Api.connect()
        nodes = api.call("GET", "/api/v1/nodes", ok=True).body["items"]
    except (config.ConfigException, urllib3.exceptions.HTTPError, OSError) as error:
        pytest.skip(f"no API server: {how} ({str(error)[:120]})")
    if not all("kwok" in node["status"].get("nodeInfo", {}).get("kubeletVersion", "") for node in nodes):
        pytest.skip(f"the nodes of this cluster are not simulated: {how}")
    install_crds()
    # Of the clusters here some wish for two workers, and more than are wished for is well.
    alluxio.behave("*", workers=8)
    yield api
    alluxio.behave("*", workers=1)
    for namespace in api.call("GET", "/api/v1/namespaces", ok=True, labelSelector=f"{LABEL}=true").body["items"]:
        api.call("DELETE", f"/api/v1/namespaces/{namespace['metadata']['name']}")


@pytest.fixture(scope="session")
def new_world(api: Api, pytestconfig: pytest.Config) -> Iterator[WorldMaker]:
    """Makes a world; the operator in it is not started."""
    loop, upstream, collections = Loop(), Upstream(Path(os.environ["KUBECONFIG"])), listed(api)
    asked = {CHILD_EVENTS: pytestconfig.getoption("--child-events")}
    yield lambda settings=None: World(api, loop, upstream, collections, asked | (settings or {}))
    loop.close()


@pytest.fixture
def world(new_world: WorldMaker) -> Iterator[World]:
    """A world for one test."""
    world = new_world()
    yield world
    world.close()


@pytest.fixture(scope="session")
def begun(
    request: pytest.FixtureRequest,
    new_world: WorldMaker,
    side_by_side: ThreadPoolExecutor,
    edited_in_peace: Future[Reference],
    long: bool,
    minutes: float,
) -> dict[str, Any]:
    """What runs side by side, all of it begun at once: a module that has a part in it has a function `begin`."""
    chosen: dict[ModuleType, set[str]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function):
            chosen.setdefault(item.module, set()).add(item.callspec.id if hasattr(item, "callspec") else item.name)
    return {
        module.__name__: module.begin(Form(new_world, side_by_side, edited_in_peace, long, minutes, frozenset(cases)))
        for module, cases in chosen.items()
        if hasattr(module, "begin")
    }


@pytest.fixture(scope="session")
def edited_in_peace(new_world: WorldMaker, side_by_side: ThreadPoolExecutor) -> Future[Reference]:
    """The measure for all that are installed and edited under some trouble."""
    return side_by_side.submit(run_in_peace, new_world)


@pytest.fixture(scope="session")
def side_by_side(pytestconfig: pytest.Config) -> Iterator[ThreadPoolExecutor]:
    """Runs worlds side by side."""
    with ThreadPoolExecutor(pytestconfig.getoption("--side-by-side")) as pool:
        yield pool
        ENDING.set()
        pool.shutdown(wait=False, cancel_futures=True)
        end_all_operators()
