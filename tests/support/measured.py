"""Answers of metrics.k8s.io about pods."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]


def pod_metrics(
    name: str, measured: datetime, window: str = "15.04s", containers: dict[str, tuple[str, str]] | None = None
) -> Json:
    """Return the metrics of a pod; `containers` by name, with CPU and memory as quantities."""
    used = containers or {"main": ("250m", "512Mi")}
    return {
        "metadata": {"name": name, "namespace": "data"},
        "timestamp": measured.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": window,
        "containers": [{"name": one, "usage": {"cpu": cpu, "memory": mem}} for one, (cpu, mem) in used.items()],
    }


def after(moment: datetime, seconds: float) -> datetime:
    """Return a moment that is this many seconds later."""
    return moment + timedelta(seconds=seconds)
