"""Decide which job starts next. Pure: it starts no process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from dev.jobs.job import Job


class Plan:
    """The waiting, running and done jobs.

    `lanes`: room of each limited lane. Raises ValueError if two jobs share a name, if a job needs a job outside of the
    plan, if jobs wait for each other, or if a lane has no room.
    """

    def __init__(self, jobs: Sequence[Job], lanes: Mapping[str, int]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._lanes = lanes
        self._sorter = TopologicalSorter({job.name: job.needs for job in jobs})
        self._validate(jobs)
        self._chain = self._chains(jobs)
        self._ready: list[Job] = []
        self._running: dict[str, Job] = {}
        self._done = 0

    @property
    def total(self) -> int:
        """Number of jobs."""
        return len(self._jobs)

    @property
    def done(self) -> int:
        """Number of jobs that are done."""
        return self._done

    def start(self) -> list[Job]:
        """Return the jobs to start now, the head of the longest chain first; they count as running."""
        self._ready += [self._jobs[name] for name in self._sorter.get_ready()]
        self._ready.sort(key=lambda job: (-self._chain[job.name], job.name))
        started = []
        taken = Counter(job.lane for job in self._running.values())
        for job in list(self._ready):
            if taken[job.lane] < self._lanes.get(job.lane, len(self._jobs)):
                taken[job.lane] += 1
                self._ready.remove(job)
                self._running[job.name] = job
                started.append(job)
        return started

    def finish(self, name: str) -> None:
        """Record that a running job is done."""
        del self._running[name]
        self._sorter.done(name)
        self._done += 1

    def _validate(self, jobs: Sequence[Job]) -> None:
        twice = sorted(name for name, count in Counter(job.name for job in jobs).items() if count > 1)
        unknown = sorted({need for job in jobs for need in job.needs} - self._jobs.keys())
        closed = sorted({job.lane for job in jobs if self._lanes.get(job.lane, 1) < 1})
        for names, trouble in ((twice, "more than one job is"), (unknown, "no job is"), (closed, "no room in lane")):
            if names:
                raise ValueError(f"{trouble} {', '.join(names)}")
        try:
            self._sorter.prepare()
        except CycleError as circle:
            raise ValueError(f"jobs wait for each other: {' -> '.join(circle.args[1])}") from circle

    def _chains(self, jobs: Sequence[Job]) -> dict[str, float]:
        """Return for each job the seconds of the longest chain that begins with it."""
        order = TopologicalSorter({job.name: job.needs for job in jobs}).static_order()
        after: dict[str, float] = dict.fromkeys(self._jobs, 0.0)
        chain: dict[str, float] = {}
        for name in reversed(list(order)):
            job = self._jobs[name]
            chain[name] = job.seconds + after[name]
            for need in job.needs:
                after[need] = max(after[need], chain[name])
        return chain
