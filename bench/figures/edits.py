"""Time from an edit of a cluster to its child: alone, during a full resync, and with a hanging owner."""

from __future__ import annotations

import itertools
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence

from dev.simulation.alluxio import CONTROL_PORT

from bench import clusters, waiting
from bench.api import Json
from bench.clusters import Place
from bench.results import Figure, Goal, Runs, Sample, figure, percentile
from bench.session import Session

PLAIN, DURING_RESYNC, DURING_A_HANG = "edits", "edits-during-resync", "edits-beside-a-hang"

LONGEST = 30.0
"""Seconds after which an edit counts as lost, with this time in the record."""

GAP = (0.05, 0.45)
"""Seconds between two edits: random, so that they don't coincide with periodic checks."""

SEED = 1

HANGING_EDIT = 400_000
"""Number of an edit that no other measure uses."""

EDITS_PER_RESYNC = 25
"""Edits between two requests for a resync: about ten seconds, far more often than in production."""
MANY = 1000
"""Number of clusters from which the goal of the p50 is 0.6 s; below it 0.3 s."""


def measure(session: Session) -> Json:
    """Edit randomly chosen clusters, one after the other."""
    return {"seconds": edit(session, session.places, session.profile.edits)}


def measure_during_resync(session: Session) -> Json:
    """Edit during full resyncs of all clusters, one after the other."""
    ours = session.ours
    if ours is None:
        raise LookupError("only this project's operator has a resync to request")
    requests, accepted = itertools.count(), []

    def resync() -> None:
        ours.resync()
        accepted.append(time.monotonic())

    def resyncing() -> None:
        if next(requests) % EDITS_PER_RESYNC == 0:
            # Don't wait: the next edits should overlap with its lists as well as with its reconciles.
            threading.Thread(target=resync, daemon=True).start()

    seconds = edit(session, session.places, session.profile.edits, resyncing)
    if not accepted:
        raise RuntimeError("the operator accepted no resync")
    return {"seconds": seconds, "resyncs": len(accepted)}


def measure_beside_a_hang(session: Session) -> Json:
    """Edit the other clusters while the Alluxio of one cluster accepts connections and never answers."""
    hanging, others = session.places[0], session.places[1:]
    address = _master_address(session, hanging)
    _behave("PUT", f"/behaviour/{address}", b'{"mode": "hangs"}')
    try:
        # From now on the operator requeues it continuously, because its masters no longer serve.
        session.api.merge(hanging.path, clusters.edit(HANGING_EDIT)[0])
        time.sleep(1)
        seconds = edit(session, others, session.profile.edits)
        if not _hangs(session, hanging):
            raise RuntimeError(f"{hanging.name} should hang, but its status reports that its masters serve")
        return {"seconds": seconds}
    finally:
        _behave("DELETE", "/behaviour")
        waiting.until_ready(session.api, session.places, session.profile.patience)


def edit(
    session: Session, places: Sequence[Place], count: int, before_each: Callable[[], None] = lambda: None
) -> list[float]:
    """Edit clusters at random; return for each edit the seconds until it reached its child."""
    chance = random.Random(SEED)
    found = []
    with waiting.texts(session.api, "ConfigMap") as texts:
        for number in range(count):
            time.sleep(chance.uniform(*GAP))
            before_each()
            place = chance.choice(places)
            patch, text = clusters.edit(next(_numbers))
            texts.expect(clusters.edited_child(place), text)
            began = time.monotonic()
            session.api.merge(place.path, patch)
            seen = texts.wait(LONGEST)
            found.append(LONGEST if seen is None else seen - began)
            if (number + 1) % 25 == 0:
                session.say(f"{number + 1} edits, the median took {percentile(found, 0.5):.3f} s")
    return found


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for size in runs.sizes(PLAIN):
        soon = 0.3 if size < MANY else 0.6
        goals = {0.5: Goal(f"at most {soon} s", soon), 0.95: None, 0.99: Goal("at most 1.5 s", 1.5)}
        for share, goal in goals.items():
            ours, kopf = (_percentile(runs, PLAIN, who, size, share) for who in ("ours", "kopf"))
            yield from figure(_title(share), size, "s", ours, peer=kopf, peer_name="kopf", goal=goal)
    for size in runs.sizes(DURING_RESYNC):
        for share, goal in ((0.5, None), (0.95, None), (0.99, Goal("at most 3 s", 3.0))):
            ours = _percentile(runs, DURING_RESYNC, "ours", size, share)
            plain = _percentile(runs, PLAIN, "ours", size, share)
            title = f"{_title(share)}, during a full resync"
            yield from figure(title, size, "s", ours, peer=plain, peer_name="ours without a resync", goal=goal)
    for size in runs.sizes(DURING_A_HANG):
        for share in (0.5, 0.95, 0.99):
            ours = _percentile(runs, DURING_A_HANG, "ours", size, share)
            plain = _percentile(runs, PLAIN, "ours", size, share)
            goal = Goal("unchanged: within a quarter", 1.25, of_ratio=True) if share < 0.99 else None
            title = f"{_title(share)}, while one owner's Alluxio hangs"
            yield from figure(title, size, "s", ours, peer=plain, peer_name="ours without a hang", goal=goal)


_numbers = itertools.count(1)


def _hangs(session: Session, place: Place) -> bool:
    conditions = session.api.call("GET", place.path)["status"]["conditions"]
    return any(one["type"] == "MastersServing" and one["status"] == "False" for one in conditions)


def _percentile(runs: Runs, measure: str, subject: str, size: int, share: float) -> Sample | None:
    return Sample.of(percentile(found["seconds"], share) for found in runs.of(measure, subject, size))


def _title(share: float) -> str:
    return f"edit until the child is patched, p{round(share * 100)}"


def _master_address(session: Session, place: Place) -> str:
    selector = f"app.kubernetes.io/instance={place.name},app.kubernetes.io/component=master"
    pods = session.api.list(f"/api/v1/namespaces/{place.namespace}/pods", {"labelSelector": selector})
    return str(next(pod["status"]["podIP"] for pod in pods))


def _behave(method: str, path: str, body: bytes | None = None) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{CONTROL_PORT}{path}", body, method=method)
    urllib.request.urlopen(request, timeout=10).close()
