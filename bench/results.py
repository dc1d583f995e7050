"""Figures from samples: median, spread, and comparison with a goal."""

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
    """Repeated measurements: median, minimum, maximum and number of runs."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Sample | None:
        """Return the sample of values; None without any."""
        found = sorted(values)
        return cls(statistics.median(found), found[0], found[-1], len(found)) if found else None


@dataclass(frozen=True, slots=True)
class Goal:
    """An upper bound, in words and as a number, for the value or (`of_ratio`) for the ratio to the peer's."""

    text: str
    at_most: float
    of_ratio: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the results; `ratio`: ours divided by the peer's; `met`: None without a goal."""

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
    """Yield the figure, or nothing if it was not measured; without a peer, a goal for the ratio stays open."""
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
    """Return the percentile `share` (0 to 1) of values: a measured value, not an interpolated one."""
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
        """Return machine and versions, with all commits of the records. Raise LookupError without a record."""
        if not self._records:
            raise LookupError("there is no raw record: run `make bench` first")
        first = self._records[0]
        commits = sorted({record["versions"]["commit"] for record in self._records})
        return first["machine"], {**first["versions"], "commit": " and ".join(commits)}

    def failures(self) -> list[Json]:
        """Return the sessions that ended early, with the measures that they lack."""
        kept = ("subject", "size", "failed")
        return [{key: record[key] for key in kept} for record in self._records if "failed" in record]

    def sizes(self, measure: str) -> list[int]:
        """Return the sizes at which a measure was taken."""
        return sorted({record["size"] for record in self._records if measure in record["measures"]})

    def of(self, measure: str, subject: str, size: int) -> list[Json]:
        """Return the result of each session."""
        return [
            record["measures"][measure]
            for record in self._records
            if (record["subject"], record["size"]) == (subject, size) and measure in record["measures"]
        ]

    def values(self, measure: str, key: str, subject: str, size: int) -> Sample | None:
        """Return the sample of one number over all sessions."""
        return Sample.of(found[key] for found in self.of(measure, subject, size) if found.get(key) is not None)


def write(name: str, machine: Json, versions: Json, figures: Iterable[Figure], folder: Path = RESULTS) -> int:
    """Write one file of results and return its number of figures; remove the file if there are none."""
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
