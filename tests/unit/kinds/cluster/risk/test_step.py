"""The status and the condition that follow from listings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.at_risk import AtRisk, PathRisk, WorkerRisk
from alluxio_operator.api.alluxiocluster import Workers
from alluxio_operator.api.at_risk import AtRiskStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Severity
from alluxio_operator.engine.reading import Reading
from alluxio_operator.kinds.cluster.risk.step import Listing, RiskStep, next_risk_step

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GI = 2**30


def workers(limit: str | None = "1Gi", minutes: int = 15) -> Workers:
    return Workers(at_risk_limit=limit, at_risk_interval_minutes=minutes)


def found(*sizes: int, **over: Any) -> AtRisk:
    rows = {f"w-{number}": WorkerRisk(unpersisted=size, files=1, oldest_ms=0) for number, size in enumerate(sizes)}
    return AtRisk(**{"total": WorkerRisk(unpersisted=sum(sizes), files=len(sizes)), "workers": rows} | over)


def at(minutes: float, value: AtRisk) -> Listing:
    return Reading(value, NOW + minutes * MINUTE)


def after(*listings: Listing | None, limit: str | None = "1Gi", minutes: int = 15) -> RiskStep:
    """Return the step after some listings, each seen a minute after it began."""
    status, step = None, RiskStep(None)
    for one in listings:
        seen = NOW if one is None or one.at is None else one.at + MINUTE
        step = next_risk_step(status, workers(limit, minutes), one, seen)
        status = step.status
    return step


def test_without_a_listing_nothing_is_known_and_nothing_is_written():
    step = after(None, Reading())
    assert step.status is None
    assert step.gate is not None
    assert (step.gate.passed, step.gate.reason, step.gate.severity) == (False, "NotListed", Severity.PROGRESS)


def test_without_a_limit_there_is_no_condition():
    assert after(at(0, found(5 * GI)), limit=None).gate is None
    assert after(None, limit=None).gate is None


def test_zero_at_risk_is_known_once_a_listing_has_ended():
    step = after(at(0, found(0, 0)))
    assert step.status is not None
    assert (step.status.as_of, step.status.unpersisted, step.status.workers) == (stamp(NOW), "0", ())
    assert step.gate is not None
    assert step.gate.passed


def test_the_figures_are_rounded_up_and_the_workers_sorted():
    status = after(at(0, found(17, 2 * GI + 1))).status
    assert status is not None
    assert [(one.name, one.unpersisted) for one in status.workers] == [("w-0", "18"), ("w-1", "2304Mi")]
    assert status.worst == "w-1"


def test_the_largest_workers_are_listed_and_the_others_counted():
    status = after(at(0, found(*range(1, 41)))).status
    assert status is not None
    assert (len(status.workers), status.other_workers) == (16, 24)
    assert {one.name for one in status.workers} == {f"w-{number}" for number in range(24, 40)}


def test_a_path_that_a_listing_has_twice_is_listed_once():
    paths = (PathRisk("/a", 9, 1, 0), PathRisk("/b", 8, 1, 0), PathRisk("/a", 7, 1, 0))
    status = after(at(0, found(17, paths=paths))).status
    assert status is not None
    assert [(one.path, one.unpersisted) for one in status.paths] == [("/a", "9"), ("/b", "8")]


def test_listings_that_find_the_same_write_nothing_for_hours():
    first = after(at(0, found(100))).status
    later = next_risk_step(first, workers(), at(345, found(100)), NOW + 346 * MINUTE).status
    assert later == first
    renewed = next_risk_step(first, workers(), at(360, found(100)), NOW + 361 * MINUTE).status
    assert renewed is not None
    assert renewed.as_of == stamp(NOW + 360 * MINUTE)


def test_bytes_that_round_to_the_same_write_nothing():
    first = after(at(0, found(1001))).status
    assert next_risk_step(first, workers(), at(15, found(1002)), NOW + 16 * MINUTE).status == first


def test_looking_at_one_listing_twice_changes_nothing():
    listing = at(0, found(2 * GI))
    assert after(listing).status == after(listing, listing, listing).status


def test_a_worker_above_the_limit_closes_the_gate_after_ten_minutes_only():
    assert after(at(0, found(2 * GI))).gate.passed  # type: ignore[union-attr]
    assert after(at(0, found(2 * GI)), at(9, found(2 * GI))).gate.passed  # type: ignore[union-attr]
    gate = after(at(0, found(2 * GI)), at(15, found(2 * GI))).gate
    assert gate is not None
    assert (gate.passed, gate.reason, gate.severity) == (False, "AboveLimit", Severity.WARNING)
    assert "w-0 alone has 2Gi" in gate.message
    assert "spec.workers.atRiskLimit is 1Gi" in gate.message
    assert stamp(NOW) in gate.message


def test_the_gate_stays_closed_and_its_message_the_same_while_listings_find_the_same():
    listings = [at(15 * number, found(2 * GI)) for number in range(8)]
    assert after(*listings).gate == after(*listings[:2]).gate


def test_one_listing_below_the_limit_opens_the_gate_and_begins_anew():
    above = [at(0, found(2 * GI)), at(15, found(2 * GI))]
    assert after(*above, at(30, found(GI))).gate.passed  # type: ignore[union-attr]
    assert after(*above, at(30, found(GI)), at(45, found(2 * GI))).gate.passed  # type: ignore[union-attr]


def test_the_sum_of_several_workers_below_the_limit_is_no_trouble():
    assert after(at(0, found(GI, GI, GI)), at(15, found(GI, GI, GI))).gate.passed  # type: ignore[union-attr]


def test_a_higher_limit_opens_the_gate_at_once():
    step = after(at(0, found(2 * GI)), at(15, found(2 * GI)))
    assert next_risk_step(step.status, workers("3Gi"), at(15, found(2 * GI)), NOW).gate.passed  # type: ignore[union-attr]


def test_after_a_restart_of_the_operator_the_last_result_stands():
    closed = after(at(0, found(2 * GI)), at(15, found(2 * GI)))
    restarted = next_risk_step(closed.status, workers(), Reading(), NOW + 20 * MINUTE)
    assert restarted == closed


def failing(minutes: float, value: Listing | None = None) -> Listing:
    known = value or Reading()
    return Reading(known.value, known.at, NoAnswer("no answer in time"), NOW + minutes * MINUTE)


def test_a_failure_keeps_the_figures_and_is_on_record():
    first = at(0, found(2 * GI))
    status = next_risk_step(after(first).status, workers(), failing(15, first), NOW + 16 * MINUTE).status
    assert status is not None
    assert (status.as_of, status.unpersisted) == (stamp(NOW), "2Gi")
    assert (status.failing_since, status.message) == (stamp(NOW + 15 * MINUTE), "no answer in time")


def test_a_restart_of_the_operator_does_not_end_a_failure():
    first = at(0, found(5))
    status = next_risk_step(after(first).status, workers(), failing(15, first), NOW + 16 * MINUTE).status
    assert next_risk_step(status, workers(), Reading(), NOW + 17 * MINUTE).status == status


def test_the_next_success_ends_the_failure():
    first = at(0, found(5))
    status = next_risk_step(after(first).status, workers(), failing(15, first), NOW + 16 * MINUTE).status
    status = next_risk_step(status, workers(), at(30, found(5)), NOW + 31 * MINUTE).status
    assert status is not None
    assert (status.failing_since, status.message) == (None, "")


@pytest.mark.parametrize("known", [None, at(0, found(5))], ids=["never listed", "listed"])
def test_listings_that_fail_for_an_hour_close_the_gate(known: Listing | None):
    status = after(known).status if known else None
    soon = next_risk_step(status, workers(), failing(15, known), NOW + 74 * MINUTE)
    late = next_risk_step(soon.status, workers(), failing(15, known), NOW + 75 * MINUTE)
    assert soon.gate is not None
    assert late.gate is not None
    assert soon.gate.reason == ("WithinLimit" if known else "NotListed")
    assert (late.gate.passed, late.gate.reason) == (False, "ListingFailed")
    assert "no answer in time" in late.gate.message


def test_a_long_interval_has_a_longer_time_to_fail():
    step = next_risk_step(None, workers(minutes=60), failing(0), NOW + 239 * MINUTE)
    assert step.gate is not None
    assert step.gate.reason == "NotListed"


def test_a_result_of_long_ago_is_no_longer_known():
    step = after(at(0, found(5)))
    gate = next_risk_step(step.status, workers(), Reading(), NOW + 8 * 60 * MINUTE).gate
    assert gate is not None
    assert (gate.passed, gate.reason) == (False, "NotListed")
    assert stamp(NOW) in gate.message


def test_without_listings_the_status_is_empty_and_a_limit_without_effect_is_reported():
    before = after(at(0, found(5))).status
    step = next_risk_step(before, workers(minutes=0), None, NOW)
    assert step.status is None
    assert step.gate is not None
    assert (step.gate.passed, step.gate.reason, step.gate.severity) == (False, "NotListed", Severity.INFO)
    assert next_risk_step(before, workers(None, minutes=0), None, NOW) == RiskStep(None)


def test_only_a_short_interval_asks_for_reconciles_of_its_own():
    assert after(at(0, found(5))).requeue_after is None
    assert after(at(0, found(5)), minutes=1).requeue_after == 60


def test_hostile_figures_fit_into_the_status():
    largest = 2**63 - 1
    rows = {f"w-{number}": WorkerRisk(largest, largest, largest, largest, largest, largest) for number in range(1000)}
    paths = tuple(PathRisk(f"/{'x' * 500}{number}", largest, largest, largest) for number in range(16))
    value = AtRisk(WorkerRisk(largest, largest, largest, largest, largest, largest), rows, paths, largest, largest)
    status = after(at(0, value)).status
    assert status is not None
    assert AtRiskStatus.model_validate(status.model_dump(by_alias=True)) == status
