"""config.properties of each role, by rising precedence: defaults, the resource's, the role's, derived; pure.

Sources: the configuration classes of Presto 0.287 and Trino 476. Measurements stand with the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final

import javaproperties

from alluxio_operator.api.presto import PrestoRole, PrestoSpec
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.presto import names
from alluxio_operator.kinds.presto.names import Names
from alluxio_operator.kinds.presto.objects import folders
from alluxio_operator.kinds.presto.objects.memory import query_properties
from alluxio_operator.kinds.presto.versions import Dialect
from alluxio_operator.workloads.memory import Division

DISCOVERY_PORT: Final = 8080
"""Port of the Service by which workers find the coordinator. It never changes, so that a new port of the coordinator
restarts no worker."""

DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    names.COORDINATOR: {
        # How long a query waits for a worker that was killed before it fails. With the default of 5m a client still
        # waited after 165 s; with 30s the query failed after 34 s.
        "query.remote-task.max-error-duration": "30s",
        # A coordinator hands work to a new worker at once. Then it begins to watch that worker, and counts it as failed
        # until the first heartbeat and this time have passed. With the default of 5s, queries that began in between
        # failed with NO_NODES_AVAILABLE.
        "failure-detector.warmup-interval": "0s",
        # How long a query waits for the first worker before it fails; the default is 5m. It is set on every
        # coordinator: otherwise enabling scale to zero would restart the coordinator.
        "query-manager.required-workers-max-wait": "15m",
    },
    names.WORKER: {},
}
"""Defaults of the operator that differ from Presto's; spec.properties overrides them."""

RESERVED: Final = frozenset(
    {
        "catalog.config-dir",
        "coordinator",
        "discovery-server.enabled",
        "discovery.uri",
        "http-server.http.enabled",
        "http-server.http.port",
        "node.data-dir",
        "node.environment",
        "node.id",
        "node.internal-address",
        "plugin.dir",
        "query.max-memory-per-node",
        "shutdown.grace-period",
    }
)
"""Properties that the operator derives from other fields, or from the pod."""


def for_role(
    spec: PrestoSpec, made: Names, dialect: Dialect, role: str, division: Division, plugins: str
) -> dict[str, str]:
    """Return the properties of one role; `plugins` is the folder of the plugins."""
    defaults = {**DEFAULTS[role], **query_properties(division, spec.memory_per_query), **dialect.config}
    return {
        **_understood(defaults, dialect),
        **spec.properties,
        **role_of(spec, role).properties,
        # Last: other values would contradict the ports, mounts and addresses of the objects.
        **_understood(_derived(spec, made, dialect, role, plugins), dialect),
    }


def _understood(properties: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    return {key: value for key, value in properties.items() if key not in dialect.absent}


def role_of(spec: PrestoSpec, role: str) -> PrestoRole:
    """Return the spec of a role."""
    return spec.coordinator if role == names.COORDINATOR else spec.workers


def _derived(spec: PrestoSpec, made: Names, dialect: Dialect, role: str, plugins: str) -> dict[str, str]:
    port = spec.coordinator.ports.http
    common = {
        "http-server.http.port": str(role_of(spec, role).ports.http),
        "catalog.config-dir": folders.CATALOGS,
        "plugin.dir": plugins,
        "shutdown.grace-period": f"{dialect.announce_seconds}s",
    }
    if role == names.COORDINATOR:
        return {
            **common,
            "coordinator": "true",
            "discovery-server.enabled": "true",
            "discovery.uri": f"http://localhost:{port}",
            "node-scheduler.include-coordinator": "false",
        }
    uri = f"http://{made.host(made.coordinator)}:{DISCOVERY_PORT}"
    return {**common, "coordinator": "false", "discovery.uri": uri}


def node_properties(made: Names) -> dict[str, str]:
    """Return node.properties; the command line has the values that differ from pod to pod."""
    # An environment may hold letters, digits and underscores.
    return {"node.environment": made.presto.replace("-", "_"), "node.data-dir": folders.DATA}


def problems(spec: PrestoSpec) -> Iterable[Problem]:
    """Yield properties that are set by hand, though the operator derives them from other fields."""
    given = {
        "spec.properties": spec.properties,
        "spec.coordinator.properties": spec.coordinator.properties,
        "spec.workers.properties": spec.workers.properties,
    }
    for path, properties in given.items():
        yield from _by_hand(path, properties, RESERVED)
    for path, role in (("spec.coordinator", spec.coordinator), ("spec.workers", spec.workers)):
        # An option of the JVM overrides every properties file.
        options = dict(option[2:].partition("=")[::2] for option in role.jvm.options if option.startswith("-D"))
        yield from _by_hand(f"{path}.jvm.options", options, RESERVED)


def _by_hand(path: str, given: Mapping[str, str], reserved: Set[str]) -> Iterable[Problem]:
    hints = {
        "http-server.http.port": " and set spec.coordinator.ports or spec.workers.ports",
        "query.max-memory-per-node": " and set spec.memoryPerQuery",
        "shutdown.grace-period": " and set spec.gracefulShutdown",
    }
    for key in sorted(given.keys() & reserved):
        yield Problem(
            f"{path}[{key}]",
            given[key],
            "can't be set by hand: the operator derives it from other fields",
            f"remove it{hints.get(key, '')}",
        )


def as_text(properties: Mapping[str, str]) -> str:
    """Return properties as a Java properties file, sorted, so that equal values give equal text."""
    return javaproperties.dumps(dict(properties), sort_keys=True, timestamp=None, ensure_ascii=True)
