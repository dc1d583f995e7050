"""etcd and the API server killed and started again: the operator and all controllers have to live with it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Future

import urllib3
from dev.cluster.paths import find_paths
from dev.cluster.processes import Processes
from tests.faults.alluxio import behave
from tests.faults.reference import Reference, assert_same_end
from tests.faults.scenarios import edit
from tests.faults.world import World, pause
from tests.support.builders import ROOT

AWAY = 6.0
"""Seconds without the API server: longer than the Lease that these replicas have."""


def repair() -> None:
    """Start what doesn't run, as from outside the cluster."""
    left_out = ("ALLUXIO_OPERATOR_INSIDE", "KUBECONFIG")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    subprocess.run(
        [sys.executable, "-m", "dev.cluster", "up", "--simulated"],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=90,
        stdout=subprocess.DEVNULL,
    )
    # Where its program is another one by now, the stand-in was started anew, too.
    behave("*")


def api_answers(world: World) -> bool:
    """Tell whether the API server serves again."""
    try:
        return world.api.call("GET", "/readyz").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_it_resumes_by_itself(world: World, edited_in_peace: Future[Reference]):
    paths = find_paths(os.environ, simulated=True)
    processes = Processes(paths.processes, paths.logs)
    expected = edited_in_peace.result()
    world.create()
    world.first.start()
    world.keep_running()
    world.until(lambda: len(world.created()) > 8)

    kill_and_repair(world, processes, "etcd")
    world.wait_until_ready(120)

    edit(world)
    kill_and_repair(world, processes, "kube-apiserver")
    assert_same_end(world, expected, 120)


def kill_and_repair(world: World, processes: Processes, part: str) -> None:
    """Kill a part of the control plane, and start it a while later."""
    try:
        processes.stop(part, kill=True)
        pause(AWAY)
        # What plays the kubelets forgets a pod whose change was refused, which no kubelet does (kwok 0.7); at its start
        # it looks at all of them.
        processes.stop("kwok")
    finally:
        repair()
    world.until(lambda: api_answers(world))
