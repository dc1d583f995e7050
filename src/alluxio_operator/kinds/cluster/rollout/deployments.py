"""Roles whose pods Kubernetes replaces once their workload says something else: which workloads have to wait; pure.

They heed the order and the maintenance window by not being applied: a workload that isn't changed replaces nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.kinds.cluster import layers, names
from alluxio_operator.kinds.cluster.rollout.rollout import Roles, RolloutStep, closed_until, wait_for_window
from alluxio_operator.workloads.pods import Pod

TEMPLATES: Final = layers.TEMPLATE_OF
LAST: Final = frozenset({TEMPLATES[names.PROXY]})
"""Clients of masters and workers, which follow them."""


def waiting(roles: Roles, step: RolloutStep, upgrade: Upgrade, now: datetime) -> frozenset[int]:
    """Return the numbers of the templates that are left as they are for now."""
    behind = frozenset() if step.gate.passed or upgrade.strategy == "OnDelete" else LAST
    if closed_until(upgrade.maintenance_window, now) is None:
        return behind
    return behind | {TEMPLATES[pod.role] for pod in _outdated(roles)}


def with_deployments(roles: Roles, step: RolloutStep, upgrade: Upgrade, now: datetime) -> RolloutStep:
    """Return a step that also tells of the followers that wait for the window, when nothing else is to be said."""
    opens = closed_until(upgrade.maintenance_window, now)
    pods = tuple(_outdated(roles))
    if opens is None or not pods or not step.gate.passed:
        return step
    held = wait_for_window(pods, opens)
    return replace(step, gate=held.gate, blocking=held.blocking, next_look=held.next_look)


def _outdated(roles: Roles) -> Iterable[Pod]:
    for role in TEMPLATES.keys() & roles.wanted.keys():
        pods = roles.outdated(role)
        # What fails is replaced at any time, which its workload does by being applied.
        if all(pod.ready for pod in pods):
            yield from pods
