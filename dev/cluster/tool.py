"""The type of a tool: a Go module of dev/tools with the programs that it builds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Binary:
    """One program, and its Go package."""

    name: str
    package: str


@dataclass(frozen=True)
class Tool:
    """One Go module of dev/tools with its programs.

    `seconds`: duration of the build on two cores with an empty build cache. `link_values`: variables that the linker
    sets. `tags`: build tags.
    """

    name: str
    seconds: int
    binaries: tuple[Binary, ...]
    link_values: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def linker_flags(self) -> str:
        """Value of -ldflags: no symbol tables, and the version that the program reports."""
        return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in sorted(self.link_values.items()))])

    @property
    def packages(self) -> tuple[str, ...]:
        """The Go packages of its programs."""
        return tuple(binary.package for binary in self.binaries)
