"""Computes Alluxio's properties for each role, in layers: defaults, the cluster's, the role's, derived values.

Source: the property list of Alluxio 2.9. A comment next to a value names the version on which it was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from types import MappingProxyType
from typing import Final

import javaproperties

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters import space
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import backup_lock
from alluxio_operator.kinds.cluster.objects.tiers import socket_properties, tier_properties
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.kinds.cluster.ufs import options as ufs_options
from alluxio_operator.workloads.identity import DEFAULT, identity_of

JOURNAL_FOLDER: Final = "/journal"
RESTORE_COPY: Final = f"{JOURNAL_FOLDER}/.restore.gz"
"""Copy of a backup from a volume, beside the journal that it is restored into."""
RESTORE_FROM: Final = "alluxio.master.journal.init.from.backup"
METASTORE_FOLDER: Final = "/opt/alluxio/metastore"
CONF_FOLDER: Final = "/etc/alluxio"
PLAIN_CONF_FOLDER: Final = "/etc/alluxio-plain"
"""Folder with the configuration before an init container adds the values from Secrets."""

FIRST_ELECTION: Final = "alluxio.master.embedded.journal.ratis.config.raft.server.rpc.first-election.timeout"
"""Prefix of settings of Ratis, which replicates the journal: how long a new member waits before its first election."""

DEFAULTS: Final[Mapping[str, str]] = {
    # Alluxio would contact its vendor's server at each start.
    "alluxio.master.update.check.enabled": "false",
    # Lets the operator set dynamic properties without a restart.
    "alluxio.conf.dynamic.update.enabled": "true",
    "alluxio.web.ui.enabled": "false",
    # By default, Alluxio acknowledges a write that is only in one worker's memory. Losing the pod would lose the data.
    "alluxio.user.file.writetype.default": "CACHE_THROUGH",
    # A single member elects itself within half a second. With Ratis 2.4, a member that is elected before its startup is
    # complete leads but never serves ("stateMachineUpdater is uninitialized"; seen on a busy machine, with the job
    # master of 2.9.3).
    f"{FIRST_ELECTION}.min": "2s",
    f"{FIRST_ELECTION}.max": "3s",
}
"""Defaults of the operator that replace Alluxio's; the spec may override them."""

FAILOVER: Final[Mapping[str, str]] = {
    # How long a standby waits for the leader before it starts an election; Alluxio's defaults are 10s and 20s.
    "alluxio.master.embedded.journal.election.timeout.min": "1s",
    "alluxio.master.embedded.journal.election.timeout.max": "2s",
    # A new member waits longer: while it is busy with its startup, it would take the lead from a healthy leader.
    f"{FIRST_ELECTION}.min": "4s",
    f"{FIRST_ELECTION}.max": "8s",
    # Safe mode, in which workers find the new leader; Alluxio's default is 5s.
    "alluxio.master.worker.connect.wait.time": "2s",
    # Longest pause before a client or worker retries; Alluxio's default is 3s. Alluxio warns if safe mode is shorter.
    "alluxio.user.rpc.retry.max.sleep": "1s",
    # A master whose node or pod fails suddenly doesn't close its connections: only keepalive pings show a waiting
    # client that it is gone. Alluxio's defaults are 30s each, and by default servers drop connections that ping faster.
    "alluxio.user.network.rpc.keepalive.time": "2s",
    "alluxio.user.network.rpc.keepalive.timeout": "2s",
    # Timeout of the question to each master whether it leads; Alluxio's default of 30s is spent on a failed master.
    "alluxio.user.master.polling.timeout": "2s",
    "alluxio.master.network.permit.keepalive.time": "1s",
    "alluxio.worker.network.permit.keepalive.time": "1s",
    "alluxio.job.master.network.permit.keepalive.time": "1s",
}
"""Further defaults for several masters, for a faster failover; docs/high-availability.md has the measurements."""

