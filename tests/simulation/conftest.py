"""What holds for all tests of the simulation: `--seeds FIRST-LAST` chooses the seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.simulation.run import quick

BLOCK = 20
"""Seeds of one test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", default="1-200", help="seeds of the simulation, as FIRST-LAST")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        first, last = (int(one) for one in metafunc.config.getoption("--seeds").split("-"))
        blocks = [range(start, min(start + BLOCK, last + 1)) for start in range(first, last + 1, BLOCK)]
        metafunc.parametrize("seeds", blocks, ids=[f"{one[0]}-{one[-1]}" for one in blocks])


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    with quick():
        yield
