"""The order of an installation: which templates make up each layer, said once for all who need a number of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alluxio_operator.kinds.cluster import names

WORKLOADS: Final = 2
"""The layer of masters, workers, job service, log server and proxy; 1 is configuration and storage."""
SERVICES: Final = 3
"""The layer of what clients use: Services and FUSE mounts."""

ENDS: Final = (30, 70, 100)
"""By layer, the number of the first template that no longer belongs to it."""

TEMPLATE_OF: Final[Mapping[str, int]] = {names.LOG_SERVER: 60, names.PROXY: 65}
"""Numbers of the templates of Deployments, whose pods Kubernetes replaces as soon as they are applied."""
