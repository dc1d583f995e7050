"""The cluster's operations: up, down, load and health."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.cluster import control_plane, images, machine, packages, plan, policies, simulation, teardown, tools
from dev.cluster.api import Api
from dev.cluster.errors import ClusterError
from dev.cluster.metrics import served
from dev.cluster.paths import Paths, require_real_disk
from dev.cluster.plan import Node
from dev.cluster.processes import Processes
from dev.cluster.start import SimulatedStart, Start

Say = Callable[[str], None]


class Cluster:
    """The cluster of a run directory."""

    def __init__(self, paths: Paths, say: Say) -> None:
        self.paths = paths
        self.processes = Processes(paths.processes, paths.logs)
        self._say = say
        self._api = Api(plan.nodes(1, paths.prefix)[0], paths.pki)

    def running(self) -> tuple[Node, ...]:
        """Return the nodes of the running cluster; none if it isn't running."""
        first = plan.nodes(1, self.paths.prefix)[0]
        count = self._last_count()
        runs = count and self.processes.alive(machine.process_name(first))
        return plan.nodes(count, self.paths.prefix) if runs else ()

    def up(self, count: int | None, *, simulated: bool = False, metrics: bool = False) -> None:
        """Bring up a cluster of `count` nodes (default: the last number, or 1), or a simulated one.

        With `metrics` it runs metrics-server until `down`.
        """
        _require_root()
        require_real_disk(self.paths.run)
        packages.ensure(packages.CLUSTER_NEEDS, self._say)
        metered = metrics or (not simulated and self._metered())
        needed = tools.SIMULATION_TOOLS if simulated else tools.CLUSTER_TOOLS
        toolbox = tools.ensure(self.paths, self._say, (*needed, *(tools.METRICS_TOOLS if metered else ())))
        with self.locked():
            running = self.running()
            if running and self.simulated() != simulated:
                raise ClusterError("a cluster of the other kind is running: stop it first")
            members = plan.nodes(1 if simulated else count or self._last_count() or 1, self.paths.prefix)
            if not running and teardown.traces(self.paths, self.processes):
                self._say("removing the remains of an earlier cluster")
                teardown.take_down(self.paths, self.processes)
            if not running:
                self._set_logs_aside()
            try:
                start = SimulatedStart if simulated else Start
                start(self.paths, self.processes, self._api, toolbox, members, self._say, metered=metered).run()
            except BaseException as failure:
                explained = self._with_log(failure)
                if not running:
                    self._say("the start failed: cleaning up")
                    teardown.take_down(self.paths, self.processes)
                if explained is failure:
                    raise
                raise explained from failure

    def down(self, *, purge: bool = False) -> bool:
        """Stop the cluster; return False if there was none. `purge` also removes logs and the image store."""
        _require_root()
        with self.locked():
            found = teardown.traces(self.paths, self.processes)
            teardown.take_down(self.paths, self.processes)
            if purge:
                teardown.purge(self.paths)
            return found

    def load(self, files: list[Path]) -> int:
        """Load image archives into all nodes: `files`, or by default all images in the image builder's index."""
        members = self.running()
        if not members:
            raise ClusterError("the cluster is not running: start it with `make cluster`")
        archives = [images.read(file) for file in files] or images.indexed(self.paths.archives)
        return images.load(self.paths.containerd_sockets(members), archives, self._say)

    def health(self) -> dict[str, bool]:
        """Return for each part of the cluster if it works."""
        members = self.running()
        parts = {f"process {name}": self.processes.alive(name) for name in self.processes.names()}
        if members:
            parts["API server"] = self._api.ready()
        if self.simulated():
            parts |= {f"node {name}": self._api.node_is_ready(name) for name in simulation.NODES}
        elif members:
            parts["DNS"] = control_plane.dns_answers(plan.nodes(1, self.paths.prefix)[0])
            parts |= {f"node {member.name}": self._api.node_is_ready(member.name) for member in members}
            parts |= {f"NetworkPolicies on {member.name}": policies.enforced(member) for member in members}
            if self._metered():
                parts["metrics.k8s.io"] = served(self._api)
        return parts

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold a lock, so that only one command at a time changes the cluster."""
        self.paths.run.mkdir(parents=True, exist_ok=True)
        with (self.paths.run / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _set_logs_aside(self) -> None:
        previous = self.paths.run / "logs.previous"
        shutil.rmtree(previous, ignore_errors=True)
        if self.paths.logs.exists():
            self.paths.logs.rename(previous)

    def simulated(self) -> bool:
        """Return True if the cluster's nodes are simulated."""
        return bool(self._last_state().get("simulated"))

    def _metered(self) -> bool:
        return bool(self._last_state().get("metrics"))

    def _last_count(self) -> int:
        return int(self._last_state().get("nodes", 0))

    def _last_state(self) -> dict[str, int]:
        try:
            return dict(json.loads(self.paths.state.read_text()))
        except (FileNotFoundError, ValueError):
            return {}

    def _with_log(self, failure: BaseException) -> BaseException:
        if isinstance(failure, ClusterError) and failure.component:
            tail = self.processes.tail(failure.component)
            log = self.processes.log(failure.component)
            return ClusterError(f"{failure}\n--- end of {log}\n{tail}\n---", None)
        return failure


def _require_root() -> None:
    if os.geteuid() != 0:
        raise ClusterError("the local cluster needs root, because it creates namespaces and mounts")
