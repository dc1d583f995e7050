"""Helm with the same objects: a chart per cluster, installed and upgraded with `helm upgrade --install`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.clusters import Place, rendered


def write_chart(folder: Path, place: Place, replaced: tuple[bytes, bytes] = (b"", b"")) -> Path:
    """Write the chart of one cluster, with one text replaced by another (an edit); return its folder."""
    chart = folder / place.name
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": place.name, "version": "0.1.0"}))
    for number, (_, body) in enumerate(rendered(place, "")):
        obj = json.loads(body.replace(*replaced) if replaced[0] else body)
        # Helm tracks the objects of its releases, and there is no owner resource here.
        obj["metadata"].pop("ownerReferences", None)
        text = json.dumps(obj)
        if "{{" in text:
            raise AssertionError(f"Helm would read {obj['kind']} {obj['metadata']['name']} as a template")
        (chart / "templates" / f"{number:02d}.yaml").write_text(text)
    return chart


def upgrade(chart: Path, place: Place) -> None:
    """Install or upgrade a release to its chart."""
    command = ["helm", "upgrade", "--install", place.name, str(chart), "--namespace", place.namespace]
    done = subprocess.run(
        command, env={**os.environ, "HELM_MAX_HISTORY": "10"}, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-500:]}")


def install(folder: Path, wanted: Sequence[Place], side_by_side: int) -> None:
    """Install the charts in `folder`, `side_by_side` of them in parallel."""
    with ThreadPoolExecutor(side_by_side) as pool:
        for _ in pool.map(partial(_install, folder), wanted):
            pass


def _install(folder: Path, place: Place) -> None:
    upgrade(folder / place.name, place)
