"""Bring the cluster up in steps. Every step is idempotent, so the same steps also repair a cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from dev.cluster import (
    cgroups,
    control_plane,
    images,
    kubeadm,
    machine,
    metrics,
    native,
    network,
    node,
    plan,
    policies,
    simulation,
    storage,
    teardown,
    tools,
)
from dev.cluster.api import Api
from dev.cluster.errors import ClusterError
from dev.cluster.paths import PREFIX_FILE, Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command, Processes


class Start:
    """One run of `up`."""

    simulated = False

    def __init__(
        self,
        paths: Paths,
        processes: Processes,
        api: Api,
        toolbox: tools.Toolbox,
        members: tuple[Node, ...],
        say: Callable[[str], None],
        *,
        metered: bool = False,
    ) -> None:
        self._paths = paths
        self._processes = processes
        self._api = api
        self._tools = toolbox
        self._members = members
        self._first = members[0]
        self._say = say
        self._metered = metered
        self._changes = 0
        self._fresh: set[Node] = set()
        self._removed: list[str] = []
        self._given_up = False
        self._kubelets_started: dict[str, float] = {}

    def run(self) -> None:
        """Run all steps. Raise ClusterError."""
        began = time.monotonic()
        network.note_first_use(self._paths.netns_marker)
        self._remove_other_nodes()
        self._make_machines()
        self._start(control_plane.etcd(self._paths, self._tools, self._enter(self._first)))
        self._start_runtimes()
        self._start(control_plane.api_server(self._paths, self._tools, self._first, self._enter(self._first)))
        with ThreadPoolExecutor(max_workers=1) as pool:
            loading = pool.submit(self._load_images)
            try:
                self._wait("API server", self._api.ready, 90, "kube-apiserver")
                self._describe_objects()
                self._start_clients_of_the_api()
                self._await_health(loading)
            except BaseException:
                self._given_up = True
                raise
        state = {"nodes": len(self._members), "simulated": self.simulated, "metrics": self._metered}
        self._paths.state.write_text(json.dumps(state))
        took = time.monotonic() - began
        count = self._count()
        self._say(
            f"the cluster runs ({count}, ready after {took:.1f} s)" if self._changes else f"the cluster runs ({count})"
        )

    def _count(self) -> str:
        return f"{len(self._members)} node{'s' if len(self._members) > 1 else ''}"

    def _start_runtimes(self) -> None:
        for member in self._members:
            self._start(node.containerd(self._enter(member), self._paths, member))

    def _remove_other_nodes(self) -> None:
        wanted = {member.handle for member in self._members}
        for handle in teardown.handles(self._paths):
            if handle not in wanted:
                number = plan.node_number(handle, self._paths.prefix)
                if number is not None:
                    self._say(f"removing node{number}")
                    teardown.remove_node(self._paths, self._processes, Node(number, self._paths.prefix))
                    self._removed.append(f"node{number}")
                    self._changes += 1

    def _make_machines(self) -> None:
        programs = native.ensure(self._paths)
        kubeadm.ensure(self._paths, self._tools, self._members)
        self._write_configuration()
        for member in self._members:
            if not network.exists(member):
                present = [other for other in self._members if other == member or network.exists(other)]
                network.create(member, present)
            cgroups.create(member)
            if machine.ensure(self._paths, self._processes, member, programs / "pause"):
                self._fresh.add(member)
                self._changes += 1

    def _write_configuration(self) -> None:
        files = {self._paths.run / "audit-policy.json": control_plane.audit_policy()}
        files[self._paths.run / "Corefile"] = control_plane.corefile(self._first, str(self._paths.kubeconfig))
        files[self._paths.run / PREFIX_FILE] = f"{self._paths.prefix}\n"
        files[self._paths.run / "namespace"] = f"{self._first.handle}\n"
        domains = f"svc.{plan.DOMAIN} {plan.DOMAIN}"
        files[self._paths.run / "resolv.conf"] = f"nameserver {self._first.address}\nsearch {domains}\n"
        files |= {self._paths.run / name: content for name, content in storage.config_files().items()}
        for member in self._members:
            home = self._paths.node(member.name) / "etc"
            files[home / "hosts"] = plan.hosts_file(self._members)
            files |= {home / name: content for name, content in node.config_files(self._paths, member).items()}
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Only on a change, because programs watch some files; and in place, because nodes mount the file itself.
            if not path.exists() or path.read_text() != content:
                path.write_text(content)

    def _load_images(self) -> None:
        pause = images.read(native.ensure(self._paths) / "pause.tar")
        for member in self._members:
            socket = self._paths.containerd_socket(member.name)
            name = f"{member.name}-containerd"
            self._wait("containerd", partial(images.answers, socket), 60, name)
            if member in self._fresh:
                if images.forget_containers(socket):
                    self._processes.stop(name)
                    self._start(node.containerd(self._enter(member), self._paths, member))
                    self._wait("containerd", partial(images.answers, socket), 60, name)
                images.forget_replaced(socket)
        sockets = self._paths.containerd_sockets(self._members)
        # Before the kubelet, which can't start a pod without this image.
        self._changes += images.load(sockets, [pause], lambda _: None)
        for member in self._members:
            # Timestamps of the API have whole seconds.
            began = int(time.time())
            if self._start(node.kubelet(self._enter(member), self._paths, self._tools, member)):
                self._kubelets_started[member.name] = began
        for archive in images.indexed(self._paths.archives):
            if not self._given_up:
                self._changes += images.load(sockets, [archive], self._say)

    def _describe_objects(self) -> None:
        for name in self._removed:
            self._api.delete(f"/api/v1/nodes/{name}")
        further = metrics.manifests(self._first) if self._metered else []
        for collection, manifest in (*kubeadm.manifests(), *policies.manifests(), *storage.manifests(), *further):
            self._api.apply(collection, manifest)

    def _start_clients_of_the_api(self) -> None:
        enter = self._enter(self._first)
        self._start(control_plane.controller_manager(self._paths, self._tools, enter))
        self._start(control_plane.scheduler(self._paths, self._tools, enter))
        self._start(control_plane.dns(self._paths, self._tools, self._first, enter))
        for member in self._members:
            self._start(node.kube_proxy(self._enter(member), self._paths, self._tools, member))
        self._start(storage.provisioner(self._paths, self._tools, enter))
        if self._metered:
            self._start(metrics.server(self._paths, self._tools, enter))

    def _await_health(self, loading: Future[None]) -> None:
        self._await_controllers()
        self._wait("DNS", partial(control_plane.dns_answers, self._first), 60, "coredns")
        loading.result()
        for member in self._members:
            since = self._kubelets_started.get(member.name, 0)
            ready = partial(self._api.node_is_ready, member.name, since)
            self._wait(f"Ready node {member.name}", ready, 90, f"{member.name}-kubelet")
        self._enforce_policies()
        if self._metered:
            self._wait("metrics.k8s.io", partial(metrics.served, self._api), 60, metrics.NAME)
        self._check_processes()

    def _enforce_policies(self) -> None:
        for member in self._members:
            policies.filter_bridged_traffic(member)
            self._start(policies.agent(self._enter(member), self._paths, self._tools, member))
        for member in self._members:
            enforced = partial(policies.enforced, member)
            self._wait(f"NetworkPolicies on {member.name}", enforced, 60, policies.process_name(member))

    def _await_controllers(self) -> None:
        self._wait(
            "default service account",
            lambda: self._api.get("/api/v1/namespaces/default/serviceaccounts/default") is not None,
            60,
            "kube-controller-manager",
        )

    def _check_processes(self) -> None:
        if down := [name for name in self._processes.names() if not self._processes.alive(name)]:
            raise ClusterError(f"{down[0]} ended right after the start", down[0])

    def _start(self, command: Command) -> bool:
        started = self._processes.ensure(command)
        self._changes += started
        return started

    def _wait(self, what: str, check: Callable[[], bool], seconds: float, name: str) -> None:
        self._processes.wait_for(what, check, seconds, name)

    def _enter(self, member: Node) -> tuple[str, ...]:
        return (*cgroups.join_command(member), *machine.enter(self._processes, member))


class SimulatedStart(Start):
    """One run of `up` for a cluster without machines."""

    simulated = True

    def _count(self) -> str:
        return f"{len(simulation.NODES)} simulated nodes"

    def _start_runtimes(self) -> None:
        network.run([*network.enter(self._first), *simulation.route()])

    def _load_images(self) -> None:
        """Load nothing: no container runs in the simulation."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        (self._paths.run / simulation.SCHEDULER_FILE).write_text(simulation.scheduler_configuration(self._paths))

    def _describe_objects(self) -> None:
        for collection, manifest in simulation.nodes():
            self._api.apply(collection, manifest)

    def _start_clients_of_the_api(self) -> None:
        enter = self._enter(self._first)
        faster = simulation.CONTROLLER_FLAGS
        self._start(control_plane.controller_manager(self._paths, self._tools, enter, faster))
        self._start(simulation.scheduler(self._paths, self._tools, enter))
        self._start(simulation.kwok(self._paths, self._tools, enter))
        self._start(simulation.alluxio(enter))

    def _await_health(self, _: Future[None]) -> None:
        self._await_controllers()
        for name in simulation.NODES:
            self._wait(f"Ready node {name}", partial(self._api.node_is_ready, name), 60, "kwok")
        self._check_processes()
