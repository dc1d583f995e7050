"""Computes every value that the templates place: images, options, sizes, labels, configuration texts and their
hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel

from alluxio_operator.api.alluxiocluster import KIND, ClusterSpec
from alluxio_operator.api.base import API_VERSION, in_binary
from alluxio_operator.api.roles import Placement, Process
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.engine.jobs import stand_in_metadata
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.rejoin import JOINED_ONCE, PERMISSION
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import dynamic, properties, versions
from alluxio_operator.kinds.cluster.objects.disruption import budgets
from alluxio_operator.kinds.cluster.objects.fuse import fuse_values
from alluxio_operator.kinds.cluster.objects.tiers import (
    SOCKET_FOLDER,
    TierVolume,
    host_folder,
    host_folders,
    tier_folder,
    tier_volumes,
)
from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION, MEMBERS_ANNOTATION
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.kinds.cluster.ufs import options as ufs_options
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.text import digest
from alluxio_operator.workloads.anti_affinity import apart, merged
from alluxio_operator.workloads.stand_in import as_seen_by
from alluxio_operator.workloads.user_volumes import mounts_of, spread_of, volumes_of

LOG_TO_CONSOLE = "-Dalluxio.logger.type=Console"
"""A process's own logs go to its standard output; given to it alone, as the command line's output is for pipes."""

_JAVA_OPTS = {
    names.MASTER: "ALLUXIO_MASTER_JAVA_OPTS",
    names.WORKER: "ALLUXIO_WORKER_JAVA_OPTS",
    names.JOB_MASTER: "ALLUXIO_JOB_MASTER_JAVA_OPTS",
    names.JOB_WORKER: "ALLUXIO_JOB_WORKER_JAVA_OPTS",
    names.LOG_SERVER: "ALLUXIO_LOGSERVER_JAVA_OPTS",
    names.PROXY: "ALLUXIO_PROXY_JAVA_OPTS",
    names.FUSE: "ALLUXIO_FUSE_JAVA_OPTS",
}
"""Variables of the public image's entry point."""


@dataclass(frozen=True, slots=True)
class JournalValues:
    """What templates need to know of the journal: the Jobs to run, by an operation, and how its PVCs are annotated."""

    job: str | None = None
    operation: str = ""
    initialized: bool = False
    made_for: int | None = None
    """Number of masters; that of the spec where it isn't known yet."""


def context_of(cluster: Cluster, journal: JournalValues) -> dict[str, Any]:
    """Return the values for all templates of a cluster."""
    spec, made = cluster.spec, cluster.names
    roles = _roles(cluster)
    return {
        "name": made.cluster,
        "namespace": made.namespace,
        "version": spec.version,
        "image": _image(spec),
        "pullPolicy": spec.image.pull_policy,
        "pullSecrets": [{"name": secret.name} for secret in spec.image.pull_secrets],
        "owner": _owner(cluster),
        "labels": {c: dict(made.labels(c)) for c in (*roles, names.JOURNAL, "client", "ufs")},
        "roles": roles,
        "masters": {
            **_dumped(spec.masters, exclude={"properties", "env"}),
            "probe": versions.master_probe(spec.version, cluster.members),
        },
        "workers": _workers(cluster),
        "members": cluster.members,
        "journal": _journal(cluster, journal, roles[names.MASTER]),
        "ufs": _ufs(spec.root_mount, made),
        "logServer": _log_server(spec, made),
        "jobService": {"enabled": spec.job_service.enabled},
        "proxy": {
            "enabled": spec.proxy.enabled,
            "replicas": spec.proxy.replicas,
            "service": _dumped(spec.proxy.service),
        },
        "fuse": fuse_values(spec, made),
        "budgets": [asdict(budget) for budget in budgets(spec, cluster.members)],
        "service": _dumped(spec.service),
        "serviceAccountAnnotations": dict(spec.service_account_annotations),
        "conf": properties.CONF_FOLDER,
        "plainConf": properties.PLAIN_CONF_FOLDER,
        "clientProperties": properties.as_text(properties.for_clients(spec, made, cluster.members)),
    }


def _dumped(model: BaseModel, exclude: set[str] | None = None) -> dict[str, Any]:
    return model.model_dump(by_alias=True, mode="json", exclude=exclude)


