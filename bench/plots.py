"""The plots of docs/performance.md, as small SVG files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from alluxio_operator.telemetry.metrics import STAGES
from bench.figures import creation, edits, memory
from bench.results import Runs

COLOURS = {"ours": "#0072b2", "kopf": "#d55e00", "floor": "#777777"}
LABELS = {"ours": "this operator", "kopf": "the same on kopf", "floor": "floor: bare applies"}
SIZE = (6.4, 3.6)


def write(runs: Runs, folder: Path) -> list[str]:
    """Draw the plots that have data; return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    # Text stays text and ids don't change, so that the files are small and a new run has a small diff.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9, "axes.grid": True})
    drawn = []
    for name, draw in _PLOTS.items():
        plot, axes = plt.subplots(figsize=SIZE)
        if draw(runs, axes):
            plot.tight_layout()
            plot.savefig(folder / f"performance-{name}.svg", metadata={"Date": None})
            drawn.append(name)
        plt.close(plot)
    return drawn


def _creation(runs: Runs, axes: Axes) -> bool:
    sizes = runs.sizes(creation.NAME)
    for subject, colour in COLOURS.items():
        points = [(n, runs.values(creation.NAME, "seconds", subject, n)) for n in sizes]
        known = [(n, sample) for n, sample in points if sample is not None]
        if known:
            axes.plot([n for n, _ in known], [s.median for _, s in known], "o-", color=colour, label=LABELS[subject])
    axes.set(
        xlabel="clusters created at once", ylabel="seconds until all objects exist", xlim=(0, None), ylim=(0, None)
    )
    axes.legend()
    return bool(sizes)


def _edits(runs: Runs, axes: Axes) -> bool:
    sizes = runs.sizes(edits.PLAIN)
    for subject, style in (("ours", "-"), ("kopf", "--")):
        for size in sizes[-1:]:
            _distribution(axes, runs, edits.PLAIN, subject, size, COLOURS[subject], style)
    for measure, colour in ((edits.DURING_RESYNC, "#009e73"), (edits.DURING_A_HANG, "#cc79a7")):
        for size in runs.sizes(measure)[-1:]:
            _distribution(axes, runs, measure, "ours", size, colour, "-")
    axes.set(xlabel="seconds from the edit until the child is patched", ylabel="share of all edits", xscale="log")
    axes.legend()
    return bool(sizes)


def _distribution(axes: Axes, runs: Runs, measure: str, subject: str, size: int, colour: str, style: str) -> None:
    values = sorted(value for found in runs.of(measure, subject, size) for value in found["seconds"])
    if values:
        what = measure.removeprefix("edits").replace("-", " ").strip()
        label = f"{LABELS[subject]}{f', {what}' if what else ''}, {size} clusters"
        axes.step(values, [(n + 1) / len(values) for n in range(len(values))], style, color=colour, label=label)


def _memory(runs: Runs, axes: Axes) -> bool:
    for subject in ("ours", "kopf"):
        points = []
        for size in runs.sizes(memory.FULL):
            sample = runs.values(memory.FULL, "mib", subject, size)
            if sample is not None:
                points.append((size, sample.median))
        if points:
            axes.plot(*zip(*points, strict=True), "o-", color=COLOURS[subject], label=LABELS[subject])
    axes.set(xlabel="clusters", ylabel="MiB resident at rest", xlim=(0, None), ylim=(0, None))
    axes.legend()
    return bool(runs.sizes(memory.FULL))


def _stages(runs: Runs, axes: Axes) -> bool:
    names = ("hook run", "queue", *STAGES)
    sizes = runs.sizes(edits.PLAIN)
    for row, size in enumerate(sizes):
        left = 0.0
        for number, name in enumerate(names):
            sample = runs.values(edits.PLAIN, f"stage {name} ms", "ours", size)
            width = sample.median if sample else 0.0
            axes.barh(row, width, left=left, color=f"C{number}", label=name if row == 0 else None)
            left += width
    axes.set(yticks=range(len(sizes)), yticklabels=[f"{n} clusters" for n in sizes], xlabel="ms, mean of one reconcile")
    axes.legend(ncol=4, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    return bool(sizes)


_PLOTS: Mapping[str, Callable[[Runs, Axes], bool]] = {
    "creation": _creation,
    "edits": _edits,
    "memory": _memory,
    "stages": _stages,
}
