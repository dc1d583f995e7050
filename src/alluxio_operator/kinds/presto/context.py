"""Computes every value that the templates place: images, options, sizes, labels, configuration texts and their hashes.

Pure. The roles come last in a context: a role's hash covers all that a server reads once, at its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alluxio_operator.api.base import in_binary
from alluxio_operator.api.presto import KIND, Engine, PrestoRole
from alluxio_operator.api.presto_status import AlluxioStatus
from alluxio_operator.engine.ownership import owner_reference
from alluxio_operator.kinds.presto import hashes, names
from alluxio_operator.kinds.presto.autoscaling.target import floor_of
from alluxio_operator.kinds.presto.cache import values as cache
from alluxio_operator.kinds.presto.hashes import Inputs
from alluxio_operator.kinds.presto.objects import catalogs, folders, properties
from alluxio_operator.kinds.presto.objects.access import access_values
from alluxio_operator.kinds.presto.objects.memory import jvm_flags
from alluxio_operator.kinds.presto.objects.properties import as_text, role_of
from alluxio_operator.kinds.presto.shutdown.grace import grace_of
from alluxio_operator.kinds.presto.validate import USER_VARIABLE, Presto
from alluxio_operator.workloads.anti_affinity import merged
from alluxio_operator.workloads.identity import hashed, identity_of
from alluxio_operator.workloads.user_volumes import mounts_of, spread_of, volumes_of


def context_of(
    presto: Presto, alluxio: AlluxioStatus | None, workers: int, baseline: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the values for all templates of a Presto that is to run so many workers.

    `baseline` has the digest of the values that the hash of a role leaves out, by role (`hashes`).
    """
    spec, made = presto.spec, presto.names
    files = catalogs.files(spec, presto.dialect)
    secrets = catalogs.secret_properties(spec.catalogs)
    site = cache.site_properties(spec, alluxio) if alluxio else None
    client = cache.client(spec, presto.dialect, alluxio)
    node = properties.node_properties(made)
    identity, program = _identity(presto), _program(presto, client)
    shared = Inputs(
        read={
            "node": node,
            "catalogs": files,
            "secrets": secrets,
            "alluxio": None if site is None else cache.needing_restart(site),
            **hashed(spec.security),
            **({"files": presto.dialect.files} if presto.dialect.files else {}),
        },
        others={
            "client": client,
            "program": program,
            # A pod that comes back from an older template refers to the names in it.
            "names": [identity["serviceAccount"], identity["configMaps"]],
        },
    )
    return {
        **identity,
        **program,
        "identity": identity_of(spec.security),
        "nodeProperties": as_text(node),
        "catalogs": {
            "folder": folders.CATALOGS,
            "plainFolder": folders.PLAIN_CATALOGS,
            "files": files,
            "secrets": secrets,
        },
        "alluxio": None if site is None else {"folder": folders.ALLUXIO, "site": as_text(site)},
        "client": client,
        "workers": _workers(presto, workers),
        "discoveryPort": properties.DISCOVERY_PORT,
        "access": access_values(spec, made) if presto.guarded else [],
        "service": spec.service.model_dump(by_alias=True, mode="json"),
        "roles": {
            role: _role(presto, role, alluxio, client, shared, (baseline or {}).get(role)) for role in names.ROLES
        },
    }


def _identity(presto: Presto) -> dict[str, Any]:
    made = presto.names
    return {
        "name": made.presto,
        "namespace": made.namespace,
        "serviceAccount": made.service,
        "owner": owner_reference(KIND, made.presto, presto.uid),
        "labels": {component: dict(made.labels(component)) for component in (*names.ROLES, names.CLIENT)},
        "configMaps": {part: made.config(part) for part in ("jvm", "node", "config", "catalogs", "alluxio")},
        "names": {"service": made.service, "coordinator": made.coordinator},
    }


def _program(presto: Presto, client: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the image, and how its version is started and drained."""
    image, version, dialect = presto.spec.image, presto.spec.version, presto.dialect
    secrets = [secret.name for secret in image.pull_secrets]
    if client:
        secrets += [name for name in client["pullSecrets"] if name not in secrets]
    return {
        "version": version,
        "image": f"{image.repository or dialect.repository}:{image.tag or version}",
        "pullPolicy": image.pull_policy,
        "pullSecrets": [{"name": name} for name in secrets],
        "home": dialect.home,
        "launcher": dialect.launcher,
        "logPackage": dialect.log_package,
        "files": dialect.files,
        "userHeader": dialect.user_header,
        "drainArguments": dialect.drain_arguments,
        "conf": folders.CONF,
        "data": folders.DATA,
    }


def _workers(presto: Presto, replicas: int) -> dict[str, Any]:
    spec = presto.spec
    most = max(spec.autoscaling.max_replicas if spec.autoscaling else 0, spec.workers.replicas, floor_of(spec))
    return {
        "replicas": replicas,
        "maxSurge": spec.workers.max_surge,
        "maxUnavailable": spec.workers.max_unavailable,
        # A single worker gets no budget: it would block every drain of its node.
        "budget": most > 1,
    }


def _role(
    presto: Presto,
    role: str,
    alluxio: AlluxioStatus | None,
    client: Mapping[str, Any] | None,
    shared: Inputs,
    left_out: str | None,
) -> dict[str, Any]:
    spec, made, division = presto.spec, presto.names, presto.memory[role]
    given = role_of(spec, role)
    plugins = folders.CLIENT_PLUGINS if client else f"{presto.dialect.home}/plugin"
    config = properties.for_role(spec, made, presto.dialect, role, division, plugins)
    jvm = (*jvm_flags(division), *presto.dialect.jvm_flags, *given.jvm.options)
    selector = dict(made.selector(role))
    is_worker = role == names.WORKER
    values = {
        **_pod_metadata(given, spec.engine),
        **_placement(given),
        "name": made.of(role),
        "selector": selector,
        "affinity": merged(cache.affinity(spec) if is_worker else None, given.affinity),
        "spread": spread_of(given, selector, over_nodes=is_worker),
        "graceSeconds": grace_of(given, spec.graceful_shutdown, presto.dialect),
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
        "sockets": cache.sockets(spec, alluxio) if is_worker else None,
        "env": _environment(presto, given),
    }
    inputs = Inputs({**shared.read, "config": config, "jvm": jvm}, {**shared.others, "role": values})
    return {**values, **hashes.of(inputs, left_out)}


def _pod_metadata(role: PrestoRole, engine: Engine) -> dict[str, Any]:
    return {
        "podLabels": dict(role.pod_labels),
        "podAnnotations": {**role.pod_annotations, names.ENGINE: engine},
    }


def _placement(role: PrestoRole) -> dict[str, Any]:
    dumped = role.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {
        "nodeSelector": dumped["nodeSelector"],
        "tolerations": dumped["tolerations"],
        "priorityClassName": dumped.get("priorityClassName"),
    }


def _environment(presto: Presto, role: PrestoRole) -> list[dict[str, Any]]:
    alluxio = presto.spec.alluxio
    return [
        *([{"name": USER_VARIABLE, "value": alluxio.user}] if alluxio else []),
        *(variable.model_dump(by_alias=True, mode="json", exclude_none=True) for variable in role.env),
    ]


def _amounts(cpu: str | None, memory: int) -> dict[str, str]:
    return {**({"cpu": cpu} if cpu else {}), "memory": in_binary(memory)}
