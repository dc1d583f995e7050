"""Holds the replacement of masters until the UFS is known to be healthy; pure.

A master that starts while its name node is down exits, so a rollout would leave no master at all (run on Alluxio 2.9.4
and HDFS 3.3.6). So no step that replaces masters starts before a probe of the UFS. The operator probes only when a
step is about to replace a master.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.rollout.rollout import GATE, RolloutStep
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth

HELD: Final = "HeldForUfs"


def guarded(step: RolloutStep, health: UfsHealth | None, *, wanted: bool) -> RolloutStep:
    """Return the step, or one that holds it; `health` is None before the probe.

    It also holds masters that seem to fail: a master whose name node hangs is unready and doesn't answer over HTTP,
    though it still serves cached data (run on Alluxio 2.9.4).
    """
    masters = [pod for pod in step.delete if pod.role == names.MASTER]
    if not wanted or not masters:
        return step
    if health is not None and health.trouble is None:
        return step
    listed = ", ".join(pod.name for pod in masters)
    state = "the operator is probing it" if health is None else health.trouble
    message = (
        f"{listed} will be replaced once the UFS of the root mount is known to be healthy, since a master may fail to "
        f"start without it: {state}"
    )
    if health is not None:
        message += ". If only the operator's pod can't reach it, set spec.upgrade.waitForUfs to false"
    # Dropping a recorded step is safe: it has deleted nothing yet. Its timeout doesn't run meanwhile.
    return replace(step, status=None, delete=(), gate=Gate(GATE, False, HELD, message), needs_ufs_probe=health is None)
