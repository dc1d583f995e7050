"""Order of an installation: the layers, and the numbers of their templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alluxio_operator.kinds.cluster import names

WORKLOADS: Final = 2
"""Layer of masters, workers, job service, log server and proxy. Layer 1 is configuration and storage."""
SERVICES: Final = 3
"""Layer of Services and FUSE mounts, which clients use."""

ENDS: Final = (30, 70, 100)
"""By layer, the number of the first template after it."""

AFTER_MASTERS: Final = 40
"""Number of the first template after the masters': they restore a backup before anything else exists."""

MASTERS: Final = 30
"""Number of the template of the masters' StatefulSet."""

PVCS: Final = 15
"""Number of the template of the PVCs that don't belong to a StatefulSet."""

TEMPLATE_OF: Final[Mapping[str, int]] = {names.LOG_SERVER: 60, names.PROXY: 65}
"""Template numbers of the Deployments: Kubernetes replaces their pods as soon as the operator applies them."""
