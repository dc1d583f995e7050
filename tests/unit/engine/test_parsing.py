"""Errors of the parser name the field, its value and where to look."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from alluxio_operator.api.base import Model
from alluxio_operator.engine.parsing import MOST_LEVELS, from_pydantic, nesting


class Part(Model):
    max_replicas: int


class Spec(Model):
    parts: tuple[Part, ...]


def test_each_refused_value_becomes_a_problem_that_names_it():
    with pytest.raises(ValidationError) as caught:
        Spec.model_validate({"parts": [{"maxReplicas": "many"}, {}]})

    [wrong, missing] = from_pydantic(caught.value, "presto")

    assert (wrong.field, wrong.value) == ("spec.parts[0].maxReplicas", "many")
    assert wrong.remedy == "see `kubectl explain presto.spec.parts`"
    assert missing.field == "spec.parts[1].maxReplicas"
    assert "Field required" in missing.message


@pytest.mark.parametrize(("depth", "refused"), [(1, False), (MOST_LEVELS, False), (MOST_LEVELS + 1, True)])
def test_a_spec_that_is_nested_deep_is_refused(depth: int, refused: bool):
    spec: dict[str, object] = {}
    for _ in range(depth - 1):
        spec = {"a": spec}

    assert [str(one) for one in nesting(spec)] == [
        "spec is nested more than 64 levels deep; remove the deepest values, which no field of Kubernetes has"
    ] * refused
