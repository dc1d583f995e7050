"""Checks of the bundle by the programs that catalogs use: `make bundle-check`. They need no cluster."""

from __future__ import annotations

import os

import pytest
from dev.cluster import tools
from dev.cluster.errors import ClusterError
from dev.cluster.paths import find_paths
from dev.olm.programs import Programs


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The programs of today's release."""
    return _built(tools.OLM_TOOLS)


@pytest.fixture(scope="session")
def older() -> Programs:
    """The validator of an older release."""
    return _built(tools.OLDER_VALIDATOR)


def _built(wanted: tuple[tools.Tool, ...]) -> Programs:
    try:
        _, missing = tools.find(find_paths(os.environ), wanted)
    except ClusterError as error:
        pytest.skip(str(error))
    if missing:
        names = ", ".join(tool.name for tool in missing)
        pytest.skip(f"not built: {names}; `make bundle-check` builds what it needs")
    return Programs.built(wanted)
