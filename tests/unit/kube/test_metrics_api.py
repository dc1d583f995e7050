"""What pods use by metrics.k8s.io, and every way in which nobody says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import NOW
from tests.support.fake_kube import FakeKube
from tests.support.measured import pod_metrics

from alluxio_operator.kube.errors import ApiError, NotFound, Refused
from alluxio_operator.kube.metrics_api import RARELY, SOON, TIMEOUT, pods_used
from alluxio_operator.kube.used import NoMetrics, PodUsed, Used
from alluxio_operator.transport.deadline import Deadline, NoLongerLeading


def asked(kube: FakeKube, deadline: Deadline | None = None) -> tuple[PodUsed, ...] | NoMetrics:
    return pods_used(kube, "data", "a=b", deadline or Deadline.after(60))  # type: ignore[arg-type]


def failing(error: BaseException) -> FakeKube:
    kube = FakeKube()

    def fail(verb: str, path: str) -> None:
        raise error

    kube.before_call = fail
    return kube


def test_quantities_are_read_as_the_kubelet_and_metrics_server_write_them():
    kube = FakeKube()
    kube.metrics = [
        pod_metrics("one", NOW, "1m0.5s", {"worker": ("12345678n", "524288Ki"), "job-worker": ("1", "1Gi")}),
        pod_metrics("two", NOW, "15s", {"worker": ("0", "1048576")}),
    ]

    found = asked(kube)

    assert found == (
        PodUsed(
            "one", NOW, NOW - timedelta(seconds=60.5), {"worker": Used(13, 2**29), "job-worker": Used(1000, 2**30)}
        ),
        PodUsed("two", NOW, NOW - timedelta(seconds=15), {"worker": Used(0, 2**20)}),
    )


@pytest.mark.parametrize(
    ("error", "said", "again", "everywhere"),
    [
        (NotFound("GET /", 404, "404 page not found"), "isn't served here", RARELY, True),
        (Refused("GET /", 403, "forbidden: User x"), "may not list pods", RARELY, False),
        (Refused("GET /", 400, "bad"), "HTTP 400", RARELY, True),
        (ApiError("GET /", 503, "unavailable"), "is registered and answers HTTP 503", SOON, True),
        (ApiError("GET /", 0, "timed out"), f"didn't answer within {TIMEOUT:g} s", SOON, True),
    ],
)
def test_that_nobody_says_is_a_value(error: Exception, said: str, again: timedelta, everywhere: bool):
    found = asked(failing(error))

    assert isinstance(found, NoMetrics)
    assert said in found.reason
    assert (found.ask_again_after, found.everywhere) == (again, everywhere)


def test_a_server_that_names_no_window_measured_at_one_moment():
    kube = FakeKube()
    kube.metrics = [pod_metrics("one", NOW, "", {"worker": ("0", "0")})]

    assert asked(kube) == (PodUsed("one", NOW, NOW, {"worker": Used(0, 0)}),)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"containers": [{"name": "x"}]},
        {"timestamp": "soon", "containers": []},
        pod_metrics("one", NOW, "a while", {}),
        None,
    ],
)
def test_what_cant_be_understood_is_no_error(odd: Any):
    kube = FakeKube()
    kube.metrics = [odd]

    found = asked(kube)

    assert isinstance(found, NoMetrics)
    assert "can't be understood" in found.reason


def test_it_takes_no_more_than_its_share_of_the_time():
    given: list[float] = []

    class Watching(FakeKube):
        def within(self, deadline: Deadline) -> FakeKube:
            given.append(deadline.at)
            return super().within(deadline)

    kube = Watching()
    kube.metrics = []
    asked(kube, Deadline(at=1000.0, clock=lambda: 100.0))
    asked(kube, Deadline(at=101.0, clock=lambda: 100.0))

    assert given == [100.0 + TIMEOUT, 101.0]


def test_a_lost_lease_is_no_trouble_of_the_api():
    with pytest.raises(NoLongerLeading):
        asked(FakeKube(), Deadline.after(60, lost=lambda: True))
