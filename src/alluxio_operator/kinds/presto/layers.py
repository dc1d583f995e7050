"""The order of an installation: which templates make up each layer."""

from __future__ import annotations

from typing import Final

from alluxio_operator.engine.plan import EVERYTHING

ENDS: Final = (0, 30, 40, 70, EVERYTHING)
"""Number of the template after each layer: none, configuration, coordinator, workers, Services."""
NONE: Final = 0
COORDINATOR: Final = 2
WORKERS: Final = 3
SERVICES: Final = 4

COORDINATOR_TEMPLATE: Final = 30
"""Number of the template with the coordinator's Deployment, which stops its pod before it starts the next."""
