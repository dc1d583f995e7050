"""Errors of the parser name the field, its value and where to look."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from alluxio_operator.api.base import Model
from alluxio_operator.engine.parsing import from_pydantic


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
