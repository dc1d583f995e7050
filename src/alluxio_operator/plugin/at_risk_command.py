"""The command that shows the data at risk."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Final

from alluxio_operator.plugin import screen
from alluxio_operator.plugin.at_risk import at_risk_view
from alluxio_operator.plugin.output import dump
from alluxio_operator.plugin.view import Object

ABOVE: Final = 3
"""Exit code if a worker is above the limit."""
NOT_KNOWN: Final = 4
"""Exit code if no listing has succeeded, or the last one failed."""


def show(resource: Object, output: str, now: datetime) -> int:
    """Print what single workers of a cluster hold; return the exit code."""
    view = at_risk_view(resource, now)
    if output == "table":
        screen.console(sys.stdout).print(screen.at_risk(view))
    else:
        dump(view.as_dict(), output)
    if view.above:
        return ABOVE
    return 0 if view.known else NOT_KNOWN
