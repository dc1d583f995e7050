"""Brings the cluster up and takes it down. Every step only does what is still to do, so up also repairs."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from dev.cluster import (
    certs,
    cgroups,
    control_plane,
    images,
    machine,
    native,
    network,
    node,
    packages,
    plan,
    storage,
    teardown,
    tools,
)
from dev.cluster.api import Api
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command, Processes

Say = Callable[[str], None]


class Cluster:
    """One cluster, found or made in a run directory."""

    def __init__(self, paths: Paths, say: Say) -> None:
        self.paths = paths
        self.processes = Processes(paths.processes, paths.logs)
        self._say = say
        self._api = Api(plan.nodes(1, paths.prefix)[0], paths.pki)

    def running(self) -> tuple[Node, ...]:
        """Return the nodes that the cluster was brought up with; none when it isn't running."""
        first = plan.nodes(1, self.paths.prefix)[0]
        if not self.processes.alive(machine.process_name(first)):
            return ()
        try:
            count = int(json.loads(self.paths.state.read_text())["nodes"])
        except (FileNotFoundError, ValueError, KeyError):
            return ()
        return plan.nodes(count, self.paths.prefix)

    def up(self, count: int | None) -> None:
        """Bring up a cluster of `count` nodes; of as many as run, or one, when no count is given."""
        if os.geteuid() != 0:
            raise ClusterError("the local cluster needs root: it makes namespaces and mounts of its own")
        packages.ensure(packages.CLUSTER_NEEDS, self._say)
        toolbox = tools.ensure(self.paths, self._say)
        with self.locked():
            running = self.running()
            if not running and teardown.traces(self.paths, self.processes):
                self._say("an earlier cluster has not been taken down: doing so")
                teardown.take_down(self.paths, self.processes)
            members = plan.nodes(count or len(running) or 1, self.paths.prefix)
            try:
                _Start(self, toolbox, members).run()
            except BaseException as failure:
                told = self._with_log(failure)
                if not running:
                    self._say("the start failed: cleaning up")
                    teardown.take_down(self.paths, self.processes)
                if told is failure:
                    raise
                raise told from failure

    def down(self, *, purge: bool = False) -> bool:
        """Take the cluster down; False when there was none. `purge` drops the image store too."""
        with self.locked():
            found = teardown.traces(self.paths, self.processes)
            teardown.take_down(self.paths, self.processes)
            if purge:
                teardown.purge(self.paths)
            return found

    def load(self, files: list[Path]) -> int:
        """Load image archives into all nodes."""
        members = self.running()
        if not members:
            raise ClusterError("the cluster is not running: start it with `make cluster`")
        return images.load(self.sockets(members), [images.read(file) for file in files], self._say)

    def sockets(self, members: tuple[Node, ...]) -> dict[str, Path]:
        """Return the containerd sockets of the nodes."""
        return {member.name: self.paths.containerd_socket(member.name) for member in members}

    def health(self) -> dict[str, bool]:
        """Tell of every part whether it works."""
        members = self.running()
        parts = {f"process {name}": self.processes.alive(name) for name in self.processes.names()}
        if members:
            parts["API server"] = self._api.ready()
            parts["DNS"] = self.dns_answers()
            parts |= {f"node {member.name}": self._api.node_is_ready(member.name) for member in members}
        return parts

    def dns_answers(self) -> bool:
        """Tell whether DNS is up and in step with the API server."""
        first = plan.nodes(1, self.paths.prefix)[0]

        def ask() -> bool:
            connection = http.client.HTTPConnection(first.address, control_plane.DNS_READY_PORT, timeout=2)
            try:
                connection.request("GET", "/ready")
                return connection.getresponse().status == http.HTTPStatus.OK
            finally:
                connection.close()

        try:
            return network.call_inside(first, ask)
        except (OSError, http.client.HTTPException):
            return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one command at a time change the cluster."""
        self.paths.run.mkdir(parents=True, exist_ok=True)
        with (self.paths.run / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def api(self) -> Api:
        """The API server, as administrator."""
        return self._api

    @property
    def say(self) -> Say:
        """Where progress goes."""
        return self._say

    def _with_log(self, failure: BaseException) -> BaseException:
        if isinstance(failure, ClusterError) and failure.component:
            tail = self.processes.tail(failure.component)
            log = self.processes.log(failure.component)
            return ClusterError(f"{failure}\n--- end of {log}\n{tail}\n---", None)
        return failure


class _Start:
    """One run of `up`: the steps in order."""

    def __init__(self, cluster: Cluster, toolbox: tools.Toolbox, members: tuple[Node, ...]) -> None:
        self._cluster = cluster
        self._paths = cluster.paths
        self._processes = cluster.processes
        self._tools = toolbox
        self._members = members
        self._first = members[0]
        self._changes = 0

    def run(self) -> None:
        """Do what is still to do."""
        began = time.monotonic()
        self._remove_other_nodes()
        self._make_machines()
        self._start(control_plane.etcd(self._paths, self._tools, self._enter(self._first)))
        for member in self._members:
            self._start(node.containerd(self._enter(member), self._paths, member))
        self._start(control_plane.api_server(self._paths, self._tools, self._first, self._enter(self._first)))
        with ThreadPoolExecutor(max_workers=1) as pool:
            loading = pool.submit(self._load_images)
            self._wait("API server", self._cluster.api.ready, 90, "kube-apiserver")
            self._describe_storage()
            self._start_clients_of_the_api()
            # The pause image comes first: without it no pod starts, though nodes get Ready.
            self._await_health(loading)
        self._paths.state.write_text(json.dumps({"nodes": len(self._members)}))
        took = time.monotonic() - began
        count = f"{len(self._members)} node{'s' if len(self._members) > 1 else ''}"
        self._cluster.say(
            f"the cluster runs ({count}, ready after {took:.1f} s)"
            if self._changes
            else f"the cluster runs ({count})"
        )

    def _remove_other_nodes(self) -> None:
        wanted = {member.handle for member in self._members}
        for handle in teardown.handles(self._paths):
            if handle not in wanted:
                number = plan.node_number(handle, self._paths.prefix)
                if number is not None:
                    self._cluster.say(f"removing node{number}")
                    teardown.remove_node(self._paths, self._processes, Node(number, self._paths.prefix))
                    self._cluster.api.delete(f"/api/v1/nodes/node{number}")
                    self._changes += 1

    def _make_machines(self) -> None:
        programs = native.ensure(self._paths)
        wanted = certs.control_plane_certificates()
        for member in self._members:
            wanted += certs.node_certificates(member)
        certs.ensure(self._paths.pki, wanted)
        self._write_configuration()
        for member in self._members:
            if not network.exists(member):
                present = [other for other in self._members if other == member or network.exists(other)]
                network.create(member, present)
            cgroups.create(member)
            machine.ensure(self._paths, self._processes, member, programs / "pause")

    def _write_configuration(self) -> None:
        users = ["kube-controller-manager", "kube-scheduler"]
        users += [f"{member.name}-{role}" for member in self._members for role in ("kubelet", "kube-proxy")]
        files = {
            self._paths.pki / f"{user}.kubeconfig": certs.kubeconfig(self._paths.pki, user) for user in users
        }
        files[self._paths.kubeconfig] = certs.kubeconfig(self._paths.pki, "admin")
        files[self._paths.run / "audit-policy.json"] = control_plane.audit_policy()
        files[self._paths.run / "Corefile"] = control_plane.corefile(self._first, str(self._paths.kubeconfig))
        files[self._paths.run / "namespace"] = f"{self._first.handle}\n"
        domains = f"svc.{plan.DOMAIN} {plan.DOMAIN}"
        files[self._paths.run / "resolv.conf"] = f"nameserver {self._first.address}\nsearch {domains}\n"
        files |= {self._paths.run / name: content for name, content in storage.config_files().items()}
        for member in self._members:
            home = self._paths.node(member.name) / "etc"
            files[home / "hosts"] = plan.hosts_file(self._members)
            files |= {
                home / name: content for name, content in node.config_files(self._paths, member).items()
            }
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written in place: nodes have mounted the very file.
            path.write_text(content)
            if path.name.endswith("kubeconfig"):
                path.chmod(0o600)

    def _load_images(self) -> None:
        pause = images.read(native.ensure(self._paths) / "pause.tar")
        for member in self._members:
            socket = self._paths.containerd_socket(member.name)
            name = f"{member.name}-containerd"
            self._wait("containerd", partial(images.answers, socket), 60, name)
            if not self._processes.alive(f"{member.name}-kubelet"):
                if images.forget_containers(socket):
                    self._processes.stop(name)
                    self._start(node.containerd(self._enter(member), self._paths, member))
                    self._wait("containerd", partial(images.answers, socket), 60, name)
                images.forget_replaced(socket)
        sockets = self._cluster.sockets(self._members)
        self._changes += images.load(sockets, [pause], lambda _: None)
        for member in self._members:
            self._start(node.kubelet(self._enter(member), self._paths, self._tools, member))
        self._changes += images.load(sockets, images.indexed(self._paths.archives), self._cluster.say)

    def _describe_storage(self) -> None:
        for collection, manifest in storage.manifests():
            self._cluster.api.apply(collection, manifest)

    def _start_clients_of_the_api(self) -> None:
        enter = self._enter(self._first)
        self._start(control_plane.controller_manager(self._paths, self._tools, enter))
        self._start(control_plane.scheduler(self._paths, self._tools, enter))
        self._start(control_plane.dns(self._paths, self._tools, self._first, enter))
        for member in self._members:
            self._start(node.kube_proxy(self._enter(member), self._paths, self._tools, member))
        self._start(storage.provisioner(self._paths, self._tools, enter))

    def _await_health(self, loading: Future[None]) -> None:
        api = self._cluster.api
        self._wait(
            "default service account",
            lambda: api.get("/api/v1/namespaces/default/serviceaccounts/default") is not None,
            60,
            "kube-controller-manager",
        )
        self._wait("DNS", self._cluster.dns_answers, 60, "coredns")
        loading.result()
        for member in self._members:
            kubelet = f"{member.name}-kubelet"
            self._wait(f"Ready node {member.name}", partial(api.node_is_ready, member.name), 90, kubelet)

    def _start(self, command: Command) -> None:
        if self._processes.ensure(command):
            self._changes += 1

    def _wait(self, what: str, check: Callable[[], bool], seconds: float, name: str) -> None:
        self._processes.wait_for(what, check, seconds, name)

    def _enter(self, member: Node) -> tuple[str, ...]:
        return machine.enter(self._processes, member)
