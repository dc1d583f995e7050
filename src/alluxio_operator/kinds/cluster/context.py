"""Computes the values for the templates: images, options, sizes, labels, configuration files and their hashes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from alluxio_operator.api.alluxiocluster import KIND, ClusterSpec
from alluxio_operator.api.base import in_binary
from alluxio_operator.api.roles import Placement, Process
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.engine.ownership import owner_reference
from alluxio_operator.kinds.cluster.names import (
    FUSE,
    JOB_MASTER,
    JOB_WORKER,
    JOURNAL,
    LOG_SERVER,
    MASTER,
    PROXY,
    WORKER,
    Names,
)
from alluxio_operator.kinds.cluster.objects import dynamic, isolation, properties, variables, versions
from alluxio_operator.kinds.cluster.objects.access import access_values
from alluxio_operator.kinds.cluster.objects.disruption import budgets
from alluxio_operator.kinds.cluster.objects.fuse import fuse_values
from alluxio_operator.kinds.cluster.objects.journal import JournalValues as JournalValues
from alluxio_operator.kinds.cluster.objects.journal import RestoreValues as RestoreValues
from alluxio_operator.kinds.cluster.objects.journal import journal_context
from alluxio_operator.kinds.cluster.objects.tiers import (
    SOCKET_FOLDER,
    TierVolume,
    host_folder,
    host_folders,
    own_socket_folder,
    tier_folder,
    tier_volumes,
)
from alluxio_operator.kinds.cluster.ports import ISOLATED
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.kinds.cluster.storage.protection import ANNOTATIONS as PROTECTION
from alluxio_operator.kinds.cluster.ufs import options as ufs_options
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.text import digest
from alluxio_operator.workloads.anti_affinity import apart, merged
from alluxio_operator.workloads.identity import hashed, identity_of
from alluxio_operator.workloads.user_volumes import mounts_of, spread_of, volumes_of

LOG_TO_CONSOLE = "-Dalluxio.logger.type=Console"
"""Option that sends logs to standard output; only for servers, since users pipe the output of the command line."""


_JAVA_OPTS = {
    MASTER: "ALLUXIO_MASTER_JAVA_OPTS",
    WORKER: "ALLUXIO_WORKER_JAVA_OPTS",
    JOB_MASTER: "ALLUXIO_JOB_MASTER_JAVA_OPTS",
    JOB_WORKER: "ALLUXIO_JOB_WORKER_JAVA_OPTS",
    LOG_SERVER: "ALLUXIO_LOGSERVER_JAVA_OPTS",
    PROXY: "ALLUXIO_PROXY_JAVA_OPTS",
    FUSE: "ALLUXIO_FUSE_JAVA_OPTS",
}
"""Variables that the entry point of the public image reads."""


def context_of(cluster: Cluster, journal: JournalValues) -> dict[str, Any]:
    """Return the values for all templates of a cluster."""
    spec, names, restore = cluster.spec, cluster.names, journal.restore
    roles = _roles(cluster)
    rpc_name = "rpc"
    if restore is not None and restore.in_progress:
        # After the hashes: no master restarts when the property goes.
        seen = isolation.isolated(spec) if restore.isolated else spec
        site = {
            **properties.for_role(seen, names, MASTER, cluster.counts.addressed),
            **properties.restoring(restore.status),
        }
        roles[MASTER]["siteProperties"] = properties.as_text(site)
        if restore.isolated:
            rpc_name = ISOLATED
            own = {name: port for name, port in roles[MASTER]["ports"].items() if name != "rpc"}
            roles[MASTER]["podPorts"] = {rpc_name: seen.masters.ports.rpc, **own}
    return {
        "name": names.cluster,
        "namespace": names.namespace,
        "version": spec.version,
        "image": versions.image_of(spec),
        "pullPolicy": spec.image.pull_policy,
        "pullSecrets": [{"name": secret.name} for secret in spec.image.pull_secrets],
        "identity": identity_of(spec.security),
        "overridingVariables": list(variables.OVERRIDING),
        "owner": owner_reference(KIND, cluster.names.cluster, cluster.uid),
        "labels": {c: dict(names.labels(c)) for c in (*roles, JOURNAL, "client", "ufs")},
        "roles": roles,
        "masters": {
            **_dumped(spec.masters, exclude={"properties", "env"}),
            "replicas": cluster.counts.replicas,
            "probe": versions.master_probe(spec.version, cluster.counts.addressed),
            "rpcName": rpc_name,
            **({"replicas": 0} if restore is not None and restore.stops_masters else {}),
        },
        "workers": _workers(cluster),
        "members": cluster.counts.addressed,
        "masterServices": [] if names.pod_hosts else [names.master(n) for n in range(cluster.counts.addressed)],
        "journal": journal_context(cluster, journal, roles[MASTER]),
        "ufs": _ufs(spec.root_mount, names),
        "logServer": _log_server(spec, names),
        "jobService": {"enabled": spec.job_service.enabled},
        "proxy": {
            "enabled": spec.proxy.enabled,
            "replicas": spec.proxy.replicas,
            "service": _dumped(spec.proxy.service),
        },
        "fuse": fuse_values(spec, names),
        "access": access_values(spec, names) if cluster.guarded else [],
        "budgets": [
            asdict(budget) for budget in budgets(spec, cluster.counts.addressed, needs_all=cluster.counts.needs_all)
        ],
        "service": _dumped(spec.service),
        "serviceAccountAnnotations": dict(spec.service_account_annotations),
        "conf": properties.CONF_FOLDER,
        "plainConf": properties.PLAIN_CONF_FOLDER,
        "clientProperties": properties.as_text(properties.for_clients(spec, names, cluster.counts.settled)),
    }


def _dumped(model: BaseModel, exclude: set[str] | None = None) -> dict[str, Any]:
    return model.model_dump(by_alias=True, mode="json", exclude=exclude)


def _roles(cluster: Cluster) -> dict[str, dict[str, Any]]:
    spec = cluster.spec
    roles = {role: _role(cluster, role, one.process) for role, one in processes(spec).items() if role in cluster.memory}
    if spec.job_service.enabled:
        # Both run in one pod: a change of either configuration has to replace it.
        roles[WORKER]["configHash"] = digest([roles[r]["configHash"] for r in (WORKER, JOB_WORKER)])
    if cluster.counts.addressed > 1:
        # Not part of the hash: the default anti-affinity must not replace running masters.
        own = apart(cluster.names.selector(MASTER))
        roles[MASTER]["affinity"] = merged(own, spec.masters.affinity)
    return roles


def _workers(cluster: Cluster) -> dict[str, Any]:
    spec, names = cluster.spec, cluster.names
    return {
        "workload": spec.workers.workload,
        "replicas": spec.workers.count,
        "tiers": [asdict(volume) for volume in tier_volumes(spec.workers, names)],
        "retention": "Delete" if spec.deletion_policy == "Delete" else "Retain",
        "sockets": _sockets(cluster),
        # Not part of the hash: a running worker keeps its socket until it restarts for another reason.
        "ownSockets": own_socket_folder(spec.workers),
        "hostFolders": host_folders(spec.workers, names),
    }


def _log_server(spec: ClusterSpec, names: Names) -> dict[str, Any]:
    return {
        "enabled": spec.log_server.enabled,
        "host": f"{names.of(LOG_SERVER)}.{names.namespace}.svc",
        "port": spec.log_server.ports.logs,
        "storage": _dumped(spec.log_server.storage),
    }


def _role(cluster: Cluster, role: str, process: Process) -> dict[str, Any]:
    spec, names, division = cluster.spec, cluster.names, cluster.memory[role]
    # Other roles learn of a new number of masters once the change is complete.
    site = properties.for_role(
        spec, names, role, cluster.counts.addressed if role == MASTER else cluster.counts.settled
    )
    jvm = (*division.jvm_flags, LOG_TO_CONSOLE, *process.jvm.options, *_fixed_options(spec, role))
    values: dict[str, Any] = {
        "name": names.of(role),
        "configMap": names.of(f"{role}conf"),
        "selector": dict(names.selector(role)),
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
        stateful_workers = role == WORKER and spec.workers.workload == "StatefulSet"
        over_nodes = stateful_workers or role == PROXY
        values |= {
            **_placement(process),
            "volumes": volumes_of(process),
            "spread": spread_of(process, values["selector"], over_nodes=over_nodes),
        }
    if role == WORKER:
        on_disk = sum(volume.on_node_disk for volume in tier_volumes(spec.workers, names))
        if on_disk:
            # Without it, the scheduler would place too many workers on a node, and the kubelet would evict them.
            values["resources"]["requests"]["ephemeral-storage"] = in_binary(on_disk)
    unhashed = ("name", "configMap", "selector", "siteProperties", "javaOptsVariable", "javaOpts")
    hashed = {key: value for key, value in values.items() if key not in unhashed}
    unrestarted = dynamic.without_restart(spec, role, site) | properties.without_restart(spec, role, site)
    static = {key: value for key, value in site.items() if key not in unrestarted}
    values["configHash"] = digest({**hashed, "properties": static, "jvm": jvm, **_shared_inputs(cluster, role)})
    return values


def _shared_inputs(cluster: Cluster, role: str) -> dict[str, Any]:
    """Return the values from other parts of the spec on which a pod of the role depends."""
    spec, names = cluster.spec, cluster.names
    mount = _ufs(spec.root_mount, names)
    inputs: dict[str, Any] = {
        "image": versions.image_of(spec),
        **_mount_secrets(spec, role),
        **hashed(spec.security),
        # Only a requested restart adds the key, so that its absence doesn't change the hash.
        **({"restart": cluster.restarts[role]} if role in cluster.restarts else {}),
    }
    if role != LOG_SERVER:
        # Only a read-only mount adds the key, so that its absence doesn't change the hash.
        inputs["ufs"] = [mount["path"], mount["claim"], *(["readOnly"] if mount["readOnly"] else [])]
    if role in (WORKER, FUSE):
        inputs["sockets"] = _sockets(cluster)
    if role == FUSE:
        inputs["mount"] = fuse_values(spec, names)
    if role == WORKER:
        inputs["tiers"] = [_as_mounted(volume) for volume in tier_volumes(spec.workers, names)]
    if spec.log_server.enabled and role != LOG_SERVER:
        inputs["logServer"] = spec.log_server.ports.logs
    return inputs


def _as_mounted(volume: TierVolume) -> dict[str, Any]:
    # A PVC expands under a running pod. Only the quota matters to a worker, and that is a property.
    claim = volume.claim and {key: value for key, value in volume.claim.items() if key != "resources"}
    return {**asdict(volume), "claim": claim}


def _sockets(cluster: Cluster) -> dict[str, str] | None:
    given = cluster.spec.workers.short_circuit
    if given.policy == "None":
        return None
    return {"folder": SOCKET_FOLDER, "host": host_folder(given.path, cluster.names)}


def _mount_secrets(spec: ClusterSpec, role: str) -> dict[str, Any]:
    # A worker gets them from its master once and keeps them while it runs: it has to restart, too.
    options = ufs_options.secret_options(spec.root_mount, MASTER) if role in ufs_options.ROLES else []
    return {"secretOptions": options} if options else {}


def _ufs(mount: RootMount, names: Names) -> dict[str, Any]:
    volume = mount.volume
    return {
        "path": mount.path,
        "readOnly": mount.read_only,
        "claim": volume and (volume.claim_name or names.of("ufs")),
        "create": None if volume is None or volume.claim_name else volume.model_dump(by_alias=True, mode="json"),
        "claimAnnotations": dict(PROTECTION),
        "hadoopFolder": ufs_options.HADOOP_FOLDER,
    }


def _fixed_options(spec: ClusterSpec, role: str) -> tuple[str, ...]:
    if role == WORKER:
        # The entry point of the public image moves a MEM tier to /dev/shm unless the JVM options set its path.
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
