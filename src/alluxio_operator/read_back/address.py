"""Host and port of a server, as options of the command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port of a server."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address in HOST:PORT; raise ValueError."""
        host, _, port = text.rpartition(":")
        if not host:
            raise ValueError(f"{text} is no HOST:PORT")
        return cls(host, int(port))
