"""Computes every value that the templates place: images, options, sizes, labels, configuration texts and their
hashes.
"""

from __future__ import annotations

from typing import Any

from alluxio_operator.api.alluxiocluster import KIND, ClusterSpec
from alluxio_operator.api.base import API_VERSION, GROUP, in_binary, in_bytes
from alluxio_operator.api.roles import Placement, Process
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.cluster import names, properties, ufs
from alluxio_operator.cluster.memory import MI
from alluxio_operator.cluster.names import Names
from alluxio_operator.cluster.processes import processes
from alluxio_operator.cluster.validate import Cluster
from alluxio_operator.kube.text import digest

CONFIG_HASH = f"{GROUP}/config-hash"

LOG_TO_CONSOLE = "-Dalluxio.logger.type=Console"
"""A process's own logs go to its standard output; given to it alone, as the command line's output is for pipes."""

_JAVA_OPTS = {
    names.MASTER: "ALLUXIO_MASTER_JAVA_OPTS",
    names.WORKER: "ALLUXIO_WORKER_JAVA_OPTS",
    names.JOB_MASTER: "ALLUXIO_JOB_MASTER_JAVA_OPTS",
    names.JOB_WORKER: "ALLUXIO_JOB_WORKER_JAVA_OPTS",
    names.LOG_SERVER: "ALLUXIO_LOGSERVER_JAVA_OPTS",
}
"""Variables of the public image's entry point."""

_TIER_SLACK = 16 * MI
"""A tier's tmpfs is a little larger than its quota, since files in it take whole pages; counted in the overhead."""


def context_of(
    cluster: Cluster, *, journal_job: str | None, journal_operation: str, journal_initialized: bool
) -> dict[str, Any]:
    """Return the values for all templates of a cluster."""
    spec, made = cluster.spec, cluster.names
    roles = {role: _role(cluster, role, one.process) for role, one in processes(spec).items() if role in cluster.memory}
    if spec.job_service.enabled:
        # Both run in one pod, which has to be replaced when either is configured anew.
        roles[names.WORKER]["configHash"] = digest([roles[r]["configHash"] for r in (names.WORKER, names.JOB_WORKER)])
    return {
        "name": made.cluster,
        "namespace": made.namespace,
        "version": spec.version,
        "image": f"{spec.image.repository}:{spec.image.tag or spec.version}",
        "pullPolicy": spec.image.pull_policy,
        "pullSecrets": [{"name": secret.name} for secret in spec.image.pull_secrets],
        "owner": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": made.cluster,
            "uid": cluster.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        },
        "labels": {c: dict(made.labels(c)) for c in (*roles, names.JOURNAL, "client", "ufs")},
        "roles": roles,
        "masters": spec.masters.model_dump(by_alias=True, mode="json", exclude={"properties", "env"}),
        "workers": {
            "workload": spec.workers.workload,
            "replicas": 1 if spec.workers.replicas is None else spec.workers.replicas,
            "tiers": [
                {
                    "volume": f"tier-{tier.name.lower()}",
                    "path": properties.tier_folder(tier.name),
                    "sizeLimit": in_binary(_whole_mi(tier.quota) + _TIER_SLACK),
                }
                for tier in spec.workers.tiers
            ],
        },
        "journal": {
            "claim": made.journal_claim(0),
            "job": journal_job and made.journal_job(journal_operation),
            "mode": journal_job,
            "initialized": journal_initialized,
            "folder": properties.JOURNAL_FOLDER,
            "owned": spec.deletion_policy == "Delete",
            "storage": spec.masters.journal.storage.model_dump(by_alias=True, mode="json"),
        },
        "ufs": _ufs(spec.root_mount, made),
        "logServer": {
            "enabled": spec.log_server.enabled,
            "host": f"{made.of(names.LOG_SERVER)}.{made.namespace}.svc",
            "port": spec.log_server.ports.logs,
            "storage": spec.log_server.storage.model_dump(by_alias=True, mode="json"),
        },
        "jobService": {"enabled": spec.job_service.enabled},
        "service": spec.service.model_dump(by_alias=True, mode="json"),
        "serviceAccountAnnotations": dict(spec.service_account_annotations),
        "conf": properties.CONF_FOLDER,
        "plainConf": properties.PLAIN_CONF_FOLDER,
        "clientProperties": properties.as_text(properties.for_clients(spec, made)),
    }


def _role(cluster: Cluster, role: str, process: Process) -> dict[str, Any]:
    spec, made, division = cluster.spec, cluster.names, cluster.memory[role]
    site = properties.for_role(spec, made, role)
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
        "env": [
            *ufs.environment(spec.root_mount, role),
            *(var.model_dump(by_alias=True, mode="json", exclude_none=True) for var in process.env),
        ],
        "secretOptions": ufs.secret_options(spec.root_mount, role),
        "hadoopFiles": ufs.hadoop_files(spec.root_mount, role),
        "configHash": digest({"properties": site, "jvm": jvm, **_secrets_of_the_mount(spec, role)}),
    }
    if isinstance(process, Placement):
        values |= _placement(process)
    return values


def _secrets_of_the_mount(spec: ClusterSpec, role: str) -> dict[str, Any]:
    # A worker gets them from its master and keeps them for as long as it runs: it has to start anew, too.
    found = ufs.secret_options(spec.root_mount, names.MASTER) if role in ufs.ROLES else []
    return {"secretOptions": found} if found else {}


def _ufs(mount: RootMount, made: Names) -> dict[str, Any]:
    volume = mount.volume
    return {
        "path": mount.path,
        "claim": volume and (volume.claim_name or made.of("ufs")),
        "make": None if volume is None or volume.claim_name else volume.model_dump(by_alias=True, mode="json"),
        "hadoopFolder": ufs.HADOOP_FOLDER,
    }


def _fixed_options(spec: ClusterSpec, role: str) -> tuple[str, ...]:
    if role == names.WORKER:
        # The public image's entry point moves a MEM tier to /dev/shm unless the option is found among the JVM's.
        paths = ",".join(properties.tier_folder(tier.name) for tier in spec.workers.tiers[:1])
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


def _whole_mi(text: str) -> int:
    return -(-in_bytes(text) // MI) * MI
