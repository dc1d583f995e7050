"""Environment variables that the operator keeps for itself, and those that would override what it computes.

Source of their effect: bin/launch-process and libexec/alluxio-config.sh of Alluxio 2.9, which append options of these
variables after those of ALLUXIO_JAVA_OPTS, and the JVM, which reads _JAVA_OPTIONS after its command line.
"""

from __future__ import annotations

from typing import Final

RENDERED: Final = frozenset(
    {
        "ALLUXIO_CONF_DIR",
        "ALLUXIO_FUSE_JAVA_OPTS",
        "ALLUXIO_JAVA_OPTS",
        "ALLUXIO_JOB_MASTER_JAVA_OPTS",
        "ALLUXIO_JOB_WORKER_JAVA_OPTS",
        "ALLUXIO_LOGSERVER_HOSTNAME",
        "ALLUXIO_LOGSERVER_JAVA_OPTS",
        "ALLUXIO_LOGSERVER_PORT",
        "ALLUXIO_MASTER_JAVA_OPTS",
        "ALLUXIO_PROXY_JAVA_OPTS",
        "ALLUXIO_WORKER_JAVA_OPTS",
        "POD_IP",
        "POD_NAME",
    }
)
"""Variables that the operator sets in containers."""

OVERRIDING: Final = (
    "ALLUXIO_HOSTNAME",
    "ALLUXIO_MASTER_HOSTNAME",
    "ALLUXIO_MASTER_MOUNT_TABLE_ROOT_UFS",
    "ALLUXIO_RAM_FOLDER",
    "ALLUXIO_USER_JAVA_OPTS",
    "ALLUXIO_WORKER_RAMDISK_SIZE",
    "_JAVA_OPTIONS",
)
"""Variables that win over the operator's host names, root mount, tiers and heap. Containers start without them, since
an image may set them."""

_PLACES: Final = ("ALLUXIO_HOME", "ALLUXIO_LOGS_DIR", "ALLUXIO_LOGSERVER_LOGS_DIR", "ALLUXIO_USER_LOGS_DIR")
"""Folders of the image where the operator mounts volumes. An image may need its own values."""

_OF_THE_JVM: Final = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
"""Options that the memory layout doesn't count. A webhook may add an agent by them, so containers keep them."""

RESERVED: Final = RENDERED.union(OVERRIDING, _PLACES, _OF_THE_JVM)
"""Variables that a spec can't set."""
