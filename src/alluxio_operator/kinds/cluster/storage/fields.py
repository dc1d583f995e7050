"""Names the fields of the spec that give a pod its volumes, for remedies; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from alluxio_operator.api.roles import Placement, Process, Volume
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.roles import path_of, processes
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.user_volumes import claims_of, volumes_named

_JOURNAL: Final = "spec.masters.journal.storage"
_ROOT_MOUNT: Final = "spec.rootMount.volume"
_TIERS: Final = "spec.workers.tiers"
_LOGS: Final = "spec.logServer.storage"
_OWN: Final = {"fuse": "spec.fuse", "journal": _JOURNAL, "logs": _LOGS, "ufs": _ROOT_MOUNT}
"""Fields of the operator's volumes by their names in pods."""
_OF_ROLE: Final[Mapping[str, tuple[str, ...]]] = {
    names.JOURNAL: (_JOURNAL,),
    names.MASTER: (_JOURNAL, _ROOT_MOUNT),
    names.WORKER: (_TIERS, _ROOT_MOUNT),
    names.JOB_MASTER: (_ROOT_MOUNT,),
    names.LOG_SERVER: (_LOGS,),
}


def volume_fields(cluster: Cluster, observed: Observed) -> Callable[[Pod, str], str]:
    """Return a function from a pod and a message or the name of a PVC to the fields of its volumes."""
    claims = {one.get("spec", {}).get("volumeName", ""): one["metadata"]["name"] for one in observed.claims or ()}
    given = {role: _given(one.process) for role, one in processes(cluster.spec).items()}

    def fields(pod: Pod, text: str) -> str:
        path = path_of(pod.role) or "spec"
        found: list[str] = []
        for named in volumes_named(text) or [text]:
            # A volume of a PVC is named after the PersistentVolume.
            name = claims.get(named, named)
            if volume := given.get(pod.role, {}).get(name):
                found.append(f"{path}.volumes[{volume}]")
            elif field := _own(cluster, name):
                found.append(field)
        everything = (*_OF_ROLE.get(pod.role, ()), *((f"{path}.volumes",) if pod.role in given else ()))
        return ", ".join(dict.fromkeys(found or everything))

    return fields


def _given(process: Process) -> Mapping[str, str]:
    """Return the names of a role's user volumes, by these names and by those of their PVCs."""
    volumes: Sequence[Volume] = process.volumes if isinstance(process, Placement) else ()
    return {**{volume.name: volume.name for volume in volumes}, **claims_of(process)}


def _own(cluster: Cluster, name: str) -> str | None:
    """Return the field of one of the operator's volumes, by its name in a pod or the name of its PVC."""
    mount = cluster.spec.root_mount.volume
    of_claims = {cluster.names.of("logs"): _LOGS, (mount and mount.claim_name) or cluster.names.of("ufs"): _ROOT_MOUNT}
    if field := _OWN.get(name) or of_claims.get(name):
        return field
    if name.startswith(f"journal-{cluster.names.of(names.MASTER)}-"):
        return _JOURNAL
    return _TIERS if name.startswith("tier-") else None
