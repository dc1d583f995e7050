"""JDKs that lie on this machine: for what needs a newer Java than Debian has."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.images.errors import ImageError

USUAL = "/usr/lib/jvm"
"""Where packages of Debian put theirs, and most others."""
MAKERS = frozenset({"jdk.jlink", "jdk.jpackage"})
"""What makes runtimes: a JDK without `jmods` can't put it into one."""


@dataclass(frozen=True)
class Jdk:
    """One of them: its folder, and its version as its own `release` file says it."""

    home: Path
    version: str

    @property
    def feature(self) -> int:
        """The number by which it is known, such as 25."""
        return int(re.split(r"[.+_-]", self.version)[0])


def candidates(environment: Mapping[str, str], usual: Path = Path(USUAL)) -> list[Path]:
    """Return the folders to look into: the one that is named in the environment, then the usual ones."""
    named = environment.get("JAVA_HOME")
    return [*([Path(named)] if named else []), *sorted(usual.glob("*"))]


def found(homes: Iterable[Path]) -> list[Jdk]:
    """Return those of which it is known what they are, and from which a runtime can be made."""
    made = []
    for home in homes:
        try:
            text = (home / "release").read_text()
        except OSError:
            continue
        said = re.search(r'^JAVA_VERSION="([0-9][^"]*)"', text, re.MULTILINE)
        if said and (home / "bin" / "jlink").is_file():
            made.append(Jdk(home.resolve(), said[1]))
    return made


def at_least(feature: int, homes: Iterable[Path]) -> Jdk | None:
    """Return the oldest JDK that is new enough, None where there is none."""
    fitting = [jdk for jdk in found(homes) if jdk.feature >= feature]
    return min(fitting, key=lambda jdk: (jdk.feature, jdk.version, str(jdk.home)), default=None)


def runtime(jdk: Jdk, target: Path) -> None:
    """Make a runtime of its modules, without what only a developer needs."""
    listed = _run(jdk, "java", "--list-modules").split()
    modules = sorted({line.partition("@")[0] for line in listed} - MAKERS)
    _run(
        jdk, "jlink", "--add-modules", ",".join(modules), "--strip-debug", "--no-header-files", "--no-man-pages",
        "--output", str(target),
    )  # fmt: skip


def _run(jdk: Jdk, program: str, *arguments: str) -> str:
    command = [str(jdk.home / "bin" / program), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"making a runtime of {jdk.home} failed ({done.returncode}):\n{done.stdout[-2000:]}")
    return done.stdout
