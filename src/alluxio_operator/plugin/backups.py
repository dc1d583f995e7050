"""The commands for backups: take one and wait for it, or list those of a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from alluxio_operator.api.alluxiobackup import KIND
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import Object
from alluxio_operator.transport.printable import printable

PAUSE: Final = 1.0
"""Seconds between two looks at a backup or drill."""
ENDED: Final = ("Completed", "Failed", "Invalid")


def manifest(cluster: str, name: str, namespace: str, *, verify: str, volume: str | None) -> Mapping[str, Any]:
    """Return the AlluxioBackup to create."""
    destination = {"destination": {"volume": {"claimName": volume}}} if volume else {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterRef": {"name": cluster}, "verify": verify, **destination},
    }


def default_name(cluster: str, now: datetime) -> str:
    """Return the name of a backup that was given none: the cluster and the second, in UTC."""
    return f"{cluster}-{now.astimezone(UTC):%Y%m%d%H%M%S}"


def steps(
    look: Callable[[], Object], name: str, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Object]:
    """Yield a backup or drill whenever its state in words has changed, until it ends; PluginError after `seconds`."""
    said, until = None, time.monotonic() + seconds
    while True:
        found = look()
        words = in_words(found)
        if words != said:
            said = words
            yield found
        if phase(found) in ENDED:
            return
        if time.monotonic() > until:
            kind = str(found.get("kind", KIND)).lower()
            raise PluginError(
                f"{name} hasn't ended after {seconds:.0f} s: {words}. It goes on; `kubectl get {kind} {name}` "
                "shows its state"
            )
        sleep(PAUSE)


def phase(backup: Object) -> str:
    """Return the phase of a backup or drill."""
    return str(backup.get("status", {}).get("phase", "Pending"))


def in_words(backup: Object) -> str:
    """Return the state of a backup or drill in one line."""
    status = backup.get("status", {})
    if summary := status.get("summary"):
        return printable(f"{phase(backup)}: {summary}")
    return printable(phase(backup) if "phase" in status else f"{phase(backup)}: the operator hasn't seen it yet")


def of_cluster(backups: Iterable[Object], cluster: str | None) -> list[Object]:
    """Return the backups of a cluster, or all of them; the newest first."""
    found = [one for one in backups if cluster is None or one["spec"].get("clusterRef", {}).get("name") == cluster]
    return sorted(found, key=_begun, reverse=True)


def _begun(one: Object) -> tuple[str, str]:
    begun = one.get("status", {}).get("started") or one["metadata"].get("creationTimestamp", "")
    return str(begun), str(one["metadata"]["name"])


def shown(backup: Object) -> Mapping[str, Any]:
    """Return what programs need of a backup."""
    status = backup.get("status", {})
    return {
        "name": backup["metadata"]["name"],
        "cluster": backup["spec"]["clusterRef"]["name"],
        "phase": phase(backup),
        "verified": bool(status.get("verified")),
        "started": status.get("started"),
        "finished": status.get("finished"),
        "summary": status.get("summary", ""),
        "file": status.get("file"),
        "restored": status.get("restored"),
    }
