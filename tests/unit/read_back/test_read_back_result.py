"""What the Job leaves for the operator."""

import json

import pytest

from alluxio_operator.read_back.result import LONGEST, Result


def test_a_result_survives_the_way():
    given = Result(listed=3, sampled=2, matched=1, missing=1, compared="S3", live=True, examples=("missing: /a",))
    assert Result.parse(given.as_json()) == given


def test_a_long_result_is_cut_before_the_kubelet_does():
    given = Result(message="ä" * 10_000, examples=("missing: /" + "日" * 5000,) * 9, ok=False)
    text = given.as_json()
    assert len(text.encode()) <= LONGEST
    parsed = Result.parse(text)
    assert parsed is not None
    assert not parsed.ok


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", json.dumps({"listed": "many"}), Result().as_json()[:-9]])
def test_something_else_is_no_result(text):
    assert Result.parse(text) is None
