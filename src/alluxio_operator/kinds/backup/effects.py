"""Side effects of a backup, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.engine.effects import Delete
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class StartBackup:
    """Start of a backup by the leader, into a directory of the root mount's UFS.

    The operator sets the `properties` on the leader first: it may run an older spec, without them.
    """

    leader: Pod
    port: int
    directory: str
    properties: Mapping[str, str]
    cluster: str
    """The AlluxioCluster: no operation of it may restart a master, except the one that waits for this backup."""
    own_operation: str | None
    at: datetime
    """Time of the decision."""


@dataclass(frozen=True, slots=True)
class DeleteFolder:
    """Deletion of a folder with all it holds, in Alluxio and in the UFS; if it succeeds, `then` of a resource.

    The answer is the leader's error; an empty text if the folder is gone.
    """

    leader: Pod
    port: int
    path: str
    then: Delete | None = None