def _owner(cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": cluster.names.cluster,
        "uid": cluster.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def _roles(cluster: Cluster) -> dict[str, dict[str, Any]]:
    spec = cluster.spec
    roles = {role: _role(cluster, role, one.process) for role, one in processes(spec).items() if role in cluster.memory}
    if spec.job_service.enabled:
        # Both run in one pod, which has to be replaced when the configuration of either changes.
        roles[names.WORKER]["configHash"] = digest([roles[r]["configHash"] for r in (names.WORKER, names.JOB_WORKER)])
    if cluster.members > 1:
        # After the hash: a preference for other nodes replaces no running master.
        own = apart(cluster.names.selector(names.MASTER))
        roles[names.MASTER]["affinity"] = merged(own, spec.masters.affinity)
    return roles


def _workers(cluster: Cluster) -> dict[str, Any]:
    spec, made = cluster.spec, cluster.names
    return {
        "workload": spec.workers.workload,
        "replicas": spec.workers.count,
        "tiers": [asdict(volume) for volume in tier_volumes(spec.workers, made)],
        "retention": "Delete" if spec.deletion_policy == "Delete" else "Retain",
        "sockets": _sockets(cluster),
        "hostFolders": host_folders(spec.workers, made),
    }


def _journal(cluster: Cluster, journal: JournalValues, master: Mapping[str, Any]) -> dict[str, Any]:
    spec, made = cluster.spec, cluster.names
    made_for = journal.made_for or cluster.members
    return {
        "claims": [made.journal_claim(ordinal) for ordinal in range(cluster.members)],
        "claimAnnotations": _claim_annotations(made_for) if journal.initialized else {},
        "jobs": [
            {"name": made.journal_job(journal.operation, ordinal), "claim": made.journal_claim(ordinal)}
            for ordinal in range(cluster.members if journal.job else 0)
        ],
        "pod": _stand_in(cluster, master),
        "mode": journal.job,
        "permission": PERMISSION,
        "joinedOnce": JOINED_ONCE,
        "folder": properties.JOURNAL_FOLDER,
        "owned": spec.deletion_policy == "Delete",
        "storage": _dumped(spec.masters.journal.storage),
    }


def _stand_in(cluster: Cluster, master: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the pods of the journal's Jobs are placed: they decide on which nodes its volumes lie."""
    made = cluster.names
    own = apart(made.selector(names.JOURNAL)) if cluster.members > 1 else None
    given = as_seen_by(cluster.spec.masters.affinity, names.MASTER, names.JOURNAL)
    metadata = stand_in_metadata(made.labels(names.JOURNAL), master["podLabels"], master["podAnnotations"])
    return {
        **master,
        "affinity": merged(own, given),
        "spread": as_seen_by(master["spread"], names.MASTER, names.JOURNAL),
        "metadata": metadata,
    }


def _log_server(spec: ClusterSpec, made: Names) -> dict[str, Any]:
    return {
        "enabled": spec.log_server.enabled,
        "host": f"{made.of(names.LOG_SERVER)}.{made.namespace}.svc",
        "port": spec.log_server.ports.logs,
        "storage": _dumped(spec.log_server.storage),
    }


def _claim_annotations(made_for: int) -> dict[str, str]:
    members = {MEMBERS_ANNOTATION: str(made_for)} if made_for > 1 else {}
    return {JOURNAL_ANNOTATION: "initialized", **members}


def _role(cluster: Cluster, role: str, process: Process) -> dict[str, Any]:
    spec, made, division = cluster.spec, cluster.names, cluster.memory[role]
    site = properties.for_role(spec, made, role, cluster.members)
    jvm = (*division.jvm_flags, LOG_TO_CONSOLE, *process.jvm.options, *_fixed_options(spec, role))
    values: dict[str, Any] = {
        "name": made.of(role),
        "configMap": made.of(f"{role}conf"),
        "selector": dict(made.selector(role)),
        "siteProperties": properties.as_text(site),
        "javaOptsVariable": _JAVA_OPTS[role],
        "javaOpts": " ".join(jvm),
        "ports": process.model_dump(by_alias=True).get("ports", {}),
        "resources": _resources(process, division.request, division.limit),
        "mounts": mounts_of(process),
        "volumes": [],
        "env": [
            *ufs_options.environment(spec.root_mount, role),
            *(var.model_dump(by_alias=True, mode="json", exclude_none=True) for var in process.env),
        ],
        "secretOptions": ufs_options.secret_options(spec.root_mount, role),
        "hadoopFiles": ufs_options.hadoop_files(spec.root_mount, role),
    }
    if isinstance(process, Placement):
        stateful_workers = role == names.WORKER and spec.workers.workload == "StatefulSet"
        over_nodes = stateful_workers or role == names.PROXY
        values |= {
            **_placement(process),
            "volumes": volumes_of(process),
            "spread": spread_of(process, values["selector"], over_nodes=over_nodes),
        }
    if role == names.WORKER:
        on_disk = sum(volume.on_node_disk for volume in tier_volumes(spec.workers, made))
        if on_disk:
            # Without it the scheduler would fill a node's disk with workers that the kubelet then ends one by one.
            values["resources"]["requests"]["ephemeral-storage"] = in_binary(on_disk)
    named = ("name", "configMap", "selector", "siteProperties", "javaOptsVariable", "javaOpts")
    meant = {key: value for key, value in values.items() if key not in named}
    untold = dynamic.without_restart(spec, role, site)
    restarting = {key: value for key, value in site.items() if key not in untold}
    values["configHash"] = digest({**meant, "properties": restarting, "jvm": jvm, **_beside_the_role(cluster, role)})
    return values


def _beside_the_role(cluster: Cluster, role: str) -> dict[str, Any]:
    """Return what the spec says elsewhere and a pod of the role depends on."""
    spec, made = cluster.spec, cluster.names
    mount = _ufs(spec.root_mount, made)
    said: dict[str, Any] = {
        "image": _image(spec),
        **_secrets_of_the_mount(spec, role),
        # Left out where nobody asked, so that asking is all that restarts anything.
        **({"restart": cluster.restarts[role]} if role in cluster.restarts else {}),
    }
    if role != names.LOG_SERVER:
        said["ufs"] = [mount["path"], mount["claim"]]
    if role in (names.WORKER, names.FUSE):
        said["sockets"] = _sockets(cluster)
    if role == names.FUSE:
        said["mount"] = fuse_values(spec, made)
    if role == names.WORKER:
        said["tiers"] = [_as_mounted(volume) for volume in tier_volumes(spec.workers, made)]
    if spec.log_server.enabled and role != names.LOG_SERVER:
        said["logServer"] = spec.log_server.ports.logs
    return said


def _as_mounted(volume: TierVolume) -> dict[str, Any]:
    # A claim grows below a pod that goes on; what a worker makes of it is its quota, which is a property.
    claim = volume.claim and {key: value for key, value in volume.claim.items() if key != "resources"}
    return {**asdict(volume), "claim": claim}


def _image(spec: ClusterSpec) -> str:
    return f"{spec.image.repository}:{spec.image.tag or spec.version}"


def _sockets(cluster: Cluster) -> dict[str, str] | None:
    given = cluster.spec.workers.short_circuit
    if given.policy == "None":
        return None
    return {"folder": SOCKET_FOLDER, "host": host_folder(given.path, cluster.names)}


def _secrets_of_the_mount(spec: ClusterSpec, role: str) -> dict[str, Any]:
    # A worker gets them from its master and keeps them for as long as it runs: it has to start anew, too.
    found = ufs_options.secret_options(spec.root_mount, names.MASTER) if role in ufs_options.ROLES else []
    return {"secretOptions": found} if found else {}


def _ufs(mount: RootMount, made: Names) -> dict[str, Any]:
    volume = mount.volume
    return {
        "path": mount.path,
        "claim": volume and (volume.claim_name or made.of("ufs")),
        "make": None if volume is None or volume.claim_name else volume.model_dump(by_alias=True, mode="json"),
        "hadoopFolder": ufs_options.HADOOP_FOLDER,
    }


def _fixed_options(spec: ClusterSpec, role: str) -> tuple[str, ...]:
    if role == names.WORKER:
        # The public image's entry point moves a MEM tier to /dev/shm unless the option is found among the JVM's.
        paths = ",".join(tier_folder(tier.name) for tier in spec.workers.tiers[:1])
        return (f"-Dalluxio.worker.tieredstore.level0.dirs.path={paths}",)
    return ()


def _placement(process: Placement) -> dict[str, Any]:
    dumped = process.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {
        "nodeSelector": dumped["nodeSelector"],
        "tolerations": dumped["tolerations"],
        "affinity": dumped.get("affinity"),
        "priorityClassName": dumped.get("priorityClassName"),
        "graceSeconds": dumped["terminationGracePeriodSeconds"],
        "podLabels": dumped["podLabels"],
        "podAnnotations": dumped["podAnnotations"],
    }


def _resources(process: Process, request: int, limit: int) -> dict[str, Any]:
    given = process.resources
    return {
        "requests": _amounts(given.requests.cpu, request),
        "limits": _amounts(given.limits.cpu, limit),
    }


def _amounts(cpu: str | None, memory: int) -> dict[str, str]:
    return {**({"cpu": cpu} if cpu else {}), "memory": in_binary(memory)}
