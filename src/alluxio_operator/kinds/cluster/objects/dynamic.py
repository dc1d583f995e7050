"""Dynamic properties: which ones a running leader applies, and which ones it still needs; pure.

Alluxio accepts almost any property at run time but reads most of them only at the start. The properties here take
effect on a running leader (run on 2.9.4; docs/decisions/0031-properties-without-a-restart.md). If only these change, no
pod restarts: the operator writes them to the properties file for the next start, and updates the leader by RPC. A
standby accepts no update and doesn't reread the file. So the operator updates a new leader when it takes over. The
status records which pod has which properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiocluster_status import DynamicProperties
from alluxio_operator.engine.gate import Gate, waiting
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.objects import backup_lock
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.workloads.pods import Pod

GATE: Final = "DynamicConfigApplied"
SWITCH: Final = "alluxio.conf.dynamic.update.enabled"


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A dynamic property: Alluxio's default, and the other roles that read it, which need a restart to change it."""

    default: str
    kind: Literal["duration", "boolean"] = "duration"
    also_read_by: frozenset[str] = field(default=frozenset())


DYNAMIC: Final[Mapping[str, Mapping[str, Dynamic]]] = {
    "2.9.4": {
        "alluxio.master.audit.logging.enabled": Dynamic("false", "boolean", frozenset({names.JOB_MASTER})),
        "alluxio.master.lost.worker.deletion.timeout": Dynamic("30min"),
        "alluxio.master.lost.worker.detection.interval": Dynamic("10sec"),
        "alluxio.master.replication.check.interval": Dynamic("1min"),
        "alluxio.master.worker.timeout": Dynamic("5min"),
    },
}
"""By version. Version 2.9.3 has none: it fixes the interval of a check when the check starts."""

DURATION: Final = re.compile(r"0*[1-9][0-9]*(ms|millisecond|s|sec|second|m|min|minute|h|hr|hour|d|day)?", re.IGNORECASE)
"""Durations above 0 that Alluxio parses; a number without a unit is in milliseconds."""


@dataclass(frozen=True, slots=True)
class DynamicUpdate:
    """The properties that the leader needs, if any, and the gate until it has them."""

    status: DynamicProperties | None = None
    """The last update: which pod has which properties."""
    leader: Pod | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class UpdateConfiguration:
    """Update of a running leader's properties; repeating it changes nothing."""

    leader: Pod
    properties: Mapping[str, str]


def without_restart(spec: ClusterSpec, role: str, site: Mapping[str, str]) -> frozenset[str]:
    """Return the properties whose change doesn't restart a role: it is a master, or doesn't read them.

    `site` holds all properties of the role.
    """
    dynamic = (
        key
        for key, one in _dynamic(spec, site).items()
        if key in site and (role == names.MASTER or role not in one.also_read_by)
    )
    # The operator sets these before a backup.
    return frozenset((*dynamic, *(backup_lock.KEYS & site.keys() if _is_on(site) else ())))


def wanted(spec: ClusterSpec, site: Mapping[str, str], known: Iterable[str]) -> Mapping[str, str]:
    """Return the dynamic properties that a leader with the properties `site` needs.

    `known` are the keys that masters may have had before: those that are no longer set get Alluxio's default.
    """
    # JVM options win over the properties file at the start, so an update must not override them either.
    fixed = {option[2:].partition("=")[0] for option in spec.masters.jvm.options if option.startswith("-D")}
    had = frozenset(known)
    return {
        key: site.get(key, one.default)
        for key, one in sorted(_dynamic(spec, site).items())
        if (key in site or key in had) and key not in fixed
    }


def next_update(spec: ClusterSpec, site: Mapping[str, str], observed: Observed, leader: Pod | None) -> DynamicUpdate:
    """Return the update that the leader needs; `leader` is None if none leads or the rollout replaces it next."""
    before = observed.status.dynamic_properties
    properties = wanted(spec, site, before.properties if before else ())
    if not properties:
        return DynamicUpdate()
    if leader is None or not isinstance(observed.master, MasterInfo):
        # Another gate reports the missing leader. The next one has read the file, or gets an update.
        return DynamicUpdate(before)
    if before is not None and before == _record(leader, properties):
        return DynamicUpdate(before, gate=_applied(leader))
    message = f"the leader {leader.name} needs {_listed(properties)}"
    return DynamicUpdate(before, leader, properties, waiting(GATE, message))


def after_update(step: DynamicUpdate, answer: Mapping[str, bool] | NoAnswer) -> DynamicUpdate:
    """Return the update with the leader's answer: True for each property that it accepted."""
    leader, properties = step.leader, step.properties
    if leader is None:
        return step
    if isinstance(answer, NoAnswer):
        message = f"the leader {leader.name} needs {_listed(properties)}: {answer.reason}"
        return DynamicUpdate(step.status, leader, properties, Gate(GATE, False, "NoAnswer", message))
    refused = {key: text for key, text in properties.items() if not answer.get(key)}
    if refused:
        message = f"the leader {leader.name} refused {_listed(refused)}. See its log; set another value, or remove it"
        return DynamicUpdate(step.status, leader, properties, Gate(GATE, False, "Refused", message))
    return DynamicUpdate(_record(leader, properties), leader, properties, _applied(leader))


def newly_applied(before: DynamicProperties | None, after: DynamicProperties | None) -> Iterable[str]:
    """Return the properties that differ from `before`, as key=value."""
    known = before.properties if before else {}
    return [f"{key}={value}" for key, value in (after.properties if after else {}).items() if known.get(key) != value]


def problems(spec: ClusterSpec) -> Iterable[Problem]:
    """Yield values that a master refuses; a master that reads such a value at its start exits with an error."""
    given = {"spec.properties": spec.properties}
    given |= {f"{one.path}.properties": one.process.properties for one in processes(spec).values()}
    for path, properties in given.items():
        for key, one in DYNAMIC.get(spec.version, {}).items():
            value = properties.get(key)
            if value is None:
                continue
            if one.kind == "duration" and not DURATION.fullmatch(value):
                yield Problem(
                    f"{path}[{key}]",
                    value,
                    "isn't a duration above 0",
                    "give a whole number and a unit, as in 90s or 5min",
                )
            if one.kind == "boolean" and value.lower() not in ("true", "false"):
                yield Problem(f"{path}[{key}]", value, "is neither true nor false", "set it to one of them")


def _dynamic(spec: ClusterSpec, site: Mapping[str, str]) -> Mapping[str, Dynamic]:
    return DYNAMIC.get(spec.version, {}) if _is_on(site) else {}


def _is_on(site: Mapping[str, str]) -> bool:
    return site.get(SWITCH, "").lower() == "true"


def _record(leader: Pod, properties: Mapping[str, str]) -> DynamicProperties:
    return DynamicProperties(pod=leader.name, uid=leader.uid, restarts=leader.restarts, properties=dict(properties))


def _applied(leader: Pod) -> Gate:
    return Gate(GATE, True, "Taken", f"the leader {leader.name} has all dynamic properties")


def _listed(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in properties.items())
