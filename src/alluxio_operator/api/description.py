"""The API of a kind: names, types, CEL rules and printer columns. Its CRD is generated from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scale:
    """JSON paths of the scale subresource: desired replicas, observed replicas and the pods' selector.

    `api.status.OwnerStatus` has the fields of the last two.
    """

    wanted: str
    present: str = ".status.replicas"
    selector: str = ".status.selector"


@dataclass(frozen=True, kw_only=True)
class Description:
    """The API of a kind. `short`: its short name for kubectl. `text`: its description in `kubectl explain`."""

    kind: str
    plural: str
    short: str
    text: str
    spec: type[BaseModel]
    status: type[BaseModel]
    columns: tuple[Schema, ...]
    """Printer columns of `kubectl get`, made by `column`."""
    rules_by_type: Mapping[str, Schema] = field(default_factory=dict)
    """CEL rules of whole types, by type name."""
    root_rules: Schema = field(default_factory=dict)
    """CEL rules for the resource as a whole: its name, or spec and status together."""
    scale: Scale | None = None
    """None for a kind without the scale subresource."""
    order: int = 15
    """Number of the kind's hook. Kinds are sorted by it, then by name."""

    @property
    def words(self) -> tuple[str, ...]:
        """The names that kubectl accepts for the kind."""
        return (self.short, self.kind.lower(), self.plural)

    @property
    def article(self) -> str:
        """The indefinite article of the kind's name."""
        return "an" if self.kind[0] in "AEIOU" else "a"


def column(name: str, path: str, kind: str = "string", priority: int = 0) -> Schema:
    """Return a printer column of `kubectl get`; a column with priority 1 appears only with `-o wide`."""
    return {"name": name, "jsonPath": path, "type": kind, "priority": priority}
