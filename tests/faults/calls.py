"""What passes a proxy: calls, answers, and the faults that a call may meet."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Call:
    """One request to the API server, with what its path says."""

    method: str
    path: str
    query: Mapping[str, str]
    plural: str = ""
    name: str = ""
    subresource: str = ""

    @classmethod
    def of(cls, method: str, path: str, query: Mapping[str, str]) -> Call:
        """Parse the path: /api/v1 or /apis/GROUP/VERSION, then namespaces/NAMESPACE, then PLURAL/NAME/SUBRESOURCE."""
        parts = path.strip("/").split("/")
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        if rest[:1] == ["namespaces"]:
            rest = rest[2:]
        plural, name, subresource = (*rest[:3], "", "", "")[:3]
        return cls(method, path, query, plural, name, subresource)

    @property
    def watch(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.query.get("watch") in ("true", "1")

    @property
    def write(self) -> bool:
        """Whether it is to change something."""
        return self.method in WRITES and "dryRun" not in self.query

    @property
    def effective(self) -> bool:
        """Whether it is part of the operator's work: neither its Lease nor an event for people."""
        return self.write and self.plural not in ("leases", "events")

    def __str__(self) -> str:
        return f"{self.method} {'/'.join(part for part in (self.plural, self.name, self.subresource) if part)}"


@dataclass(frozen=True)
class Reply:
    """An answer; with `cut_at` the connection breaks after so many bytes of it."""

    status: int
    body: bytes = b""
    headers: Any = field(default_factory=dict)
    cut_at: int | None = None


@dataclass(frozen=True)
class Written:
    """A write that reached the API server, what it answered, and the journal's operation where a status names one."""

    call: Call
    status: int
    at: float
    operation: str | None = None

    @classmethod
    def of(cls, call: Call, status: int, sent: bytes, answered: bytes, at: float) -> Written:
        """Pick out what tests look at."""
        operation = None
        if call.plural == "alluxioclusters" and call.subresource == "status" and status < 300:
            journal = json.loads(answered).get("status", {}).get("journal") or {}
            operation = journal.get("operation")
        return cls(call, status, at, operation)

    @property
    def done(self) -> bool:
        """Whether the API server did it."""
        return self.status < 300

    @property
    def created(self) -> bool:
        """Whether it made an object."""
        return self.status == 201


@dataclass(frozen=True)
class Exchange:
    """A call on its way; `ask` brings it to the API server."""

    call: Call
    ask: Callable[[], Awaitable[Reply]]


Act = Callable[[Exchange], Awaitable[Reply | None]]
"""What happens to a call instead of being passed on; returns None for a connection that breaks without an answer."""


@dataclass
class Fault:
    """Happens to the calls that `where` picks: from the `first` one on, every `every`-th one, at most `times`."""

    act: Act
    where: Callable[[Call], bool] = lambda call: call.effective
    first: int = 1
    every: int = 1
    times: int | None = 1
    seen: int = 0
    met: int = 0

    def meets(self, call: Call) -> bool:
        """Tell whether it happens to this call; counts."""
        if not self.where(call):
            return False
        self.seen += 1
        due = self.seen >= self.first and (self.seen - self.first) % self.every == 0
        if not due or (self.times is not None and self.met >= self.times):
            return False
        self.met += 1
        return True