DEFAULTS_OF_CLIENTS: Final[Mapping[str, str]] = {
    # A restarted worker has another address, and a client's JVM keeps the old one for 30 s. Nothing answers there, so
    # the client waits this long for its login before it reads from another worker. Alluxio's default is 30s (read in
    # the sources of 2.9.4).
    "alluxio.network.connection.auth.timeout": "5s",
}
"""Further defaults for clients of workers: the client ConfigMap, proxies and mounts. Servers keep Alluxio's."""

DEFAULTS_OF_ROLES: Final[Mapping[str, Mapping[str, str]]] = {
    # By default, Alluxio serves the newer S3 interface. Then the proxy answers every call of the REST interface with an
    # empty 200 and does nothing (run on 2.9.4).
    names.PROXY: {"alluxio.proxy.s3.v2.version.enabled": "false", **DEFAULTS_OF_CLIENTS},
    names.FUSE: DEFAULTS_OF_CLIENTS,
    names.MASTER: backup_lock.DEFAULTS,
}
"""Further defaults, by role."""

STOPPING: Final[Mapping[str, str]] = {
    # A worker is a client, too, when it fetches blocks from other workers. It would report the metrics of that a last
    # time when it ends, and retry for two minutes if the masters are gone, as in the deletion of a cluster (run on
    # 2.9.4). Its metrics as a worker don't come this way.
    "alluxio.user.metrics.collection.enabled": "false",
}
"""Further defaults of workers, so that they end in seconds. No worker needs to restart for them."""

LATER_DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    names.FUSE: DEFAULTS_OF_CLIENTS,
    names.MASTER: backup_lock.DEFAULTS,
    names.PROXY: DEFAULTS_OF_CLIENTS,
    names.WORKER: STOPPING,
}
"""Defaults that came with a later version, by role. Pods of an earlier one get them when they restart next."""

RESERVED: Final = frozenset(
    {
        "alluxio.conf.dir",
        "alluxio.fuse.mount.alluxio.path",
        "alluxio.fuse.mount.options",
        "alluxio.fuse.mount.point",
        "alluxio.fuse.web.enabled",
        "alluxio.fuse.web.port",
        "alluxio.home",
        "alluxio.job.master.hostname",
        "alluxio.job.worker.hostname",
        "alluxio.logs.dir",
        "alluxio.master.hostname",
        "alluxio.master.mount.table.root.readonly",
        "alluxio.master.rpc.addresses",
        "alluxio.proxy.web.port",
        "alluxio.worker.data.server.domain.socket.address",
        "alluxio.worker.data.server.domain.socket.as.uuid",
        "alluxio.worker.hostname",
    }
)
"""Reserved properties, with the derived ones: set elsewhere, or derived only for some numbers of masters."""


LOGIN: Final = MappingProxyType({"alluxio.security.login.username": "alluxio"})
"""Name of the processes' user in Alluxio. Java finds none for a uid without an entry in the image's /etc/passwd."""


def derived(spec: ClusterSpec, cluster: Names, members: int | None = None) -> Mapping[str, str]:
    """Return the properties that follow from fields of the spec; a user can't set them by hand.

    `members` is the number of masters if it differs from the spec's: it stays while they are scaled to zero.
    """
    count = _masters(spec, members)
    masters = [cluster.master_host(ordinal) for ordinal in range(count)]
    ports = spec.masters.ports
    values = {
        "alluxio.master.rpc.port": ports.rpc,
        "alluxio.master.web.port": ports.web,
        "alluxio.master.embedded.journal.port": ports.embedded_journal,
        "alluxio.master.journal.type": "EMBEDDED",
        "alluxio.master.journal.folder": JOURNAL_FOLDER,
        "alluxio.master.metastore.dir": METASTORE_FOLDER,
        # Without it, standbys don't answer HTTP and would look down.
        "alluxio.standby.master.web.enabled": True,
        "alluxio.master.rpc.addresses": _addresses(masters, ports.rpc),
        "alluxio.master.embedded.journal.addresses": _addresses(masters, ports.embedded_journal),
        **ufs_options.site_properties(spec.root_mount),
        "alluxio.worker.rpc.port": spec.workers.ports.rpc,
        "alluxio.worker.web.port": spec.workers.ports.web,
        **tier_properties(spec.workers),
        **socket_properties(spec.workers),
    }
    if len(masters) == 1:
        # Workers don't accept a list with a single address: they exit with "unable to determine master address" (run on
        # 2.9.4).
        values["alluxio.master.hostname"] = masters[0]
        del values["alluxio.master.rpc.addresses"]
    if spec.job_service.enabled:
        job_master, job_worker = spec.job_service.master.ports, spec.job_service.worker.ports
        job_master_host = cluster.host(names.JOB_MASTER, 0)
        values |= {
            "alluxio.job.master.hostname": job_master_host,
            # Without these two, Alluxio expects a job master at the address of each master with an embedded journal.
            "alluxio.job.master.rpc.addresses": _addresses([job_master_host], job_master.rpc),
            "alluxio.job.master.embedded.journal.addresses": _addresses([job_master_host], job_master.embedded_journal),
            "alluxio.job.master.rpc.port": job_master.rpc,
            "alluxio.job.master.web.port": job_master.web,
            "alluxio.job.master.embedded.journal.port": job_master.embedded_journal,
            "alluxio.job.worker.rpc.port": job_worker.rpc,
            "alluxio.job.worker.data.port": job_worker.data,
            "alluxio.job.worker.web.port": job_worker.web,
        }
    return {key: _text(value) for key, value in values.items()}


