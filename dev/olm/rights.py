"""Compare the operator's rights with the rights that it used, by the API server's audit log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CREATED = 201
FORBIDDEN = 403


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource; a subresource follows after a slash."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' + self.group if self.group else ''}"


@dataclass(frozen=True, slots=True)
class Call:
    """A right that a request needed; `granted`: the API server allowed it."""

    right: Right
    granted: bool


def granted(rules: Iterable[Mapping[str, Any]]) -> set[Right]:
    """Return the rights of RBAC rules."""
    return {
        Right(group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def calls(log: Iterable[str], account: str) -> Iterator[Call]:
    """Yield the calls of an account from the lines of an audit log; the last line may be incomplete."""
    for line in log:
        if account not in line:
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue
        ref = event.get("objectRef")
        if event["user"]["username"] != account or not ref or not ref.get("resource"):
            continue
        subresource = f"/{ref['subresource']}" if ref.get("subresource") else ""
        right = Right(ref.get("apiGroup", ""), ref["resource"] + subresource, event["verb"])
        code = event.get("responseStatus", {}).get("code")
        yield Call(right, code != FORBIDDEN)
        if right.verb == "patch" and code == CREATED:
            # An apply that creates the object: the API server requires both rights and logs one verb.
            yield Call(Right(right.group, right.resource, "create"), True)
