"""Duration of each stage from an event to the status, by the operator's own metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from alluxio_operator.telemetry.metrics import STAGES
from bench.api import Json
from bench.figures import creation, edits
from bench.results import Figure, Runs, figure
from bench.session import Session
from bench.subjects import Metrics, total

OF_CREATION, OF_EDITS = "stages-of-creation", "stages-of-edits"


def measure_creation(session: Session) -> Json:
    """Create all clusters; return the result of `creation.measure` with the times of the stages."""
    return _around(session, creation.measure)


def measure_edits(session: Session) -> Json:
    """Edit clusters; return the result of `edits.measure` with the times of the stages."""
    return _around(session, edits.measure)


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures: means of the stages of one reconcile, and reconciles per creation or edit."""
    for of, name in ((creation.NAME, "of a creation"), (edits.PLAIN, "of an edit")):
        for size in runs.sizes(of):
            for stage in ("hook run", "queue", *STAGES):
                title = f"{stage}, {name}"
                yield from figure(title, size, "ms", runs.values(of, f"stage {stage} ms", "ours", size))
            yield from figure(f"reconciles {name}", size, "", runs.values(of, "reconciles_each", "ours", size))
            yield from figure(f"hook runs {name}", size, "", runs.values(of, "hook_runs_each", "ours", size))


def _around(session: Session, measure: Callable[[Session], Json]) -> Json:
    ours = session.ours
    if ours is None:
        return measure(session)
    before, hooks_before = ours.metrics(), ours.hook_metrics()
    found = measure(session)
    after, hooks_after = ours.metrics(), ours.hook_metrics()
    count = len(found["seconds"]) if isinstance(found["seconds"], list) else session.size
    name = "alluxio_operator_stage_duration_seconds"
    for stage in STAGES:
        found[f"stage {stage} ms"] = _mean(before, after, name, f'stage="{stage}"')
    found["stage queue ms"] = _mean(before, after, "alluxio_operator_queue_wait_seconds")
    found["stage hook run ms"] = _mean(hooks_before, hooks_after, "shell_operator_hook_run_seconds")
    reconciles = "alluxio_operator_reconcile_total"
    found["reconciles_each"] = (total(after, reconciles) - total(before, reconciles)) / count
    runs = "shell_operator_hook_run_seconds_count"
    found["hook_runs_each"] = (total(hooks_after, runs) - total(hooks_before, runs)) / count
    return found


def _mean(before: Metrics, after: Metrics, name: str, *labels: str) -> float | None:
    """Return the mean in milliseconds of a histogram's observations between two scrapes."""
    seconds, count = (
        total(after, f"{name}_{part}", *labels) - total(before, f"{name}_{part}", *labels) for part in ("sum", "count")
    )
    return seconds / count * 1000 if count else None
