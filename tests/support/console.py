"""Follow a document: write its files, run its commands, and compare their output.

A YAML block whose first line is a comment with a file name is that file. In a `console` block, a line that begins with
`$ ` is a command, and the lines below it are its expected output. A name that a server generates, such as
`install-x7k2p`, matches the actual name at its first use, and that name afterwards. An age, such as `5s`, matches all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.yaml)")
MADE_UP = re.compile(r"\binstall-[a-z0-9]{5}\b")
AGE = re.compile(r"(\d+[smhd])+")

Run = Callable[[str], str]
"""Runs one line in a shell and returns its output; raises CommandFailed."""


class CommandFailed(Exception):
    """A command of the document failed."""


@dataclass(frozen=True)
class Command:
    """A command, and the output that the document shows."""

    line: str
    prints: tuple[str, ...] = ()

    @property
    def looks(self) -> bool:
        """True for a command that only reads, so that the follower may repeat it until its output matches."""
        return " get " in f" {self.line} "


@dataclass
class Follower:
    """A user who follows a document in a folder."""

    folder: Path
    run: Run
    seconds: float = 90.0
    pause: float = 0.5
    names: dict[str, str] = field(default_factory=dict)
    """Actual names by the generated names in the document."""

    def follow(self, text: str) -> None:
        """Follow a part of a document, in order."""
        for block in blocks(text):
            if isinstance(block, Command):
                self._carry_out(block)
            else:
                name, content = block
                (self.folder / name).write_text(content)

    def _carry_out(self, command: Command) -> None:
        line = MADE_UP.sub(lambda match: self.names.get(match[0], match[0]), command.line)
        deadline = time.monotonic() + self.seconds
        while True:
            missing, printed = self._try(line, command.prints)
            if not missing:
                return
            if not command.looks or time.monotonic() > deadline:
                raise AssertionError(f"$ {line}\n{printed}\nnot as the document says:\n" + "\n".join(missing))
            time.sleep(self.pause)

    def _try(self, line: str, prints: tuple[str, ...]) -> tuple[list[str], str]:
        try:
            printed = self.run(line)
        except CommandFailed as failure:
            return [f"it failed: {failure}"], ""
        names = dict(self.names)
        missing = unmatched(prints, printed.splitlines(), names)
        if not missing:
            self.names.update(names)
        return missing, printed


def section(document: str, title: str) -> str:
    """Return the part of a document below a second-level heading. Raise KeyError."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    if not found:
        raise KeyError(f"no section {title!r}")
    return found[1]


def blocks(text: str) -> Iterator[Command | tuple[str, str]]:
    """Yield files (name and content) and commands in the order of the text, without other blocks."""
    for kind, content in FENCE.findall(text):
        if kind == "console":
            yield from _commands(content)
        elif kind == "yaml" and (name := FILE.match(content)):
            yield name[1], content


def unmatched(expected: tuple[str, ...], printed: list[str], names: dict[str, str]) -> list[str]:
    """Return the expected lines that are missing in the output, in any order; add generated names to `names`."""
    left, missing = list(printed), []
    for line in expected:
        found = next((match for other in left if (match := _pattern(line, names).fullmatch(other))), None)
        if found is None:
            missing.append(line)
            continue
        left.remove(found.string)
        names.update(zip(_new_names(line, names), found.groups(), strict=True))
    return missing


def _commands(content: str) -> Iterator[Command]:
    # A line that ends with a backslash continues in the next one.
    lines = content.replace("\\\n", " ").splitlines()
    begins = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        yield Command(lines[begin].removeprefix("$ "), tuple(lines[begin + 1 : end]))


def _new_names(line: str, names: dict[str, str]) -> list[str]:
    return [word for word in line.split() if MADE_UP.fullmatch(word) and word not in names]


def _pattern(line: str, names: dict[str, str]) -> re.Pattern[str]:
    words = (_word(word, names) for word in line.split())
    return re.compile(r"\s*" + r"\s+".join(words) + r"\s*")


def _word(word: str, names: dict[str, str]) -> str:
    if AGE.fullmatch(word):
        return AGE.pattern.replace("(", "(?:")
    if MADE_UP.fullmatch(word) and word not in names:
        return r"(install-[a-z0-9]+)"
    return re.escape(MADE_UP.sub(lambda match: names.get(match[0], match[0]), word))
