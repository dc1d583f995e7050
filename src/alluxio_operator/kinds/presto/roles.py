"""The roles of a Presto, each with its path in the spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alluxio_operator.kinds.presto import names
from alluxio_operator.workloads.explanations import Fields

PATHS: Final[Mapping[str, str]] = {names.COORDINATOR: "spec.coordinator", names.WORKER: "spec.workers"}


def _image_of(container: str) -> str:
    # Its init container runs the image of the AlluxioCluster.
    return "spec.image of the AlluxioCluster" if container == "alluxio-client" else "spec.image"


FIELDS: Final = Fields(PATHS.get, _image_of)
"""Fields that remedies for pods name."""
