"""Stand-in pods that run before other pods, such as the Jobs that create the masters' journals.

The node of a stand-in decides the location of its volume, and so the nodes on which the later pods can run. Therefore
it has their placement: node selector, tolerations, resources, labels for policies, and anti-affinity. Only its identity
differs, because Services and workloads must not select it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

COMPONENT: Final = "app.kubernetes.io/component"


def as_seen_by(given: Any, component: str, stand_in: str) -> Any:
    """Return affinity or spread constraints with selectors of a component replaced by those of its stand-ins.

    For example, `component: master` in a user's podAntiAffinity becomes `component: journal`: it separates masters, and
    the stand-ins run before any master exists.
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
