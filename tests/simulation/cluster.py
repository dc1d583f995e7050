"""A small model of Kubernetes: nodes, kubelet, scheduler, volumes, the workloads' controllers and garbage collection.

All of it is driven by one clock in seconds.
"""

from __future__ import annotations

import heapq
import math

from tests.simulation.controllers import Controllers
from tests.simulation.scheduler import Scheduler
from tests.simulation.volumes import Volumes


class Cluster(Scheduler, Volumes, Controllers):
    """Nodes, pods and controllers around a store."""

    def tick(self) -> None:
        """Let everything act that is due."""
        while self._wakes and self._wakes[0] <= self.t:
            heapq.heappop(self._wakes)
        self._nodes()
        self._claims()
        acts = self.t >= max(self._acts_at, self.stalled_until)
        if acts:
            self._later = [at for at in self._later if at > self.t]
            self._acts_at = min(self._later, default=math.inf)
            self._collect()
            self._controllers()
            self._schedule()
        for proc in list(self.procs.values()):
            self._kubelet(proc)
        for masters in list(self.masters.values()):
            masters.tick()
        for proc in list(self.procs.values()):
            self._probe(proc)
        if acts:
            self._statuses()
