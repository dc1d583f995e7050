"""Translates errors of the parser of specs into problems that a user can act on."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from alluxio_operator.engine.problem import Problem


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
