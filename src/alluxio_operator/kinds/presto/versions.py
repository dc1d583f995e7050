"""Differences between the engines Presto and Trino, and between their versions; this table is the only place of them.

The operator refuses a version that isn't here: it was not tested.
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
"""User as whom the operator, and the preStop hooks of the pods, call the servers."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one version of an engine is started, configured and drained."""

    engine: Engine = "Presto"
    repository: str = "prestodb/presto"
    """The public image."""
    home: str = "/opt/presto-server"
    """Folder of the program in the image; its launcher is bin/launcher."""
    launcher: tuple[str, ...] = ()
    """Arguments of the launcher, in addition to those of every version."""
    user_header: str = "X-Presto-User"
    log_package: str = "com.facebook.presto"
    jvm_flags: tuple[str, ...] = ()
    """Flags with which it runs on a JVM that is newer than its own time."""
    absent: frozenset[str] = frozenset()
    """Properties that the operator leaves out, since a server doesn't start with them; the user's own always stay."""
    config: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files in the folder of config.properties, by name."""
    hive_connector: str = "hive-hadoop2"
    hive_on_alluxio: Mapping[str, str] = field(default_factory=lambda: {"hive.config.resources": folders.CORE_SITE})
    """Properties with which a Hive catalog finds the Alluxio client of the image."""
    has_own_client: bool = False
    """Whether it has an Alluxio client for this line of Alluxio; otherwise it takes the one of the cluster's image."""
    hive_writable: Mapping[str, str] = field(
        default_factory=lambda: {
            "hive.allow-drop-table": "true",
            "hive.allow-rename-table": "true",
            "hive.non-managed-table-writes-enabled": "true",
        }
    )
    """Properties with which tables can be created, written and dropped, also at locations that the user names."""
    hive_read_only: Mapping[str, str] = field(default_factory=dict)
    announce_seconds: int = 10
    """Seconds that a draining server gives the coordinator to notice (shutdown.grace-period). That of 0.287 had noticed
    after 6 s, and not yet after 2 s.
    """
    drains: Mapping[str, str] = field(default_factory=lambda: {names.COORDINATOR: "drain.sh", names.WORKER: "drain.sh"})
    """By role, the preStop script that drains a server without failing queries."""
    drain_arguments: tuple[str, ...] = ()
    """Arguments of the scripts after port and header."""


_OPENED: Final = (
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    # Presto attaches to its own JVM to measure the sizes of objects.
    "-Djdk.attach.allowAttachSelf=true",
)

_ACCESS: Final = "access-control"
_NOTICE: Final = 11
"""Seconds. A coordinator of Trino asks its workers every 5 s, and an answer takes effect at the next question: up to
10 s were measured.
"""

TRINO: Final = Dialect(
    engine="Trino",
    repository="trinodb/trino",
    home="/usr/lib/trino",
    # By default it looks for both folders below its own, which is read-only.
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
    # By default no user may drain a server. The rule adds that right, and restricts nothing else.
    config={"access-control.config-files": f"{folders.CONF}/{_ACCESS}.properties"},
    files={
        f"{_ACCESS}.properties": f"access-control.name=file\nsecurity.config-file={folders.CONF}/{_ACCESS}.json\n",
        f"{_ACCESS}.json": json.dumps({"system_information": [{"user": OPERATOR, "allow": ["read", "write"]}]}) + "\n",
    },
    hive_connector="hive",
    # In Alluxio the staging folder lies within the table's folder, and can't be renamed to it. Without staging, a new
    # table is written to its final location.
    has_own_client=True,
    hive_on_alluxio={"fs.alluxio.enabled": "true", "hive.temporary-staging-directory-enabled": "false"},
    # The default allows everything except writes to locations that the user names.
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
