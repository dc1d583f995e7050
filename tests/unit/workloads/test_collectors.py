"""The rule for collectors against every measured run: never less than a JVM took, and not much more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.builders import ROOT

from alluxio_operator.workloads.collectors import CHOICES, COLLECTORS, MI, most
from alluxio_operator.workloads.memory import NATIVE, OVERHEAD

POINTS: list[dict[str, Any]] = json.loads((ROOT / "bench/results/jvm.json").read_text())["points"]
PROCESSES: list[dict[str, Any]] = json.loads((ROOT / "bench/results/jvm-alluxio.json").read_text())["processes"]
BOUNDED = {"Java Heap", "GC", "Class", "Metaspace", "Code"}
"""Categories with a limit or a rule of their own."""
LAZY = {"Z", "Shenandoah"}
"""Collectors that commit their tables with the heap: a run that touches half of it shows half of them."""
FULL = [p for p in POINTS if p["collector"] not in LAZY or (p["kind"] == "committed" and p["heap_mib"] <= 8192)]


def label(point: dict[str, Any]) -> str:
    return f"{point['java']}-{point['collector']}-{point['heap_mib']}-{point['processors']}"


@pytest.mark.parametrize("point", FULL, ids=label)
def test_the_rule_covers_what_a_jvm_took_and_wastes_little(point: dict[str, Any]):
    took = point["kib"]["GC"] * 1024
    rule = COLLECTORS[f"Use{point['collector']}GC"].memory(point["heap_mib"] * MI, point["processors"])

    assert rule >= took
    assert rule <= took * 1.5 + 100 * MI


@pytest.mark.parametrize("point", [p for p in POINTS if p["kind"] == "committed"], ids=label)
def test_what_has_no_limit_of_its_own_fits_its_reserve(point: dict[str, Any]):
    assert sum(kib for name, kib in point["kib"].items() if name not in BOUNDED) * 1024 <= NATIVE


@pytest.mark.parametrize("collector", ["G1", "Parallel", "Serial"])
@pytest.mark.parametrize("heap", [1, 4, 8, 16])
def test_every_heap_was_measured_on_the_java_of_the_image(collector: str, heap: int):
    found = [p for p in POINTS if (p["collector"], p["heap_mib"]) == (collector, heap * 1024)]

    assert any(p["java"].startswith("17.") and p["ended"] == "finished" for p in found)


@pytest.mark.parametrize("heap", [256 * MI, 8192 * MI, 65536 * MI])
def test_a_collector_that_isnt_chosen_counts_as_the_largest_that_the_jvm_may_take(heap: int):
    assert most(CHOICES, heap, 8) == max(collector.memory(heap, 8) for collector in CHOICES)
    assert most(CHOICES, heap, 8) >= COLLECTORS["UseSerialGC"].memory(heap, 8)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process["process"])
def test_the_processes_of_alluxio_fit_the_overhead_of_a_small_heap(process: dict[str, Any]):
    # Netty's buffers are "Other": the limit of direct memory bounds them.
    took = sum(kib for name, kib in process["kib"].items() if name not in ("Java Heap", "Other"))

    assert 0 < took * 1024 <= OVERHEAD
