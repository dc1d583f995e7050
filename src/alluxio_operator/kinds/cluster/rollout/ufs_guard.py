"""Holds replacements of masters while the storage below isn't known to be well; pure.

A master that starts while its name node is away ends, so that replacing the masters one by one would leave none (run
on Alluxio 2.9.4 and HDFS 3.3.6). Nothing is begun before the storage was asked, and it is asked only when a master is
about to go.
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
    """Return the step, or in its place one that holds it; `health` is None before the storage was asked.

    Also of masters that seem to fail: one whose name node hangs is unready and gives no answer over HTTP, though it
    still serves what is in the cache (run on Alluxio 2.9.4).
    """
    planned = [pod for pod in step.delete if pod.role == names.MASTER]
    if not wanted or not planned:
        return step
    if health is not None and health.trouble is None:
        return step
    listed = ", ".join(pod.name for pod in planned)
    why = "it is asked now" if health is None else health.trouble
    said = (
        f"{listed} will be replaced once the storage of the root mount is known to be well, since a master may not "
        f"start without it: {why}"
    )
    if health is not None:
        said += ". If only the operator's pod can't reach it, set spec.upgrade.waitForUfs to false"
    # Nothing was deleted yet, so that a step which is on record is taken back as a whole, and its time doesn't run.
    return replace(step, status=None, delete=(), gate=Gate(GATE, False, HELD, said), asks_ufs=health is None)
