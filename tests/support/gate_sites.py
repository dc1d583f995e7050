"""The places in the code that close a gate or build an operation, and a record of those that a reconcile came by."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import Operation
from alluxio_operator.kinds.cluster.masters.hung import HungStep
from alluxio_operator.kinds.cluster.masters.rejoin import RejoinStep
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import PreUpgradeBackup
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep
from alluxio_operator.kinds.cluster.storage.loss import Finding

SOURCE = Path(sys.modules[Gate.__module__].__file__ or "").resolve().parents[1]
PARTS = ("kinds", "workloads", "engine/readiness.py")
"""Where gates and operations of kinds are built."""
STEPS = (RejoinStep, HungStep, PreUpgradeBackup, RolloutStep, Finding)
"""Decisions of capabilities from which gates and operations follow."""
MAKERS = {
    *("Gate", "waiting", "blocked", "Operation", "Finding", "HungStep", "PreUpgradeBackup"),
    *("_finding", "_hold", "_hold_for_termination", "wait_for_window"),
}
"""Names of what builds them; a call of a helper is a place of its own."""


@dataclass(frozen=True)
class Site:
    """A call in the code."""

    path: str
    first: int
    last: int
    function: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.first} in {self.function}: {self.text}"


def sites() -> list[Site]:
    """Return the places that close a gate, or build an operation that can wait."""
    found: list[Site] = []
    for part in PARTS:
        root = SOURCE / part
        for path in sorted(root.rglob("*.py") if root.is_dir() else [root]):
            found += _Finder.sites_in(path)
    return found


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str) -> None:
        self.path = path
        self.function = ""
        self.found: list[Site] = []

    @classmethod
    def sites_in(cls, path: Path) -> list[Site]:
        finder = cls(str(path.relative_to(SOURCE)))
        finder.visit(ast.parse(path.read_text()))
        return finder.found

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before, self.function = self.function, node.name
        self.generic_visit(node)
        self.function = before

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = getattr(node.func, "id", "")
        # A call outside of a function builds an open gate, or none.
        made = name in MAKERS or (name == "_wait" and self.path.endswith("masters/rejoin.py"))
        if made and self.function and not _is_open(name, node):
            text = ast.unparse(node)[:100]
            last = node.end_lineno or node.lineno
            self.found.append(Site(self.path, node.lineno, last, self.function, text))


def _is_open(name: str, node: ast.Call) -> bool:
    given = [*node.args, *(one.value for one in node.keywords)]
    if name == "Gate":
        return isinstance(given[1], ast.Constant) and given[1].value is True
    if name == "Operation":
        # It only reports or records.
        return {one.arg for one in node.keywords} <= {"status", "intent"}
    return name in ("HungStep", "PreUpgradeBackup") and len(given) < 2


@contextmanager
def recorded(into: set[tuple[str, int]]) -> Iterator[None]:
    """Record files and lines that lead to a closed gate, a decision that waits, or an operation that does."""
    with ExitStack() as stack:
        for kind in (Gate, Operation, *STEPS):
            stack.enter_context(patch.object(kind, "__init__", _recording(kind, into)))
        yield


def _recording(kind: type[Any], into: set[tuple[str, int]]) -> Any:
    original = kind.__init__

    def initialize(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if not (isinstance(self, Gate) and self.passed):
            into.update(_lines(sys._getframe(1)))

    return initialize


def _lines(frame: FrameType | None) -> Iterator[tuple[str, int]]:
    while frame is not None:
        place = _place(frame.f_code.co_filename)
        if place:
            yield place, frame.f_lineno
        frame = frame.f_back


@cache
def _place(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(SOURCE)) if SOURCE in path.parents else ""
