"""Parses a resource into a typed drill, or into all problems of its spec; pure."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from alluxio_operator.api.alluxiodrill import DrillSpec
from alluxio_operator.engine.parsing import from_pydantic
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.drill.names import Names
from alluxio_operator.kube.kinds import Object


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill with a valid spec."""

    names: Names
    uid: str
    spec: DrillSpec

    @property
    def cluster(self) -> str:
        """Name of the AlluxioCluster."""
        return self.spec.cluster_ref.name

    @property
    def throw_away(self) -> str:
        """Name of the throw-away AlluxioCluster."""
        return self.names.throw_away(self.cluster, self.uid)


def validate(resource: Object) -> Drill | tuple[Problem, ...]:
    """Return the drill, or all its problems."""
    meta = resource["metadata"]
    try:
        spec = DrillSpec.model_validate(resource.get("spec", {}))
    except ValidationError as error:
        return tuple(from_pydantic(error, "alluxiodrill"))
    return Drill(Names(meta["name"], meta["namespace"]), meta["uid"], spec)