def derived_for(spec: ClusterSpec, role: str) -> Mapping[str, str]:
    """Return the derived properties of one role only, so that their change restarts no other role."""
    by_role: Mapping[str, Mapping[str, object]] = {
        names.PROXY: {"alluxio.proxy.web.port": spec.proxy.ports.web},
        names.FUSE: {"alluxio.fuse.web.enabled": "true", "alluxio.fuse.web.port": spec.fuse.ports.web},
    }
    return {key: str(value) for key, value in by_role.get(role, {}).items()}


def for_role(spec: ClusterSpec, cluster: Names, role: str, members: int | None = None) -> dict[str, str]:
    """Return the properties of one role; later layers win."""
    return {
        **DEFAULTS,
        **DEFAULTS_OF_ROLES.get(role, {}),
        **(STOPPING if role == names.WORKER else {}),
        **_failover(spec, members, role),
        **({} if identity_of(spec.security) == DEFAULT else LOGIN),
        **(space.threshold_property(spec.masters) if role == names.MASTER else {}),
        **spec.properties,
        **processes(spec)[role].process.properties,
        # Last: another value would contradict the ports, mounts and addresses of the objects.
        **{key: value for key, value in derived(spec, cluster, members).items() if _concerns(key, role)},
        **derived_for(spec, role),
    }


def without_restart(spec: ClusterSpec, role: str, site: Mapping[str, str]) -> frozenset[str]:
    """Return the operator's own defaults that earlier versions didn't set: no pod restarts for them.

    Earlier versions counted a value of the user in the hash, also one that equals the default. `site` holds all
    properties of the role.
    """
    given = spec.properties.keys() | processes(spec)[role].process.properties.keys()
    of_disk = space.without_restart(site) if role == names.MASTER else frozenset()
    return frozenset((LATER_DEFAULTS.get(role, {}).keys() | of_disk) - given)


def restoring(restore: RestoreStatus) -> Mapping[str, str]:
    """Return the properties with which masters restore a backup, if their journal is empty."""
    return {
        RESTORE_FROM: RESTORE_COPY if restore.claim else restore.location,
        # After a restore that fails, a master would write a backup of the names so far into the UFS.
        "alluxio.master.journal.backup.when.corrupted": "false",
    }


def _concerns(key: str, role: str) -> bool:
    # A changed port or tier of workers must not restart masters. Only a master itself reads its HTTP port.
    if key in _OWN_PORTS:
        return role == _OWN_PORTS[key]
    of_workers = key.startswith(("alluxio.worker.", "alluxio.job.worker."))
    return not (of_workers and role in (names.MASTER, names.JOB_MASTER, names.LOG_SERVER))


_OWN_PORTS: Final = {"alluxio.master.web.port": names.MASTER, "alluxio.job.master.web.port": names.JOB_MASTER}


