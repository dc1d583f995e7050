"""Pods that run in place of others for a while, such as the Jobs that make the masters' journals.

Where a stand-in is scheduled decides where its volume lies, and so where the pods that follow can run. So it is placed
as they are: the same node selector, tolerations, resources, labels for policies, and the same distance from its like.
Only its own identity differs, since Services and workloads must not select it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

COMPONENT: Final = "app.kubernetes.io/component"


def as_seen_by(given: Any, component: str, stand_in: str) -> Any:
    """Return affinity or spread constraints with selectors of a component replaced by those of its stand-ins.

    For example, `component: master` in a user's podAntiAffinity becomes `component: journal`: it is meant to keep
    masters apart, and the stand-ins are what is there before them.
    """
    if isinstance(given, Mapping):
        if given.get("key") == COMPONENT and "values" in given:
            values = [stand_in if value == component else value for value in given["values"]]
            return {**given, "values": values}
        return {
            key: stand_in if key == COMPONENT and value == component else as_seen_by(value, component, stand_in)
            for key, value in given.items()
        }
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [as_seen_by(one, component, stand_in) for one in given]
    return given
