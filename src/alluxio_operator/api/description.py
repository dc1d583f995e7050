"""How the API server knows a kind of resource: names, types, rules and columns; its CRD is generated from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the scale subresource finds the wanted number, the present number and the pods' selector.

    `api.status.OwnerStatus` has the latter two.
    """

    wanted: str
    present: str = ".status.replicas"
    selector: str = ".status.selector"


@dataclass(frozen=True, kw_only=True)
class Description:
    """The API of a kind; `short` is its short name for kubectl, `text` its description for `kubectl explain`."""

    kind: str
    plural: str
    short: str
    text: str
    spec: type[BaseModel]
    status: type[BaseModel]
    columns: tuple[Schema, ...]
    """What `kubectl get` prints, made by `column`."""
    rules_by_type: Mapping[str, Schema] = field(default_factory=dict)
    """CEL rules for whole types, by the name of the type."""
    root_rules: Schema = field(default_factory=dict)
    """CEL rules for the resource as a whole: its name, or spec and status together."""
    scale: Scale | None = None
    """None for a kind that can't be scaled."""
    order: int = 15
    """Number of the kind's hook; lists of kinds follow it, and then the names."""

    @property
    def words(self) -> tuple[str, ...]:
        """The names that kubectl accepts for the kind."""
        return (self.short, self.kind.lower(), self.plural)

    @property
    def article(self) -> str:
        """The indefinite article of the kind's name."""
        return "an" if self.kind[0] in "AEIOU" else "a"


def column(name: str, path: str, kind: str = "string", priority: int = 0) -> Schema:
    """Return a column of `kubectl get`; one with priority 1 appears with `-o wide` only."""
    return {"name": name, "jsonPath": path, "type": kind, "priority": priority}
