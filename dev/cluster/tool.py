"""What a tool is: a Go module of dev/tools, and the programs that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Binary:
    """One program, and the package that it is built from."""

    name: str
    package: str


@dataclass(frozen=True)
class Tool:
    """One Go module of dev/tools, and the programs that it gives.

    `seconds` is how long their build takes on two cores with an empty build cache. `link_values` are variables that the
    linker sets, `tags` are build tags.
    """

    name: str
    seconds: int
    binaries: tuple[Binary, ...]
    link_values: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def linker_flags(self) -> str:
        """Value of -ldflags: no symbol tables, and the version that the program reports of itself."""
        return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in sorted(self.link_values.items()))])

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages of its programs."""
        return tuple(binary.package for binary in self.binaries)
