"""What differs between the engines Presto and Trino, and between their versions: the one place that knows.

A version that isn't here was not run, and is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.api.presto import Engine
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.presto import names
from alluxio_operator.kinds.presto.objects import folders

OPERATOR: Final = "alluxio-operator"
"""As whom the operator, and the hooks of its pods, ask the servers."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one version of an engine is started, configured and told to leave."""

    engine: Engine = "Presto"
    repository: str = "prestodb/presto"
    """The public image."""
    home: str = "/opt/presto-server"
    """Where the image has it; the launcher is bin/launcher below."""
    launcher: tuple[str, ...] = ()
    """What the launcher wants beside the files that all of them are given."""
    user_header: str = "X-Presto-User"
    log_package: str = "com.facebook.presto"
    jvm_flags: tuple[str, ...] = ()
    """What it needs of a JVM that is newer than the one it was made for."""
    absent: frozenset[str] = frozenset()
    """Properties of others with which it doesn't start; a user's own are never left out."""
    config: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Files beside config.properties, by name."""
    hive_connector: str = "hive-hadoop2"
    hive_on_alluxio: Mapping[str, str] = field(default_factory=lambda: {"hive.config.resources": folders.CORE_SITE})
    """What leads a Hive catalog to the client of Alluxio that the image has."""
    hive_writable: Mapping[str, str] = field(
        default_factory=lambda: {
            "hive.allow-drop-table": "true",
            "hive.allow-rename-table": "true",
            "hive.non-managed-table-writes-enabled": "true",
        }
    )
    """With which tables may be created, written and dropped, also at locations of their own."""
    hive_read_only: Mapping[str, str] = field(default_factory=dict)
    announce_seconds: int = 10
    """How long a server that is to leave waits for the coordinator to take notice (shutdown.grace-period): 0.287 had
    noticed after 6 s, and had not after 2 s.
    """
    drains: Mapping[str, str] = field(default_factory=lambda: {names.COORDINATOR: "drain.sh", names.WORKER: "drain.sh"})
    """By role the script that lets a server leave without failing queries."""
    drain_arguments: tuple[str, ...] = ()
    """What the scripts are told beside port and header."""


_OPENED: Final = (
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    # It attaches to itself to measure the sizes of objects.
    "-Djdk.attach.allowAttachSelf=true",
)

_ACCESS: Final = "access-control"
_NOTICE: Final = 11
"""Seconds. Every 5 s a coordinator of Trino asks, and what is answered counts from the next time on: up to 10 s were
measured.
"""

TRINO: Final = Dialect(
    engine="Trino",
    repository="trinodb/trino",
    home="/usr/lib/trino",
    # It looks for folders of both kinds below its own, which can't be written.
    launcher=(f"--etc-dir={folders.CONF}", f"--data-dir={folders.DATA}"),
    user_header="X-Trino-User",
    log_package="io.trino",
    jvm_flags=(
        "-Djdk.attach.allowAttachSelf=true",
        "-XX:+EnableDynamicAgentLoading",
        "--enable-native-access=ALL-UNNAMED",
        "-Dfile.encoding=UTF-8",
    ),
    absent=frozenset({"discovery-server.enabled", "query.max-total-memory-per-node"}),
    # By its own default nobody may tell a server to leave. Nothing else is held back here, as in Presto.
    config={"access-control.config-files": f"{folders.CONF}/{_ACCESS}.properties"},
    files={
        f"{_ACCESS}.properties": f"access-control.name=file\nsecurity.config-file={folders.CONF}/{_ACCESS}.json\n",
        f"{_ACCESS}.json": json.dumps({"system_information": [{"user": OPERATOR, "allow": ["read", "write"]}]}) + "\n",
    },
    hive_connector="hive",
    # In Alluxio its folder for what isn't finished lies within the one of the table, to which it can't be renamed then:
    # without it a new table is written to where it belongs.
    hive_on_alluxio={"fs.alluxio.enabled": "true", "hive.temporary-staging-directory-enabled": "false"},
    # By its own default everything is allowed but for writes at a table's own location.
    hive_writable={"hive.non-managed-table-writes-enabled": "true"},
    hive_read_only={"hive.security": "read-only"},
    announce_seconds=_NOTICE,
    drain_arguments=(str(_NOTICE),),
    drains={names.COORDINATOR: "trino-coordinator-drain.sh", names.WORKER: "trino-worker-drain.sh"},
)

DIALECTS: Final[Mapping[Engine, Mapping[str, Dialect]]] = {
    "Presto": {"0.287": Dialect(jvm_flags=_OPENED)},
    "Trino": {"476": TRINO},
}
"""By engine and version."""

FIRST_WITHOUT_ALLUXIO: Final = 482
"""The version of Trino that dropped its file system of Alluxio."""


def dialect_of(engine: Engine, version: str) -> Dialect | Problem:
    """Return how a version of an engine is run, or why the operator doesn't run it."""
    known = DIALECTS[engine]
    if version in known:
        return known[version]
    others = [other for other in DIALECTS if other != engine and version in DIALECTS[other]]
    listed = ", ".join(sorted(known))
    if others:
        why = f"is a version of {others[0]}, and spec.engine is {engine}"
        return Problem("spec.version", version, why, f"set it to {listed}, or spec.engine to {others[0]}")
    if engine == "Trino" and version.isdecimal() and int(version) >= FIRST_WITHOUT_ALLUXIO:
        why = f"has no file system of Alluxio: Trino dropped it in {FIRST_WITHOUT_ALLUXIO}"
    else:
        why = f"is no version of {engine} that this operator was tested with"
    return Problem("spec.version", version, why, f"set it to {listed}")
