"""A spec that is nested deeper than libraries bear."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.world import World


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


@pytest.mark.parametrize("field", [{"affinity": nested(90)}, {"volumes": [{"name": "v", "emptyDir": nested(90)}]}])
def test_a_deep_spec_is_invalid_and_goes_on_once_it_is_mended(field: dict[str, Any]):
    world = World()
    world.settle()
    world.edit_spec(workers=field)

    world.reconcile()

    assert world.phase == "Invalid"
    assert "more than 64 levels deep" in world.condition("SpecValid")["message"]
    world.edit_spec()
    world.settle()
