"""From candidate to fast to stable, as a version makes its way: each is reached by updates, and none leads back.

The tests are steps of one story and run in the order of this file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dev.olm import versions
from dev.olm.bundle import PACKAGE
from dev.olm.versions import csv_name
from tests.olm.stage import ALX, Installed, Source, apply, followed, get, items, kubectl, light, namespaces, until

Json = dict[str, Any]
HOME = "olm-channels"
LOOKS_AGAIN_SECONDS = 20
"""More than `WAKE_UP` of the catalog operator."""

CANDIDATE, FAST, STABLE = "candidate-v0", "fast-v0", "stable-v0"


class Subscriber:
    """Somebody who subscribed to the channel for the curious, and moves on to those for the careful."""

    def __init__(self, source: Source, image: str) -> None:
        self.source, self.image = source, image
        self.operator = Installed(HOME, source.name, CANDIDATE)

    def build(self, version: str, replaces: str) -> None:
        """A version is built: candidate has it."""
        bundle = versions.make(version, self.image, replaces=replaces)
        self.source.publish(bundle, versions.entry(version, replaces), [CANDIDATE])

    def promote(self, version: str, replaces: str, channel: str) -> None:
        """A version proved itself: the next channel has it, too."""
        self.source.promote(versions.entry(version, replaces), [channel])

    def move(self, channel: str) -> None:
        """Change the subscription."""
        patch = json.dumps({"spec": {"channel": channel}})
        kubectl("patch", "subscription.operators.coreos.com", PACKAGE, "-n", HOME, "--type=merge", f"--patch={patch}")

    def stays(self, version: str) -> None:
        """Watch longer than OLM takes to look at everything again: nothing comes, and nothing is planned."""
        before = {one["metadata"]["name"] for one in items("installplan", HOME)}
        deadline = time.monotonic() + LOOKS_AGAIN_SECONDS
        while time.monotonic() < deadline:
            assert self.operator.versions() == [csv_name(version)]
            assert {one["metadata"]["name"] for one in items("installplan", HOME)} == before
            time.sleep(1)
        status = (get("subscription.operators.coreos.com", PACKAGE, HOME) or {})["status"]
        assert (status["state"], status["currentCSV"]) == ("AtLatestKnown", csv_name(version))

    def has(self, version: str) -> None:
        """Wait until a version is installed, and works."""
        self.operator.succeeded(csv_name(version))
        self.works(f"under-{version.replace('.', '-')}")

    def works(self, name: str) -> None:
        """Wait until the operator looks after a cluster that it hasn't seen before."""
        apply(light(name, HOME))
        until(lambda: followed(name, HOME), 60, "the operator works", self.operator.explain)


@pytest.fixture(scope="module")
def subscriber(new_source: Callable[[str], Source], image: str) -> Iterator[Subscriber]:
    """Every channel begins with 0.1.0."""
    source = new_source("channels")
    source.publish(versions.make("0.1.0", image), versions.entry("0.1.0"))
    with namespaces(HOME):
        subscriber = Subscriber(source, image)
        subscriber.operator.group([HOME])
        subscriber.operator.subscribe()
        yield subscriber
        subscriber.operator.unsubscribe()


def test_candidate_has_what_was_built(subscriber: Subscriber):
    subscriber.has("0.1.0")

    subscriber.build("0.1.1", "0.1.0")

    subscriber.has("0.1.1")


def test_fast_that_is_behind_takes_nothing_back(subscriber: Subscriber):
    subscriber.move(FAST)
    subscriber.build("0.1.2", "0.1.1")

    subscriber.stays("0.1.1")


def test_fast_goes_on_when_it_has_got_there(subscriber: Subscriber):
    subscriber.promote("0.1.1", "0.1.0", FAST)
    subscriber.promote("0.1.2", "0.1.1", FAST)

    subscriber.has("0.1.2")


def test_so_does_stable(subscriber: Subscriber):
    subscriber.move(STABLE)
    subscriber.build("0.1.3", "0.1.2")
    subscriber.promote("0.1.3", "0.1.2", FAST)
    subscriber.promote("0.1.1", "0.1.0", STABLE)
    subscriber.promote("0.1.2", "0.1.1", STABLE)
    subscriber.stays("0.1.2")

    subscriber.promote("0.1.3", "0.1.2", STABLE)

    subscriber.has("0.1.3")


def test_a_version_that_refuses_what_is_stored_changes_nothing(subscriber: Subscriber):
    def another_version_only(crd: Json) -> None:
        [version] = crd["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        spec["version"] = {"type": "string", "enum": ["9.9.9"]}

    before = (get("crd", ALX, HOME) or {})["spec"]
    bundle = versions.make("0.1.4", subscriber.image, replaces="0.1.3", change_crd=another_version_only)
    subscriber.source.publish(bundle, versions.entry("0.1.4", "0.1.3"))

    until(lambda: failed_plans("0.1.4"), 150, "the plan fails", subscriber.operator.explain)
    assert "too restrictive" in json.dumps(failed_plans("0.1.4"))
    assert (get("crd", ALX, HOME) or {})["spec"] == before
    assert subscriber.operator.phase(csv_name("0.1.4")) != "Succeeded"
    assert set(subscriber.operator.version_of_pods().values()) == {"0.1.3"}
    subscriber.works("still-0-1-3")


def failed_plans(version: str) -> list[Json]:
    plans = [
        one for one in items("installplan", HOME) if csv_name(version) in one["spec"]["clusterServiceVersionNames"]
    ]
    return [one["status"]["conditions"] for one in plans if one.get("status", {}).get("phase") == "Failed"]
