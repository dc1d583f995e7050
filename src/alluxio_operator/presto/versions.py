"""What differs between versions of Presto: the one place that knows.

A version that isn't here was not run, and is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.pipeline.problem import Problem


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one version is started, configured and told to leave."""

    home: str = "/opt/presto-server"
    """Where the image has it; the launcher is bin/launcher below."""
    hive_connector: str = "hive-hadoop2"
    user_header: str = "X-Presto-User"
    jvm_flags: tuple[str, ...] = ()
    """What it needs of a JVM that is newer than the one it was made for."""
    config: Mapping[str, str] = field(default_factory=dict)


_OPENED: Final = (
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    # It attaches to itself to measure the sizes of objects.
    "-Djdk.attach.allowAttachSelf=true",
)

DIALECTS: Final[Mapping[str, Dialect]] = {"0.287": Dialect(jvm_flags=_OPENED)}


def dialect_of(version: str) -> Dialect | Problem:
    """Return how a version is driven, or why it can't be."""
    found = DIALECTS.get(version)
    if found is not None:
        return found
    known = ", ".join(sorted(DIALECTS))
    why = (
        "is a version of Trino, which isn't supported: it needs Java 24 or later, and from 482 on it has no "
        "file system of Alluxio"
        if version.isdecimal()
        else "is a version of Presto that this operator doesn't know"
    )
    return Problem("spec.version", version, why, f"set it to one that it was run with: {known}")
