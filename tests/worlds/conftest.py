"""What holds for every test of whole reconciles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.rendering import parse_once

from alluxio_operator.engine import render


@pytest.fixture(scope="session", autouse=True)
def _parsed_once() -> Iterator[None]:
    """Parse each rendered text once: a third of the time of a simulated reconcile would go there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "parse", parse_once)
        yield
