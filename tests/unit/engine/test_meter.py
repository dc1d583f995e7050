"""How often it is asked what pods use: as often as it is measured, and rarely where nobody answers."""

from __future__ import annotations

from tests.support.builders import NOW
from tests.support.fake_kube import METRICS, FakeKube
from tests.support.measured import after, pod_metrics

from alluxio_operator.api.status import Change
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.meter import Meter
from alluxio_operator.engine.usage import Reading, UsageReading
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.metrics_api import RARELY
from alluxio_operator.kube.used import NoMetrics
from alluxio_operator.transport.deadline import Deadline

UNDER_WAY = (Change(what="Changed", started=stamp(NOW), generation=2),)
DONE = (Change(what="Changed", started=stamp(after(NOW, -900)), ended=stamp(after(NOW, -800)), generation=2),)


class Scene:
    def __init__(self) -> None:
        self.kube = FakeKube()
        self.now = NOW
        self.meter = Meter()

    def look(self, name: str = "one", namespace: str = "data", history: tuple[Change, ...] = UNDER_WAY) -> UsageReading:
        key = OwnerKey("AlluxioCluster", namespace, name)
        look = Look(self.kube, key, self.now, Deadline.after(60))  # type: ignore[arg-type]
        return self.meter.look(look, "", lambda pod, container: "worker", history, begins=False)

    @property
    def asked(self) -> int:
        return sum(path.startswith(METRICS) for _, path in self.kube.calls)


def test_an_answer_is_good_for_as_long_as_nothing_is_measured_anew():
    scene = Scene()
    scene.kube.metrics = [pod_metrics("w", NOW)]
    first = scene.look()
    scene.now = after(NOW, 14)
    again = scene.look()
    scene.now = after(NOW, 15)
    scene.look()

    assert isinstance(first, Reading)
    assert again is first
    assert scene.asked == 2


def test_nobody_is_asked_without_a_change():
    scene = Scene()
    scene.kube.metrics = [pod_metrics("w", NOW)]

    assert scene.look(history=DONE) is None
    assert scene.look(history=()) is None
    assert scene.asked == 0


def test_an_api_that_isnt_served_is_asked_rarely_and_by_one_for_all():
    scene = Scene()
    told = [scene.look("one"), scene.look("two", "other")]
    scene.now = after(NOW, RARELY.total_seconds() - 1)
    told.append(scene.look())

    assert all(isinstance(one, NoMetrics) for one in told)
    assert scene.asked == 1
    scene.now = NOW + RARELY
    scene.kube.metrics = [pod_metrics("w", scene.now)]
    assert isinstance(scene.look(), Reading)


def test_a_refusal_is_of_one_namespace():
    scene = Scene()
    scene.kube.metrics = [pod_metrics("w", NOW)]

    def refuse(verb: str, path: str) -> None:
        if "/namespaces/data/" in path:
            raise Refused(f"GET {path}", 403, "forbidden")

    scene.kube.before_call = refuse

    assert isinstance(scene.look(), NoMetrics)
    assert isinstance(scene.look(namespace="other"), Reading)
    assert isinstance(scene.look(), NoMetrics)
    assert scene.asked == 2


def test_pods_that_werent_measured_yet_are_asked_about_again():
    scene = Scene()
    scene.kube.metrics = []

    assert scene.look() is None
    scene.kube.metrics = [pod_metrics("w", NOW)]
    assert scene.look() is None
    scene.now = after(NOW, 15)
    assert isinstance(scene.look(), Reading)
