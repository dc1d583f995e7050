"""A stand-in for shell-operator: the hook's own bindings and filters, and contexts in shell-operator's format.

Its behaviour follows shell-operator v1.20: an event with an unchanged filter result is dropped, and deletions always
arrive. The recorded contexts in tests/contexts and the fault tests compare it with the real one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jq

from alluxio_operator.hook import changes_of_children

Json = dict[str, Any]


@cache
def bindings() -> dict[str, Json]:
    """Return the bindings of the hook for children, by kind."""
    return {one["kind"]: one for one in changes_of_children({})["kubernetes"]}


@cache
def _program(kind: str) -> Any:
    return jq.compile(bindings()[kind]["jqFilter"])


def filtered(kind: str, obj: Any) -> Json:
    """Return the result of the filter for `kind` on an object."""
    (result,) = _program(kind).input_value(obj).all()
    return dict(result)


class Informer:
    """Watches one kind; `contexts`: the contexts that the hook would have received."""

    def __init__(self, kind: str, existing: list[Json]) -> None:
        self._kind = kind
        self._known = {_key(obj): filtered(kind, obj) for obj in existing}
        self.contexts: list[Json] = []

    def happens(self, event: Json) -> None:
        """Process an event of the API server's watch."""
        obj, kind = event["object"], event["type"].capitalize()
        before, result = self._known.pop(_key(obj), None), filtered(self._kind, obj)
        if kind != "Deleted":
            self._known[_key(obj)] = result
            if before == result:
                return
        binding = bindings()[self._kind]["name"]
        self.contexts.append({"binding": binding, "type": "Event", "watchEvent": kind, "filterResult": result})


def _key(obj: Json) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]