def for_clients(spec: ClusterSpec, cluster: Names, members: int | None = None) -> dict[str, str]:
    """Return the properties of clients: the addresses of the masters, and what the cluster sets for all clients."""
    addresses = {
        key: value
        for key, value in derived(spec, cluster, members).items()
        if key
        in (
            "alluxio.master.hostname",
            "alluxio.master.rpc.port",
            "alluxio.master.rpc.addresses",
            "alluxio.job.master.rpc.addresses",
            *socket_properties(spec.workers),
        )
    }
    known = {**DEFAULTS, **DEFAULTS_OF_CLIENTS, **_failover(spec, members), **spec.properties}
    chosen = {
        key: value for key, value in known.items() if key.startswith("alluxio.user.") or key in DEFAULTS_OF_CLIENTS
    }
    return {**chosen, **addresses}


def problems(spec: ClusterSpec, cluster: Names) -> Iterable[Problem]:
    """Yield the properties in the spec that have no effect, or that follow from other fields."""
    reserved = derived(spec, cluster).keys() | RESERVED
    yield from _without_effect(spec)
    yield from _by_hand("spec.properties", spec.properties, reserved)
    for one in processes(spec).values():
        yield from _by_hand(f"{one.path}.properties", one.process.properties, reserved)
        # A JVM option wins over every properties file.
        options = dict(option[2:].partition("=")[::2] for option in one.process.jvm.options if option.startswith("-D"))
        yield from _by_hand(f"{one.path}.jvm.options", options, reserved)


def _without_effect(spec: ClusterSpec) -> Iterable[Problem]:
    given = {"spec.properties": spec.properties}
    given |= {f"{one.path}.properties": one.process.properties for one in processes(spec).values()}
    for path, properties in given.items():
        for key in sorted(properties):
            if key.startswith("alluxio.worker.tieredstore.level") and ".watermark." in key:
                yield Problem(
                    field=f"{path}[{key}]",
                    value=properties[key],
                    message="has no effect since Alluxio 2.3",
                    remedy="remove it; alluxio.worker.tieredstore.free.ahead.bytes makes room ahead of writes, and "
                    "spec.workers.tierReserve keeps room for moving blocks between tiers",
                )


def _by_hand(path: str, given: Mapping[str, str], reserved: Set[str]) -> Iterable[Problem]:
    for key in sorted(key for key in given if key in reserved or key.startswith(ufs_options.ROOT_OPTION)):
        yield Problem(
            field=f"{path}[{key}]",
            value=given[key],
            message="can't be set by hand: it follows from other fields of the spec",
            remedy=f"remove it{_hint(key)}",
        )


def as_text(properties: Mapping[str, str]) -> str:
    """Return the text of a Java properties file; sorted, so that equal values give equal text."""
    return javaproperties.dumps(dict(properties), sort_keys=True, timestamp=None, ensure_ascii=True)


def _failover(spec: ClusterSpec, members: int | None, role: str = "") -> Mapping[str, str]:
    if _masters(spec, members) == 1:
        return {}
    # The operator runs one job master, whose journal has no other member.
    single = role == names.JOB_MASTER
    return {key: value for key, value in FAILOVER.items() if not (single and key.startswith(_JOURNAL_PREFIX))}


_JOURNAL_PREFIX: Final = "alluxio.master.embedded.journal."


def _masters(spec: ClusterSpec, members: int | None) -> int:
    return max(1, spec.masters.replicas if members is None else members)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _addresses(hosts: Iterable[str], port: int) -> str:
    return ",".join(f"{host}:{port}" for host in hosts)


def _hint(key: str) -> str:
    hints = {
        ".port": " and set the port in the role's ports",
        "tieredstore": " and describe the cache in spec.workers.tiers",
        "root.ufs": " and set spec.rootMount",
        "tier.align.reserved": " and set spec.workers.tierReserve",
        "domain.socket": " and set spec.workers.shortCircuit",
        "alluxio.fuse.mount": " and set it in spec.fuse",
        "root.option": " and set it in spec.rootMount.options",
        "root.readonly": " and set spec.rootMount.readOnly",
    }
    return next((hint for part, hint in hints.items() if part in key), "")
