"""A resource of any depth is read, and keeps nobody from reading others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alluxio_operator.kube.nesting import MOST_LEVELS, levels, parse

OWN = "/apis/alluxio-operator.io/v1alpha1/alluxioclusters"


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize("depth", [MOST_LEVELS + 1, 900, 1_100, 10_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('[{"}]":', "}]"), ('{"\\\\\\"{":[', "]}")]
)
def test_what_is_too_deep_is_cut_off_and_the_rest_is_there(depth: int, opening: str, closing: str):
    text = f'{{"items": [{nested(depth, opening, closing)}, {{"metadata": {{"name": "one"}}}}], "last": ["]", "{{"]}}'

    found = parse(text.encode(), OWN)

    assert found["items"][1] == {"metadata": {"name": "one"}}
    assert found["last"] == ["]", "{"]
    assert levels(found) == MOST_LEVELS
    json.dumps(found)


@pytest.mark.parametrize(
    "document", [{}, [], {"a": [{}, []], "b": {"c": "}{"}}, "text", 7, None, json.loads(nested(MOST_LEVELS))]
)
def test_whatever_is_not_deep_stays(document: Any):
    assert parse(json.dumps(document).encode(), OWN) == document


def test_what_is_no_json_is_a_value_error():
    with pytest.raises(ValueError, match="Expecting value"):
        parse(b"<html>", OWN)


@pytest.mark.parametrize(("document", "expected"), [({}, 1), ({"a": 1}, 1), ({"a": {}}, 2), ([[[]], 1], 3)])
def test_levels(document: Any, expected: int):
    assert levels(document) == expected
