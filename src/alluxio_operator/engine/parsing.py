"""Translates errors of the parser of specs into problems that a user can act on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError

from alluxio_operator.engine.problem import Problem
from alluxio_operator.kube.nesting import levels

MOST_LEVELS: Final = 64
"""Levels of a spec. The deepest field of Kubernetes that a spec hands through has fewer than twenty."""


def nesting(spec: Any) -> tuple[Problem, ...]:
    """Return a problem if a spec is nested so deep that libraries give up; else none."""
    if levels(spec) <= MOST_LEVELS:
        return ()
    message = f"is nested more than {MOST_LEVELS} levels deep"
    return (Problem("spec", "", message, "remove the deepest values, which no field of Kubernetes has"),)


def from_pydantic(error: ValidationError, resource: str) -> Iterable[Problem]:
    """Yield one problem for each value that the spec's type refuses; `resource` is its name for `kubectl explain`."""
    for item in error.errors(include_url=False):
        path = "spec" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in item["loc"])
        given = item.get("input")
        yield Problem(
            field=path,
            value=str(given)[:80] if isinstance(given, str | int | float) else "",
            message=f"isn't valid: {item['msg']}",
            remedy=f"see `kubectl explain {resource}.{path.split('[')[0]}`",
        )
