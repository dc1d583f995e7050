"""Computes every value that the templates place: images, options, sizes, labels, configuration texts and their
hashes.
"""

from __future__ import annotations

from typing import Any

from alluxio_operator.api.base import API_VERSION, in_binary
from alluxio_operator.api.presto import KIND, Engine, PrestoRole
from alluxio_operator.api.presto_status import AlluxioStatus
from alluxio_operator.kinds.presto import cache, catalogs, folders, names, properties, shutdown
from alluxio_operator.kinds.presto.memory import jvm_flags
from alluxio_operator.kinds.presto.properties import as_text, role_of
from alluxio_operator.kinds.presto.scaling import floor_of
from alluxio_operator.kinds.presto.validate import USER_VARIABLE, Presto
from alluxio_operator.kube.text import digest
from alluxio_operator.workloads.user_volumes import mounts_of, spread_of, volumes_of


def context_of(presto: Presto, alluxio: AlluxioStatus | None, workers: int) -> dict[str, Any]:
    """Return the values for all templates of a Presto that is to have so many workers."""
    spec, made = presto.spec, presto.names
    files = {
        f"{one.name}.properties": as_text(catalogs.properties_of(one, spec, presto.dialect)) for one in spec.catalogs
    }
    secrets = catalogs.secret_properties(spec.catalogs)
    site = cache.site_properties(spec, alluxio) if alluxio else None
    shared = {
        "node": properties.node_properties(made),
        "catalogs": files,
        "secrets": secrets,
        "alluxio": site,
        **({"files": presto.dialect.files} if presto.dialect.files else {}),
    }
    most = max(spec.autoscaling.max_replicas if spec.autoscaling else 0, spec.workers.replicas, floor_of(spec))
    return {
        "name": made.presto,
        "namespace": made.namespace,
        "serviceAccount": made.service,
        "version": spec.version,
        "image": f"{spec.image.repository or presto.dialect.repository}:{spec.image.tag or spec.version}",
        "pullPolicy": spec.image.pull_policy,
        "pullSecrets": [{"name": secret.name} for secret in spec.image.pull_secrets],
        "owner": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": made.presto,
            "uid": presto.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        },
        "labels": {component: dict(made.labels(component)) for component in (*names.ROLES, names.CLIENT)},
        "configMaps": {part: made.config(part) for part in ("jvm", "node", "config", "catalogs", "alluxio")},
        "names": {"service": made.service, "coordinator": made.coordinator},
        "roles": {role: _role(presto, role, shared, alluxio) for role in names.ROLES},
        "workers": {
            "replicas": workers,
            "maxSurge": spec.workers.max_surge,
            "maxUnavailable": spec.workers.max_unavailable,
            # A single one gets no budget: it would hold up every drain of its node.
            "budget": most > 1,
        },
        "home": presto.dialect.home,
        "launcher": presto.dialect.launcher,
        "logPackage": presto.dialect.log_package,
        "files": presto.dialect.files,
        "userHeader": presto.dialect.user_header,
        "drainArguments": presto.dialect.drain_arguments,
        "conf": folders.CONF,
        "data": folders.DATA,
        "nodeProperties": as_text(properties.node_properties(made)),
        "catalogs": {
            "folder": folders.CATALOGS,
            "plainFolder": folders.PLAIN_CATALOGS,
            "files": files,
            "secrets": secrets,
        },
        "alluxio": {
            "folder": folders.ALLUXIO,
            "site": as_text(site),
            "sockets": cache.sockets(spec, alluxio),
        }
        if site is not None
        else None,
        "discoveryPort": properties.DISCOVERY_PORT,
        "service": spec.service.model_dump(by_alias=True, mode="json"),
    }


def _role(presto: Presto, role: str, shared: dict[str, Any], alluxio: AlluxioStatus | None) -> dict[str, Any]:
    spec, made, division = presto.spec, presto.names, presto.memory[role]
    given = role_of(spec, role)
    config = properties.for_role(spec, made, presto.dialect, role, division)
    jvm = (*jvm_flags(division), *presto.dialect.jvm_flags, *given.jvm.options)
    selector = dict(made.selector(role))
    worker = role == names.WORKER
    sockets = cache.sockets(spec, alluxio) if worker else None
    return {
        **_placement(given, spec.engine),
        "name": made.of(role),
        "selector": selector,
        # A user's own podAffinity takes the place of the one to the cache, other kinds of affinity stand beside it.
        "affinity": {**((cache.affinity(spec) if worker else None) or {}), **(given.affinity or {})} or None,
        "spread": spread_of(given, selector, over_nodes=worker),
        "graceSeconds": shutdown.grace_of(given, spec.graceful_shutdown, presto.dialect),
        "config": as_text(config),
        "jvm": "\n".join(jvm) + "\n",
        "drain": f"presto/files/{presto.dialect.drains[role]}",
        "port": given.ports.http,
        "resources": {
            "requests": _amounts(given.resources.requests.cpu, division.request),
            "limits": _amounts(given.resources.limits.cpu, division.limit),
        },
        "mounts": mounts_of(given),
        "volumes": volumes_of(given),
        "sockets": sockets,
        "env": [
            *([{"name": USER_VARIABLE, "value": spec.alluxio.user}] if spec.alluxio else []),
            *(variable.model_dump(by_alias=True, mode="json", exclude_none=True) for variable in given.env),
        ],
        # What a server reads once, at its start.
        "configHash": digest({**shared, "config": config, "jvm": jvm}),
    }


def _placement(role: PrestoRole, engine: Engine) -> dict[str, Any]:
    dumped = role.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {
        "nodeSelector": dumped["nodeSelector"],
        "tolerations": dumped["tolerations"],
        "priorityClassName": dumped.get("priorityClassName"),
        "podLabels": dumped["podLabels"],
        "podAnnotations": {**dumped["podAnnotations"], names.ENGINE: engine},
    }


def _amounts(cpu: str | None, memory: int) -> dict[str, str]:
    return {**({"cpu": cpu} if cpu else {}), "memory": in_binary(memory)}
