"""Parses a resource into a typed Presto, or into all problems of its spec; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from alluxio_operator.api.presto import LONGEST_NAME, PrestoSpec
from alluxio_operator.engine.acceptance import acceptance_of
from alluxio_operator.engine.parsing import from_pydantic, nesting
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.presto.autoscaling import windows as schedule
from alluxio_operator.kinds.presto.names import COORDINATOR, Names
from alluxio_operator.kinds.presto.objects import catalogs, memory, properties, user_volumes
from alluxio_operator.kinds.presto.shutdown.grace import drain_seconds
from alluxio_operator.kinds.presto.versions import DIALECTS, Dialect, dialect_of
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.access import is_guarded
from alluxio_operator.workloads.memory import Division, accepted

RESERVED_VARIABLES: Final = frozenset({"POD_IP", "POD_NAME", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"})
"""Variables that the operator sets in the containers, and those that would override the heap that it sets."""

USER_VARIABLE: Final = "HADOOP_USER_NAME"
"""Variable with the user as whom Hadoop's clients, and Alluxio's among them, work."""


@dataclass(frozen=True, slots=True)
class Presto:
    """A Presto with a valid spec."""

    names: Names
    uid: str
    generation: int
    spec: PrestoSpec
    dialect: Dialect
    memory: Mapping[str, Division]
    guarded: bool = True
    """Whether it gets NetworkPolicies."""
    warnings: tuple[Problem, ...] = ()
    """What the operator would refuse in a new Presto, and tolerates in this one, since it accepted it before."""


def validate(resource: Object, now: datetime) -> Presto | tuple[Problem, ...]:
    """Return the Presto, or all its problems, so that a user can fix them at once."""
    meta = resource["metadata"]
    made = Names(meta["name"], meta["namespace"])
    if too_deep := nesting(resource.get("spec", {})):
        return too_deep
    try:
        spec = PrestoSpec.model_validate(resource.get("spec", {}))
    except ValidationError as error:
        return tuple(from_pydantic(error, "presto"))
    if len(made.presto) > LONGEST_NAME:
        return (
            Problem(
                "metadata.name",
                made.presto,
                f"is longer than {LONGEST_NAME} characters: Kubernetes would refuse names that are made from it",
                "create the Presto with a shorter name",
            ),
        )
    before, stricter = accepted(resource), tuple(user_volumes.client_problems(spec))
    dialect, divided = dialect_of(spec.engine, spec.version), memory.divisions(spec, before)
    found = (
        *([dialect] if isinstance(dialect, Problem) else []),
        *memory.problems(spec, before, divided),
        *properties.problems(spec),
        *catalogs.problems(spec),
        *user_volumes.problems(spec),
        *(() if acceptance_of(resource).holds else stricter),
        *_reserved_variables(spec),
        *(_too_short_to_drain(spec, dialect) if isinstance(dialect, Dialect) else ()),
        *(_image_of_another(spec, dialect) if isinstance(dialect, Dialect) else ()),
        *(schedule.problems(spec.autoscaling.schedules, now) if spec.autoscaling else ()),
    )
    if found or isinstance(dialect, Problem):
        return found
    return Presto(
        names=made,
        uid=meta["uid"],
        generation=meta["generation"],
        spec=spec,
        dialect=dialect,
        memory={role: d for role, d in divided.items() if isinstance(d, Division)},
        guarded=is_guarded(resource, spec.access, made.access(COORDINATOR)),
        warnings=(*memory.warnings(spec, before, divided), *stricter),
    )


def _reserved_variables(spec: PrestoSpec) -> Iterable[Problem]:
    for path, role in (("spec.coordinator", spec.coordinator), ("spec.workers", spec.workers)):
        for variable in role.env:
            if variable.name in RESERVED_VARIABLES or (spec.alluxio and variable.name == USER_VARIABLE):
                yield Problem(
                    f"{path}.env[{variable.name}]",
                    "",
                    "can't be set by hand: the operator derives it from other fields",
                    f"remove it, and use {path}.jvm or {path}.properties instead",
                )


def _too_short_to_drain(spec: PrestoSpec, dialect: Dialect) -> Iterable[Problem]:
    least = drain_seconds(spec.graceful_shutdown, dialect)
    for path, role in (("spec.coordinator", spec.coordinator), ("spec.workers", spec.workers)):
        given = role.termination_grace_period_seconds
        if given is not None and given < least:
            yield Problem(
                f"{path}.terminationGracePeriodSeconds",
                str(given),
                f"is too short: a server needs up to {least} s to stop without failing queries",
                f"remove it, raise it to at least {least}, or lower spec.gracefulShutdown.gracePeriodSeconds",
            )


def _image_of_another(spec: PrestoSpec, dialect: Dialect) -> Iterable[Problem]:
    public = {other.repository: engine for engine, known in DIALECTS.items() for other in known.values()}
    given = spec.image.repository
    if given and public.get(given, spec.engine) != spec.engine:
        yield Problem(
            "spec.image.repository",
            given,
            f"holds {public[given]}, and spec.engine is {spec.engine}",
            f"set it to {dialect.repository} or to your own image of {spec.engine}, or correct spec.engine",
        )
