"""The plan of a run: sessions with subject, size and measures, each followed by its comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.figures import burst, children, creation, edits, helm, hook, idle, memory, start

ONE, FEW = 1, 20

EDIT_TURNS = 2
"""Repetitions with edits; each has a hundred samples."""

BASIC = (memory.EMPTY, creation.NAME, creation.READY, memory.FULL)
OURS_AT_SCALE = (*BASIC, edits.PLAIN, edits.DURING_RESYNC, edits.DURING_A_HANG, idle.NAME, burst.NAME, start.NAME)
CHILDREN = (creation.NAME, creation.READY, children.NAME)
CHILDREN_UP_TO = 300
"""Largest number of clusters at which hooks for children are measured; beyond it they are too slow to consider."""
KOPF_AT_SCALE = (memory.EMPTY, creation.NAME)
"""Without waiting for Ready, which doubles the time, and therefore without measures that need it."""
KOPF_LONG = (*BASIC, edits.PLAIN, start.NAME)


@dataclass(frozen=True, slots=True)
class Planned:
    """One session in an empty simulation; `turn` counts the repetitions."""

    subject: str
    size: int
    turn: int
    measures: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of its raw record."""
        return f"{self.subject}-{self.size:04d}-{self.turn}"


def planned(sizes: Sequence[int], repeat: int, only: Sequence[str], *, long: bool = False) -> Iterator[Planned]:
    """Yield the sessions in order. The largest size has one turn, because one session of it takes 15 minutes.

    `only` names measures; creation is always included, because all others need clusters. With `long`, kopf is measured
    at every size with every measure.
    """
    for size, turn, subjects in _turns(sizes, repeat, long):
        for subject, measures in subjects.items():
            kept = tuple(one for one in measures if not only or one in only or one in (creation.NAME, creation.READY))
            if not only or set(kept) & set(only):
                yield Planned(subject, size, turn, kept)


def _turns(sizes: Sequence[int], repeat: int, long: bool) -> Iterator[tuple[int, int, dict[str, tuple[str, ...]]]]:
    yield ONE, 1, {"ours": (hook.NAME, *BASIC, edits.PLAIN), "kopf": (*BASIC, edits.PLAIN)}
    yield FEW, 1, {"ours": (*BASIC, edits.PLAIN), "helm": (helm.NAME,)}
    for size in sorted({ONE, FEW, *(size for size in sizes if size <= CHILDREN_UP_TO)}):
        yield size, 1, {"hooks": CHILDREN, "watch": CHILDREN}
    largest = max(sizes)
    for size in sorted(sizes):
        floor = (creation.NAME, creation.READY)
        for turn in range(1, (1 if size == largest else repeat) + 1):
            if size == largest:
                yield size, turn, {"ours": OURS_AT_SCALE, "floor": floor, "kopf": KOPF_LONG if long else KOPF_AT_SCALE}
            elif size == min(sizes):
                measures = (*BASIC, edits.PLAIN) if turn <= EDIT_TURNS else BASIC
                yield size, turn, {"ours": measures, "floor": floor, "ordered": (creation.NAME,), "kopf": measures}
            elif turn == 1:
                # Between the smallest and the largest size, one turn shows that the cost is linear.
                yield size, turn, {"ours": BASIC, "floor": floor} | ({"kopf": BASIC} if long else {})
