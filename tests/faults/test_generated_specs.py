"""Specs that nobody would write: each is refused with a clear sentence, surfaced as a condition, or followed."""

from __future__ import annotations

import contextlib
from collections import Counter
from concurrent.futures import Future
from typing import Any

from tests.api.stage import Json
from tests.faults.records import Record
from tests.faults.reference import Form
from tests.faults.specs import generated
from tests.faults.world import KEEPS_ITS_LEASE, NAME, World, WorldMaker, says

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.kube.kinds import KINDS

SHORT, LONG = 200, 1000
BATCH = 40
WAITS = "told: waits"
PATIENCE = 10.0
"""Seconds for what only waits: many wait for ever, since nobody answers on another port, or no node fits."""


def outcome(resource: Json) -> str | None:
    """Return what became of a resource that was let in; None while nothing is said of it."""
    status = resource.get("status", {})
    if status.get("observedGeneration") != resource["metadata"]["generation"]:
        return None
    if says(resource, "Ready"):
        return "ready"
    conditions = {one["type"]: one for one in status.get("conditions", ())}
    for kind, found in (("SpecValid", "told: invalid"), ("ConfigurationApplied", "told: refused")):
        if conditions.get(kind, {}).get("status") == "False":
            return found if conditions[kind]["message"] else None
    told = [one for one in conditions.values() if one["status"] == "False" and one["reason"] != "Initializing"]
    gates = [one for one in told if one["type"] not in ("Ready", "Installed", "Degraded") and one["message"]]
    return WAITS if gates else None


def create(world: World, name: str, spec: Json) -> str | None:
    """Create a resource; return why it was refused, or None."""
    body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}
    answer = world.api.call("POST", KINDS[KIND].path(world.namespace), body, fieldValidation="Strict")
    assert answer.status in (201, 400, 422), f"{answer.status}: {answer.message}\n{spec}"
    return answer.message if answer.status != 201 else None


def wait_for_outcomes(world: World, names: list[str]) -> dict[str, str | None]:
    """Wait until something is said of each, and for a while until those that wait for something have got it."""
    found: dict[str, str | None] = {}

    def look() -> set[str | None]:
        resources = {one["metadata"]["name"]: one for one in world.api.kube.list(KINDS[KIND].path(world.namespace))}
        found.update({name: outcome(resources[name]) for name in names})
        return set(found.values())

    with contextlib.suppress(TimeoutError):
        world.until(lambda: None not in look(), 60)
    with contextlib.suppress(TimeoutError):
        # What waited goes on for a moment before it says how that ended.
        world.until(lambda: not {WAITS, None} & look(), PATIENCE)
    return found


def taken(new_world: WorldMaker, count: int) -> Counter[str]:
    """Create so many generated specs, and return how often each outcome came up."""
    with contextlib.closing(new_world(KEEPS_ITS_LEASE)) as world:
        return _taken(world, count)


def _taken(world: World, count: int) -> Counter[str]:
    world.first.start()
    world.first.wait_until_it_leads()
    found: Counter[str] = Counter()
    specs = generated(count)

    for start in range(0, len(specs), BATCH):
        batch = {f"g{start + n}": spec for n, spec in enumerate(specs[start : start + BATCH])}
        let_in = []
        for name, spec in batch.items():
            refusal = create(world, name, spec)
            if refusal is None:
                let_in.append(name)
                continue
            assert "spec" in refusal, f"this doesn't say what is wrong: {refusal}\n{spec}"
            found["refused"] += 1
        outcomes = wait_for_outcomes(world, let_in)
        for name, came in outcomes.items():
            said = world.get(name).get("status")
            assert came, f"nothing is said of {name}: {batch[name]}\n{said}\n{world.first.tail()}"
            found[came] += 1
        assert not world.tracebacks(), f"{world.tracebacks()[0]}\n{batch}"
        for name in let_in:
            world.delete(name)

    world.create()
    world.until(lambda: world.is_ready(NAME))
    world.until(world.queue_is_empty)
    return found


def begin(form: Form) -> dict[str, Future[Counter[str]]]:
    """Begin with them; most of the time is spent on waiting for those that wait for ever."""
    return {"specs": form.pool.submit(taken, form.new_world, LONG if form.long else SHORT)}


def test_each_is_refused_told_or_followed(begun: dict[str, Any], record: Record):
    found: Counter[str] = begun[__name__]["specs"].result()

    record("generated specs", specs=found.total(), **found)
    assert len(found) >= 4, "each of these should come up"
