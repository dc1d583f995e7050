"""The package sources of this machine: images are made from the same ones, and keep none of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.images.errors import ImageError

APT = Path("/etc/apt")
SUITE = "bookworm"


@dataclass(frozen=True)
class Source:
    """One suite of a Debian archive."""

    uri: str
    suite: str
    components: tuple[str, ...]

    def line(self, keyring: str) -> str:
        """The one-line form for a sources.list."""
        return f"deb [signed-by={keyring}] {self.uri} {self.suite} {' '.join(self.components)}"


def machine_sources(apt: Path = APT) -> list[Source]:
    """Sources of the suite, its updates and its security fixes that the machine's apt is configured for."""
    found: list[Source] = []
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        found.extend(parse_deb822(path.read_text()))
    for path in [*apt.glob("sources.list"), *sorted(apt.glob("sources.list.d/*.list"))]:
        found.extend(parse_one_line(path.read_text()))
    ours = [s for s in found if s.suite == SUITE or s.suite.startswith(f"{SUITE}-")]
    if not any(source.suite == SUITE for source in ours):
        raise ImageError(f"no source for Debian {SUITE} in {apt}: images are built on a Debian {SUITE} machine")
    return ours


def main_source(sources: Iterable[Source]) -> Source:
    """The one that a bootstrap starts from."""
    return next(source for source in sources if source.suite == SUITE)


def parse_deb822(text: str) -> Iterator[Source]:
    """Read the paragraphs of a .sources file."""
    for paragraph in text.split("\n\n"):
        fields = _fields(paragraph)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, components)


def parse_one_line(text: str) -> Iterator[Source]:
    """Read the lines of a sources.list."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] != ["deb"]:
            continue
        rest = words[1:]
        if rest and rest[0].startswith("["):
            closing = next(i for i, word in enumerate(rest) if word.endswith("]"))
            rest = rest[closing + 1 :]
        if len(rest) >= 2:
            yield Source(rest[0], rest[1], tuple(rest[2:]))


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields
