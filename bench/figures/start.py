"""A start with all clusters present: time until the first edit is served, and until all are reconciled."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench import clusters, waiting
from bench.api import Json
from bench.figures import edits
from bench.results import Figure, Goal, Runs, Sample, figure, percentile
from bench.session import Session
from bench.subjects import Ours, total

NAME = "start"
FIRST_EDIT = 500_000
"""Number of an edit that no other measure uses."""

FIRST_EDIT_GOAL = Goal("at most 10 s", 10)


def measure(session: Session) -> Json:
    """Stop the operator, start it and edit a cluster at that moment; then edit until every cluster is reconciled."""
    session.operator.stop()
    time.sleep(2)
    place = session.places[len(session.places) // 2]
    patch, text = clusters.edit(FIRST_EDIT)
    with waiting.texts(session.api, "ConfigMap") as texts:
        texts.expect(clusters.edited_child(place), text)
        began = time.monotonic()
        session.operator.start()
        session.api.merge(place.path, patch)
        seen = texts.wait(session.profile.patience)
    if seen is None:
        raise TimeoutError(f"the edit was not served within {session.profile.patience:.0f} s")
    found: Json = {"first_edit_seconds": seen - began}
    ours = session.ours
    if ours is not None:
        meanwhile: list[float] = []
        while not _resynced(ours, session.size):
            if time.monotonic() - began > session.profile.patience:
                raise TimeoutError(f"not every cluster was reconciled within {session.profile.patience:.0f} s")
            if len(meanwhile) < session.profile.edits:
                meanwhile += edits.edit(session, session.places, 1)
            else:
                time.sleep(0.25)
        found |= {"resync_seconds": time.monotonic() - began, "seconds": meanwhile}
    return found


def _resynced(ours: Ours, size: int) -> bool:
    metrics = ours.metrics()
    reconciled = total(metrics, "alluxio_operator_reconcile_total")
    return reconciled >= size and total(metrics, "alluxio_operator_queue_depth") == 0


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for size in runs.sizes(NAME):
        ours, kopf = (runs.values(NAME, "first_edit_seconds", who, size) for who in ("ours", "kopf"))
        title = "start with all clusters present until the first edit is served"
        yield from figure(title, size, "s", ours, peer=kopf, peer_name="kopf", goal=FIRST_EDIT_GOAL)
        resync = runs.values(NAME, "resync_seconds", "ours", size)
        yield from figure("start until every cluster is reconciled", size, "s", resync)
        for share, goal in ((0.5, None), (0.99, Goal("at most 3 s", 3.0))):
            meanwhile = Sample.of(
                percentile(found["seconds"], share) for found in runs.of(NAME, "ours", size) if found.get("seconds")
            )
            title = f"edit until the child is patched, p{share * 100:.0f}, during the resync after a start"
            yield from figure(title, size, "s", meanwhile, goal=goal)
