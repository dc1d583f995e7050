"""Restores in place in the midst of everything else: no journal is lost, and no client sees half of the names."""

from __future__ import annotations

import pytest
from tests.simulation.restores import with_restore
from tests.simulation.run import Failure, forget, run

from alluxio_operator.kinds.cluster.restore import attempts, in_place_masters, observe
from alluxio_operator.kinds.cluster.restore.in_place_step import InPlaceStep

pytestmark = pytest.mark.timeout(600)

SEEDS = range(1, 13)


def test_a_restore_in_the_midst_of_everything_breaks_no_rule():
    failures = {seed: failure for seed in SEEDS if (failure := run(with_restore(seed)))}

    assert not failures, "\n".join(f"seed {seed}: {failure}" for seed, failure in failures.items())


def first_failure(rule: str) -> Failure:
    forget()
    others = []
    for seed in SEEDS:
        failure = run(with_restore(seed), ())
        if failure is not None and failure.rule == rule:
            return failure
        others += [failure.rule] if failure else []
    raise AssertionError(f"no seed breaks {rule}; broken were {set(others)}")


def test_masters_that_clients_find_before_the_proof_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(InPlaceStep, "unproven", property(lambda step: False))

    assert first_failure("half_of_the_names_is_never_served").rule


def test_a_journal_that_changes_beside_a_master_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(observe, "_masters_stopped", lambda kube, observed: True)

    assert first_failure("no_master_runs_while_its_journal_changes").rule


def test_a_proof_that_is_not_waited_for_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "ATTEMPTS", 5)
    watch = attempts.watch

    def believing(known, observed, now, place):  # type: ignore[no-untyped-def]
        step = watch(known, observed, now, place)
        if step.status is not None and step.status.state == "Emptying":
            return attempts.RestoreStep(known.model_copy(update={"state": "Restored", "entries": 1}), record=True)
        return step

    monkeypatch.setattr(in_place_masters.attempts, "watch", believing)

    assert first_failure("half_of_the_names_is_never_served").rule
