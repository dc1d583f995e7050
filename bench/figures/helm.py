"""The same objects by `helm upgrade --install`: a chart per cluster, and only a few, because each is a process."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench import clusters, waiting
from bench.api import Json
from bench.figures import creation, edits
from bench.peers import helm
from bench.results import Figure, Runs, Sample, figure, percentile
from bench.session import Session
from bench.subjects import WORKERS

NAME = "helm"
UPGRADES = 5
FIRST_LINE = b'"log4j.properties": "'


def measure(session: Session) -> Json:
    """Install releases, as many in parallel as the operator has workers; then upgrade them one after the other."""
    charts = session.home / "charts"
    for place in session.places:
        helm.write_chart(charts, place)
    wanted = [one for place in session.places for one in clusters.objects_of(place)]
    with waiting.arrivals(session.api, wanted) as arrivals:
        began = time.monotonic()
        helm.install(charts, session.places, WORKERS)
        seconds = arrivals.wait(session.profile.patience) - began
    return {"seconds": seconds, "upgrade_seconds": _upgrades(session)}


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    for size in runs.sizes(NAME):
        title = "clusters created at once until all objects exist"
        ours, theirs = (
            runs.values(name, "seconds", who, size) for name, who in ((creation.NAME, "ours"), (NAME, NAME))
        )
        yield from figure(title, size, "s", ours, peer=theirs, peer_name="helm upgrade --install")
        upgrades = Sample.of(percentile(found["upgrade_seconds"], 0.5) for found in runs.of(NAME, NAME, size))
        edit = Sample.of(percentile(found["seconds"], 0.5) for found in runs.of(edits.PLAIN, "ours", size))
        title = "edit until the child is patched, p50"
        yield from figure(title, size, "s", edit, peer=upgrades, peer_name="helm upgrade --install")


def _upgrades(session: Session) -> list[float]:
    found = []
    with waiting.texts(session.api, "ConfigMap") as texts:
        for number, place in enumerate(session.places[:UPGRADES]):
            mark = f"# edited {number}".encode()
            # A new first line of log4j.properties.
            chart = helm.write_chart(session.home / "edited", place, (FIRST_LINE, FIRST_LINE + mark + b"\\n"))
            texts.expect(clusters.edited_child(place), mark)
            began = time.monotonic()
            helm.upgrade(chart, place)
            seen = texts.wait(30)
            found.append(30.0 if seen is None else seen - began)
    return found
