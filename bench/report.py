"""Summarise the raw records as results, and write docs/performance.md and its plots from them."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2

from bench import plots
from bench.api import Json
from bench.figures import TOPICS
from bench.results import Runs, write

PAGE = Path(__file__).parent / "performance.md.j2"


def sum_up(results: Path) -> None:
    """Write one file of results per topic from the raw records in its folder `raw`."""
    runs = Runs.read(results / "raw")
    machine, versions = runs.basis()
    for topic, figures in TOPICS.items():
        write(topic, machine, versions, figures(runs), results)


def write_page(results: Path, docs: Path) -> None:
    """Write the page and its plots."""
    documents = {topic: _read(results / f"{topic}.json") for topic in TOPICS}
    known = [document for document in documents.values() if document["figures"]]
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "spread": spread}
    figures = {topic: document["figures"] for topic, document in documents.items()}
    goals = [one for several in figures.values() for one in several if one["goal"]]
    runs = Runs.read(results / "raw")
    images = plots.write(runs, docs / "images")
    text = environment.from_string(PAGE.read_text()).render(
        figures=figures,
        goals=goals,
        machine=known[0]["machine"],
        versions=known[0]["versions"],
        images=images,
        failures=runs.failures(),
    )
    (docs / "performance.md").write_text(text)


def number(value: float | None) -> str:
    """Return a number with three significant digits."""
    if value is None:
        return ""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(bounds: list[float] | None) -> str:
    """Return minimum and maximum in brackets; empty if they are equal."""
    if not bounds or bounds[0] == bounds[1]:
        return ""
    return f" ({number(bounds[0])} to {number(bounds[1])})"


def _read(path: Path) -> Json:
    return dict(json.loads(path.read_text())) if path.exists() else {"figures": []}
