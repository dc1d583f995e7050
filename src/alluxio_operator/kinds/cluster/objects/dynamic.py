"""Properties that a leading master takes while it runs: which they are, and what it has to be told; pure.

Alluxio accepts almost every property while it runs and reads most of them once, at the start. Those here were seen to
take effect on a running leader (docs/decisions/0031-properties-without-a-restart.md). A change of no other restarts
nothing: it is written for the next start, and the leader is told. Standbys can't be told and read nothing anew, so
whoever comes to lead is told then; the status keeps who was told what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.api.alluxiocluster_status import DynamicProperties
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.roles import processes
from alluxio_operator.workloads.pods import Pod

GATE: Final = "DynamicConfigApplied"
SWITCH: Final = "alluxio.conf.dynamic.update.enabled"


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A property that is taken while running: Alluxio's own value, and the roles that read it but can't be told."""

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
"""By version. Not among them for 2.9.3: it fixes how often a check runs when the check is begun."""

DURATION: Final = re.compile(r"0*[1-9][0-9]*(ms|millisecond|s|sec|second|m|min|minute|h|hr|hour|d|day)?", re.IGNORECASE)
"""Those above 0 that Alluxio reads; a number alone is milliseconds."""


@dataclass(frozen=True, slots=True)
class DynamicUpdate:
    """What the leader is to be told now, and the gate as it is if nobody tells; `status` is who was told what."""

    status: DynamicProperties | None = None
    leader: Pod | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class UpdateConfiguration:
    """Properties that a leading master is to take while it runs; once more is as good as once."""

    leader: Pod
    properties: Mapping[str, str]


def without_restart(spec: ClusterSpec, role: str, site: Mapping[str, str]) -> frozenset[str]:
    """Return the properties of a role whose change restarts nothing: masters are told, and the role doesn't read them.

    `site` are all that the role has.
    """
    return frozenset(
        key
        for key, one in _taken(spec, site).items()
        if key in site and (role == names.MASTER or role not in one.also_read_by)
    )


def wanted(spec: ClusterSpec, site: Mapping[str, str], known: Iterable[str]) -> Mapping[str, str]:
    """Return what a leader with the properties `site` is to have of these; what is no longer set is as Alluxio has it.

    `known` are those that masters may have been started with, or told.
    """
    # The JVM's own options win at the start, and nobody expects them to be changed by anything else.
    fixed = {option[2:].partition("=")[0] for option in spec.masters.jvm.options if option.startswith("-D")}
    once = frozenset(known)
    return {
        key: site.get(key, one.default)
        for key, one in sorted(_taken(spec, site).items())
        if (key in site or key in once) and key not in fixed
    }


def next_update(spec: ClusterSpec, site: Mapping[str, str], observed: Observed, leader: Pod | None) -> DynamicUpdate:
    """Return what a leader is to be told; None stands for one that isn't there or is about to be replaced anyway."""
    before = observed.status.dynamic_properties
    properties = wanted(spec, site, before.properties if before else ())
    if not properties:
        return DynamicUpdate()
    if leader is None or not isinstance(observed.master, MasterInfo):
        # Why is another gate's word; the one that comes next has read it, or is told.
        return DynamicUpdate(before)
    if before is not None and before == _record(leader, properties):
        return DynamicUpdate(before, gate=_taken_by(leader))
    said = f"{leader.name} is to be told {_listed(properties)}"
    return DynamicUpdate(before, leader, properties, Gate(GATE, False, "Waiting", said))


def after_update(step: DynamicUpdate, answer: Mapping[str, bool] | NoAnswer) -> DynamicUpdate:
    """Return what came of it."""
    leader, properties = step.leader, step.properties
    if leader is None:
        return step
    if isinstance(answer, NoAnswer):
        said = f"{leader.name} is to be told {_listed(properties)}: {answer.reason}"
        return DynamicUpdate(step.status, leader, properties, Gate(GATE, False, "NoAnswer", said))
    refused = {key: text for key, text in properties.items() if not answer.get(key)}
    if refused:
        said = f"{leader.name} doesn't take {_listed(refused)}; its log says why. Set another value, or none"
        return DynamicUpdate(step.status, leader, properties, Gate(GATE, False, "Refused", said))
    return DynamicUpdate(_record(leader, properties), leader, properties, _taken_by(leader))


def newly_applied(before: DynamicProperties | None, after: DynamicProperties | None) -> Iterable[str]:
    """Return the properties that a leader has got since, with their values."""
    known = before.properties if before else {}
    return [f"{key}={value}" for key, value in (after.properties if after else {}).items() if known.get(key) != value]


def problems(spec: ClusterSpec) -> Iterable[Problem]:
    """Yield values that no master would take; one that reads them at its start ends with an error."""
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


def _taken(spec: ClusterSpec, site: Mapping[str, str]) -> Mapping[str, Dynamic]:
    return DYNAMIC.get(spec.version, {}) if site.get(SWITCH, "").lower() == "true" else {}


def _record(leader: Pod, properties: Mapping[str, str]) -> DynamicProperties:
    return DynamicProperties(pod=leader.name, uid=leader.uid, restarts=leader.restarts, properties=dict(properties))


def _taken_by(leader: Pod) -> Gate:
    return Gate(GATE, True, "Taken", f"{leader.name} has what is taken without a restart")


def _listed(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in properties.items())
