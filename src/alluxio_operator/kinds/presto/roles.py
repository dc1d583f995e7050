"""The roles of a Presto, each with its path in the spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.kinds.presto import names
from alluxio_operator.workloads.explanations import Fields
from alluxio_operator.workloads.pods import Pod
from alluxio_operator.workloads.user_volumes import claims_of, volumes_named

PATHS: Final[Mapping[str, str]] = {names.COORDINATOR: "spec.coordinator", names.WORKER: "spec.workers"}


def _image_of(container: str) -> str:
    # Its init container runs the image of the AlluxioCluster.
    return "spec.image of the AlluxioCluster" if container == "alluxio-client" else "spec.image"


FIELDS: Final = Fields(PATHS.get, _image_of)
"""Fields that remedies for pods name."""


def volume_fields(spec: PrestoSpec) -> Callable[[Pod, str], str]:
    """Return a function from a pod and a message or the name of a PVC to the fields of its volumes."""
    roles = {names.COORDINATOR: spec.coordinator, names.WORKER: spec.workers}
    given = {
        role: {**{volume.name: volume.name for volume in one.volumes}, **claims_of(one)} for role, one in roles.items()
    }

    def fields(pod: Pod, text: str) -> str:
        path, known = PATHS.get(pod.role, "spec"), given.get(pod.role, {})
        # A volume of a PVC may be named after its PersistentVolume. The operator's own have no field.
        found = [f"{path}.volumes[{known[one]}]" for one in volumes_named(text) or [text] if one in known]
        return ", ".join(found) or f"{path}.volumes"

    return fields
