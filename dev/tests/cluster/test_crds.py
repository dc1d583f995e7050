import json

import pytest

from dev.cluster.crds import not_established


def crd(name: str, status: object) -> dict[str, object]:
    return {"metadata": {"name": name}, "status": status}


def condition(status: str) -> dict[str, str]:
    return {"type": "Established", "status": status}


@pytest.mark.parametrize(
    ("status", "awaited"),
    [
        pytest.param({}, True, id="nothing said yet"),
        pytest.param({"conditions": None}, True, id="made a moment ago"),
        pytest.param({"conditions": [{"type": "NamesAccepted", "status": "True"}]}, True, id="names accepted"),
        pytest.param({"conditions": [condition("False")]}, True, id="being established"),
        pytest.param({"conditions": [condition("True")]}, False, id="established"),
    ],
)
def test_a_crd_is_awaited_until_the_server_serves_it(status: object, awaited: bool) -> None:
    assert bool(not_established(json.dumps(crd("one", status)))) is awaited


def test_of_several_crds_the_one_that_is_not_served_is_named() -> None:
    answer = {"items": [crd("one", {"conditions": [condition("True")]}), crd("two", {"conditions": None})]}
    assert not_established(json.dumps(answer)) == {"two": {}}
