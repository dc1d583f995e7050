"""Holds Deployments that would replace their pods at the wrong time; pure.

Kubernetes replaces these pods as soon as the template of their workload changes. To respect the rollout's order and the
maintenance window, a workload that has to wait keeps its pod template. The operator applies the rest of it, such as the
number of replicas.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.kinds.cluster import layers, names
from alluxio_operator.kinds.cluster.rollout.health import Roles
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep, closed_until, wait_for_window
from alluxio_operator.workloads.pods import Pod, is_starting

TEMPLATES: Final = layers.TEMPLATE_OF
CLIENT_TEMPLATES: Final = frozenset({TEMPLATES[names.PROXY]})
"""Clients of masters and workers: the rollout replaces them last."""
LONE: Final = (names.LOG_SERVER,)
"""Roles whose Deployment stops the pod that it has before it starts the next."""


def held_pod_templates(roles: Roles, step: RolloutStep, upgrade: Upgrade, now: datetime) -> frozenset[int]:
    """Return the template numbers of the Deployments whose pod template the operator doesn't apply yet."""
    clients = frozenset() if step.gate.passed or upgrade.strategy == "OnDelete" else CLIENT_TEMPLATES
    held = clients | {TEMPLATES[role] for role in LONE if any(is_starting(pod, now) for pod in roles.outdated(role))}
    if closed_until(upgrade.maintenance_window, now) is None:
        return held
    return held | {TEMPLATES[pod.role] for pod in _outdated_pods(roles)}


def with_held_deployments(roles: Roles, step: RolloutStep, upgrade: Upgrade, now: datetime) -> RolloutStep:
    """Return the step; if the rollout is complete, with the gate of the Deployments that wait for the window."""
    opens = closed_until(upgrade.maintenance_window, now)
    pods = tuple(_outdated_pods(roles))
    if opens is None or not pods or not step.gate.passed:
        return step
    held = wait_for_window(pods, opens)
    return replace(step, gate=held.gate, blocking=held.blocking, requeue_at=held.requeue_at)


def _outdated_pods(roles: Roles) -> Iterable[Pod]:
    for role in TEMPLATES.keys() & roles.wanted.keys():
        pods = roles.outdated(role)
        # Failed pods don't wait for the window: applying their Deployment replaces them.
        if all(pod.ready for pod in pods):
            yield from pods
