"""The four install modes, each from another channel: what is watched, and what the operator may do where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from dev.olm import versions
from tests.olm.stage import Installed, Source, apply, followed, kubectl, light, namespaces, until

Json = dict[str, Any]
CSV = versions.csv_name("0.1.0")
UNWATCHED = "olm-unwatched"


@dataclass(frozen=True)
class Mode:
    """How the operator is installed: None watches all namespaces."""

    name: str
    home: str
    channel: str
    targets: tuple[str, ...] | None
    manual: bool = False
    config: Json | None = None


CONFIG: Json = {
    "env": [{"name": "LOG_LEVEL", "value": "debug"}],
    "resources": {"requests": {"cpu": "50m", "memory": "100Mi"}, "limits": {"memory": "600Mi"}},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
}


SOME = (
    Mode("OwnNamespace", "olm-own", "candidate-v0", ("olm-own",)),
    Mode("SingleNamespace", "olm-single", "fast-v0", ("olm-single-data",), manual=True),
    Mode("MultiNamespace", "olm-multi", "stable-v0", ("olm-multi-a", "olm-multi-b"), config=CONFIG),
)
ALL = Mode("AllNamespaces", "olm-all", "stable-v0", None)


@pytest.fixture(scope="module")
def source(new_source: Callable[[str], Source], image: str) -> Source:
    """A catalog with the version that the bundle is."""
    source = new_source("modes")
    source.publish(versions.make("0.1.0", image), versions.entry("0.1.0"))
    return source


def installed(mode: Mode, source: Source) -> Installed:
    operator = Installed(mode.home, source.name, mode.channel, manual=mode.manual)
    operator.group(mode.targets)
    operator.subscribe(config=mode.config)
    return operator


@pytest.fixture(scope="module")
def side_by_side(source: Source) -> Iterator[dict[str, Installed]]:
    """The three modes for some namespaces, in one cluster at the same time."""
    places = {place for mode in SOME for place in (mode.home, *(mode.targets or ()))}
    with namespaces(*sorted(places), UNWATCHED):
        operators = {mode.name: installed(mode, source) for mode in SOME}
        yield operators
        for operator in operators.values():
            operator.unsubscribe()


@pytest.mark.parametrize("mode", SOME, ids=lambda mode: mode.name)
def test_some_namespaces(side_by_side: dict[str, Installed], mode: Mode):
    operator = side_by_side[mode.name]
    assert mode.targets
    if mode.manual:
        until(lambda: operator.waiting(CSV), 60, "a plan waits for approval", operator.explain)
        assert operator.versions() == [], "nothing is installed before somebody approves"
        operator.approve(CSV)
    operator.succeeded(CSV)

    if mode.config:
        [pod] = operator.pods()
        [container] = pod["spec"]["containers"]
        assert container["resources"] == CONFIG["resources"]
        assert CONFIG["env"][0] in container["env"]
        assert CONFIG["tolerations"][0]["key"] in [one.get("key") for one in pod["spec"]["tolerations"]]
    for place in mode.targets:
        assert operator.may("create", "statefulsets.apps", place)
        assert not operator.may("get", "secrets", place)
        assert not operator.may("deletecollection", "persistentvolumeclaims", place)
        apply(light("seen", place))
    for verb, resource in (("create", "statefulsets.apps"), ("list", "pods"), ("list", "alluxioclusters")):
        assert not operator.may(verb, resource, UNWATCHED)
    assert not operator.may("list", "nodes", UNWATCHED)

    apply(light("unseen", UNWATCHED))
    for place in mode.targets:
        until(lambda place=place: followed("seen", place), 30, f"{place} is watched", operator.explain)
    assert not followed("unseen", UNWATCHED)
    assert operator.upgradeable(CSV)["status"] == "True", "an installation holds up no new version"


def test_all_namespaces(side_by_side: dict[str, Installed], source: Source):
    with namespaces(ALL.home):
        operator = installed(ALL, source)
        # Two that would look after the same resources.
        until(
            lambda: operator.reason(CSV) == "InterOperatorGroupOwnerConflict", 60, "OLM refuses it beside others",
            operator.explain,
        )  # fmt: skip
        for other in side_by_side.values():
            other.unsubscribe()
            kubectl("delete", "operatorgroup", "group", "-n", other.namespace)
        operator.succeeded(CSV)

        assert operator.may("create", "statefulsets.apps", UNWATCHED)
        assert not operator.may("get", "secrets", UNWATCHED)
        assert not operator.may("list", "nodes", UNWATCHED)
        until(lambda: followed("unseen", UNWATCHED), 30, "every namespace is watched", operator.explain)
        operator.unsubscribe()
