"""From samples to figures: medians, spread, and whether a goal is met."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.cluster.paths import REPOSITORY

from bench.api import Json

RESULTS = REPOSITORY / "bench" / "results"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured several times: the median, the least, the most, and how often."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Sample | None:
        """Sum up values; None when there is none."""
        found = sorted(values)
        return cls(statistics.median(found), found[0], found[-1], len(found)) if found else None


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound from above, in words, and which number it binds: the value itself or the ratio to the peer's."""

    text: str
    at_most: float
    of_ratio: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the results; `ratio` is ours divided by the peer's, `met` None where there is no goal."""

    figure: str
    size: int
    unit: str
    ours: float
    ours_spread: tuple[float, float]
    runs: int
    peer: float | None
    peer_spread: tuple[float, float] | None
    peer_name: str | None
    ratio: float | None
    goal: str | None
    met: bool | None


def figure(
    name: str,
    size: int,
    unit: str,
    ours: Sample | None,
    *,
    peer: Sample | None = None,
    peer_name: str | None = None,
    goal: Goal | None = None,
) -> Iterator[Figure]:
    """Give the figure, or nothing where it was not measured; without its peer a goal of the ratio stays open."""
    if ours is None:
        return
    ratio = ours.median / peer.median if peer is not None and peer.median else None
    bound = None if goal is None else ratio if goal.of_ratio else ours.median
    yield Figure(
        figure=name,
        size=size,
        unit=unit,
        ours=_rounded(ours.median),
        ours_spread=(_rounded(ours.low), _rounded(ours.high)),
        runs=ours.runs,
        peer=_rounded(peer.median) if peer else None,
        peer_spread=(_rounded(peer.low), _rounded(peer.high)) if peer else None,
        peer_name=peer_name if peer else None,
        ratio=_rounded(ratio) if ratio is not None else None,
        goal=goal.text if goal else None,
        met=None if goal is None or bound is None else bound <= goal.at_most,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (of 1) of all don't exceed: a measured one, not one in between."""
    found = sorted(values)
    return found[max(0, math.ceil(share * len(found)) - 1)]


class Runs:
    """All raw records of one run of the bench."""

    def __init__(self, records: Sequence[Json]) -> None:
        self._records = records

    @classmethod
    def read(cls, folder: Path) -> Runs:
        """Read the records of a folder."""
        return cls([json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))])

    def basis(self) -> tuple[Json, Json]:
        """Return machine and versions, with every commit that took part; raise LookupError without any record."""
        if not self._records:
            raise LookupError("there is no raw record: run `make bench` first")
        first = self._records[0]
        commits = sorted({record["versions"]["commit"] for record in self._records})
        return first["machine"], {**first["versions"], "commit": " and ".join(commits)}

    def failures(self) -> list[Json]:
        """Return which sessions ended early, and what they didn't measure."""
        kept = ("subject", "size", "failed")
        return [{key: record[key] for key in kept} for record in self._records if "failed" in record]

    def sizes(self, measure: str) -> list[int]:
        """Return at which sizes something was measured."""
        return sorted({record["size"] for record in self._records if measure in record["measures"]})

    def of(self, measure: str, subject: str, size: int) -> list[Json]:
        """Return what each session found."""
        return [
            record["measures"][measure]
            for record in self._records
            if (record["subject"], record["size"]) == (subject, size) and measure in record["measures"]
        ]

    def values(self, measure: str, key: str, subject: str, size: int) -> Sample | None:
        """Sum up one number over the sessions."""
        return Sample.of(found[key] for found in self.of(measure, subject, size) if found.get(key) is not None)


def write(name: str, machine: Json, versions: Json, figures: Iterable[Figure], folder: Path = RESULTS) -> int:
    """Write one file of results; return how many figures it has. A file without any is removed."""
    found = [asdict(one) for one in figures]
    file = folder / f"{name}.json"
    if not found:
        file.unlink(missing_ok=True)
        return 0
    document = {"machine": machine, "versions": versions, "figures": found}
    file.write_text(json.dumps(document, indent=1) + "\n")
    return len(found)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
