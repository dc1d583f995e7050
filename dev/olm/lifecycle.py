"""Run the Operator Lifecycle Manager (OLM) and a catalog on the local cluster as processes, without their images.

Their records are with those of the cluster, so stopping the cluster stops them, too.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dev.cluster import cgroups, machine, network, tools
from dev.cluster.cluster import Cluster
from dev.cluster.crds import not_established
from dev.cluster.errors import ClusterError
from dev.cluster.paths import find_paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command
from dev.olm.programs import Programs
from dev.tasks.shell import inside

NAMESPACE = "olm"
CATALOG = "alluxio-operator-local"
PORT = 50051
PREFIX = "olm-"
"""Prefix of the names of all processes here."""
WAKE_UP = "15s"
"""Resync interval of the catalog operator; its default of 15 minutes is for catalogs that rarely change."""


@dataclass(frozen=True)
class Lifecycle:
    """OLM on the cluster of a run directory."""

    cluster: Cluster
    programs: Programs
    say: Callable[[str], None]

    @classmethod
    def here(cls, programs: Programs, say: Callable[[str], None]) -> Lifecycle:
        """Return OLM on the cluster of the environment."""
        return cls(Cluster(find_paths(os.environ), say), programs, say)

    def up(self) -> None:
        """Start OLM, except for processes that already run. `serve` adds a catalog."""
        first = self._first()
        began = time.monotonic()
        self._install_crds()
        for name in (NAMESPACE, "operators"):
            _create(f"namespace/{name}", "create", "namespace", name)
        kubeconfig = str(self.cluster.paths.kubeconfig)
        self._ensure(
            first,
            "olm-catalog-operator",
            ("catalog", f"--kubeconfig={kubeconfig}", f"--namespace={NAMESPACE}", "--writeStatusName=",
             f"--interval={WAKE_UP}"),
        )  # fmt: skip
        self._ensure(
            first,
            "olm-operator",
            ("olm", f"--namespace={NAMESPACE}", "--writeStatusName=", "--writePackageServerStatusName="),
            environment=(f"KUBECONFIG={kubeconfig}",),
        )
        self.say(f"OLM runs (after {time.monotonic() - began:.1f} s)")

    def serve(self, catalog: Path, name: str = CATALOG, port: int = PORT) -> None:
        """Serve a catalog under a name, in place of an earlier one with that name, and register it with OLM."""
        address = self.run_server(catalog, name, port)
        source = {
            "apiVersion": "operators.coreos.com/v1alpha1",
            "kind": "CatalogSource",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"sourceType": "grpc", "address": address, "displayName": name},
        }
        inside("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps(source))

    def run_server(self, catalog: Path, name: str = CATALOG, port: int = PORT) -> str:
        """Run the server of a catalog, in place of an earlier one with that name; return its address for OLM."""
        first = self._first()
        server = f"{PREFIX}server-{name}"
        scratch = self.cluster.paths.run / "olm"
        scratch.mkdir(exist_ok=True)
        arguments = (
            "opm", "serve", str(catalog), f"--port={port}", "--pprof-addr=",
            f"--termination-log={scratch / f'{name}.termination.log'}",
        )  # fmt: skip
        content = "\n".join(file.read_text() for file in sorted(catalog.glob("*.yaml")))
        self._ensure(first, server, arguments, content)
        self.cluster.processes.wait_for("catalog", partial(_listens, first, port), 60, server)
        return f"{first.address}:{port}"

    def unserve(self, name: str) -> None:
        """Stop serving a catalog."""
        kubectl = ("kubectl", "delete", "catalogsource.operators.coreos.com", name, "-n", NAMESPACE)
        inside(*kubectl, "--ignore-not-found")
        self.cluster.processes.stop(f"{PREFIX}server-{name}")

    def down(self) -> None:
        """End the processes; the objects that they created stay."""
        for name in self.cluster.processes.names():
            if name.startswith(PREFIX):
                self.cluster.processes.stop(name)

    def _first(self) -> Node:
        running = self.cluster.running()
        if not running:
            raise ClusterError("the local cluster is not running: start it with `make cluster`")
        return running[0]

    def _install_crds(self) -> None:
        module = tools.module_directory("olm", "github.com/operator-framework/operator-lifecycle-manager")
        crds = module / "deploy" / "chart" / "crds"
        # Server-side, because the CRDs are too large for the annotation of a client-side apply.
        inside("kubectl", "apply", "--server-side", "--force-conflicts", "-f", str(crds))
        until = time.monotonic() + 30
        while missing := not_established(inside("kubectl", "get", "-o", "json", "-f", str(crds))):
            if time.monotonic() > until:
                raise ClusterError(f"the CRDs of OLM are not served: {missing}")
            time.sleep(0.2)

    def _ensure(
        self,
        first: Node,
        name: str,
        arguments: tuple[str, ...],
        content: str = "",
        environment: tuple[str, ...] = (),
    ) -> None:
        processes = self.cluster.processes
        enter = (*cgroups.join_command(first), *machine.enter(processes, first))
        program, *rest = arguments
        settings = (f"HOME={self.cluster.paths.run}", *environment)
        command = ("/usr/bin/env", *settings, self.programs.path(program), *rest)
        if processes.ensure(Command(name, command, enter, content)):
            self.say(f"{name} started")


def _listens(first: Node, port: int) -> bool:
    def ask() -> bool:
        with socket.create_connection((first.address, port), timeout=2):
            return True

    try:
        return network.call_inside(first, ask)
    except OSError:
        return False


def _create(what: str, *command: str) -> None:
    if not inside("kubectl", "get", what, "--ignore-not-found", "--output=name").strip():
        inside("kubectl", *command)
