"""Count an operator's calls to the API server by verb and resource, to see the cost of a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

READS = frozenset({"get", "list"})


@dataclass(frozen=True, slots=True)
class CallTable:
    """Calls by step; each step counts its calls by verb and resource, such as "apply configmaps"."""

    steps: Mapping[str, Counter[str]]

    @property
    def total(self) -> Counter[str]:
        """The calls of all steps together."""
        return sum(self.steps.values(), Counter[str]())

    @property
    def reads(self) -> int:
        """Number of reads."""
        return sum(count for call, count in self.total.items() if call.split()[0] in READS)

    @property
    def writes(self) -> int:
        """Number of writes."""
        return self.total.total() - self.reads

    def __str__(self) -> str:
        width = max(len(call) for call in self.total)
        lines = [f"{'':{width}}  {'  '.join(self.steps)}  all"]
        for call, count in sorted(self.total.items()):
            cells = [f"{found[call] or '':>{len(step)}}" for step, found in self.steps.items()]
            lines.append(f"{call:{width}}  {'  '.join(cells)}  {count:3}")
        cells = [f"{found.total():>{len(step)}}" for step, found in self.steps.items()]
        lines.append(f"{'calls':{width}}  {'  '.join(cells)}  {self.total.total():3}")
        return "\n".join([*lines, f"{self.writes} writes, {self.reads} reads"])


def counted(calls: Iterable[tuple[str, str]]) -> Counter[str]:
    """Return the number of calls by verb and resource; `calls` are (verb, path)."""
    return Counter(f"{verb} {_resource(path)}" for verb, path in calls)


def _resource(path: str) -> str:
    """Return the RBAC resource of a path, such as configmaps, alluxioclusters/status or metrics.k8s.io/pods."""
    parts = path.strip("/").split("/")
    group = f"{parts[1]}/" if parts[1].endswith(".k8s.io") else ""
    kind, _, *sub = [*parts[parts.index("namespaces") + 2 :], "", ""]
    return group + "/".join(part for part in (kind, *sub) if part)
