"""The commands of `python -m dev.cluster`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev.cluster import doctor, machine, packages, plan, tools
from dev.cluster.cluster import Cluster
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths, find_paths
from dev.cluster.tool import Tool

SIMULATED = "the cluster without machines, in which kwok simulates nodes and pods"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = parser().parse_args(arguments)
    # Handle SIGTERM like Ctrl-C, so that an interrupted command cleans up.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        command: Callable[[argparse.Namespace, Cluster], int] = options.run
        return command(options, Cluster(find_paths(os.environ, simulated=options.simulated), say))
    except ClusterError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m dev.cluster", description=__doc__)
    commands = result.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace, Cluster], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run, simulated=False)
        return command

    add("doctor", _doctor, "list what the machine has and lacks, and how to get it")
    add("packages", _packages, "install the Debian packages that the cluster and the images need")
    build = add("tools", _tools, "build the tools")
    build.add_argument(
        "names", nargs="*", metavar="TOOL", help="a folder of dev/tools; default: the tools that every run needs"
    )
    build.add_argument("--olm", action="store_true", help="the tools that generate, check and install the OLM bundle")
    build.add_argument("--lifecycle", action="store_true", help="only those that install the bundle from a catalog")
    build.add_argument("--metrics", action="store_true", help="only metrics-server")
    build.add_argument("--older-validator", action="store_true", help="the bundle's validator of an older release")
    build.add_argument(
        "--volumes", action="store_true", help="the resizer of CSI drivers, for tests/api/test_resizer.py"
    )
    single = add("build-tool", _build_tool, "build one tool; `tools` runs this for several in parallel")
    single.add_argument("name", metavar="TOOL")
    up = add("up", _up, "bring the cluster up, or repair it")
    kind = up.add_mutually_exclusive_group()
    kind.add_argument("--nodes", type=int, choices=range(1, plan.MAX_NODES + 1), help="default: the last number, or 1")
    kind.add_argument("--simulated", action="store_true", help=SIMULATED)
    up.add_argument("--metrics", action="store_true", help="run metrics-server until `down`")
    down = add("down", _down, "stop the cluster")
    down.add_argument("--simulated", action="store_true", help=SIMULATED)
    down.add_argument("--purge", action="store_true", help="also remove logs and loaded images")
    status = add("status", _status, "check every part of the cluster")
    status.add_argument("--simulated", action="store_true", help=SIMULATED)
    load = add("load", _load, "load image archives into all nodes")
    load.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: all images that dev.images built")
    logs = add("logs", _logs, "list the log files, or show the end of one")
    logs.add_argument("name", nargs="?")
    logs.add_argument("--lines", type=int, default=100)
    enter = add("on-node", _on_node, "run a command on a node, in its namespaces")
    enter.add_argument("node", type=int, choices=range(1, plan.MAX_NODES + 1))
    enter.add_argument("command", nargs=argparse.REMAINDER)
    add("kubeconfig", _kubeconfig, "print how to connect to the cluster")
    return result


def foreign_kubeconfig(environment: Mapping[str, str], paths: Paths) -> str | None:
    """Return the user's KUBECONFIG, unless it is that of the local cluster."""
    chosen = environment.get("KUBECONFIG")
    return chosen if chosen and Path(chosen).absolute() != paths.kubeconfig else None


def say(line: str) -> None:
    """Print a line of progress without buffering."""
    print(line, flush=True)


def hint(paths: Paths, *, simulated: bool = False) -> str:
    """Return how to connect to the cluster."""
    enter = "dev/in-simulation" if simulated else "dev/in-cluster"
    return f"use it:  {enter} kubectl get nodes\n(kubeconfig {paths.kubeconfig}, logs in {paths.logs})"


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _doctor(_: argparse.Namespace, cluster: Cluster) -> int:
    return doctor.report(cluster.paths, say)


def _packages(_: argparse.Namespace, _cluster: Cluster) -> int:
    packages.ensure((*packages.CLUSTER_NEEDS, *packages.IMAGE_NEEDS), say)
    return 0


def wanted_tools(options: argparse.Namespace) -> tuple[Tool, ...]:
    """Return the tools to build: the named ones and the groups of the options; by default those of every run."""
    chosen = (
        (options.olm, tools.OLM_TOOLS),
        (options.lifecycle, tools.LIFECYCLE_TOOLS),
        (options.older_validator, tools.OLDER_VALIDATOR),
        (options.metrics, tools.METRICS_TOOLS),
        (options.volumes, tools.VOLUME_TOOLS),
    )
    groups = tuple(tool for wanted, group in chosen if wanted for tool in group)
    return (*tools.named(options.names), *groups) or tools.TOOLS


def _tools(options: argparse.Namespace, cluster: Cluster) -> int:
    tools.ensure(cluster.paths, say, wanted_tools(options))
    say(f"tools: {cluster.paths.bin}")
    return 0


def _build_tool(options: argparse.Namespace, cluster: Cluster) -> int:
    [tool] = tools.named([options.name])
    tools.build(cluster.paths, tool, say)
    return 0


def _up(options: argparse.Namespace, cluster: Cluster) -> int:
    if chosen := foreign_kubeconfig(os.environ, cluster.paths):
        tools.ensure(cluster.paths, say, (tools.KUBERNETES,))
        say(f"KUBECONFIG is set: using the cluster of {chosen}; not starting one here")
        return 0
    if os.environ.get("ALLUXIO_OPERATOR_INSIDE"):
        raise ClusterError("this shell is inside dev/in-cluster: change the cluster from outside")
    if options.metrics and options.simulated:
        raise ClusterError("--metrics needs kubelets to measure, and the cluster without machines has none")
    cluster.up(options.nodes, simulated=options.simulated, metrics=options.metrics)
    say(hint(cluster.paths, simulated=options.simulated))
    return 0


def _down(options: argparse.Namespace, cluster: Cluster) -> int:
    if os.environ.get("ALLUXIO_OPERATOR_INSIDE"):
        raise ClusterError("this shell is inside dev/in-cluster: change the cluster from outside")
    say("the cluster is down" if cluster.down(purge=options.purge) else "there is no cluster to stop")
    return 0


def _status(_: argparse.Namespace, cluster: Cluster) -> int:
    parts = cluster.health()
    for name, works in parts.items():
        say(f"{'ok  ' if works else 'DOWN'} {name}")
    if not cluster.running():
        say("the cluster is not running")
        return 1
    return 0 if all(parts.values()) else 1


def _load(options: argparse.Namespace, cluster: Cluster) -> int:
    chosen = foreign_kubeconfig(os.environ, cluster.paths)
    if chosen and not options.files:
        say(f"KUBECONFIG is set: the cluster of {chosen} gets its images elsewhere; loading nothing")
        return 0
    if not cluster.load(options.files):
        say("already loaded")
    return 0


def _logs(options: argparse.Namespace, cluster: Cluster) -> int:
    if options.name:
        say(cluster.processes.tail(options.name, options.lines))
    else:
        for path in sorted(cluster.paths.logs.glob("*.log")):
            say(str(path))
    return 0


def _on_node(options: argparse.Namespace, cluster: Cluster) -> int:
    node = plan.Node(options.node, cluster.paths.prefix)
    command = [*machine.enter(cluster.processes, node), *(options.command or ["bash"])]
    os.execvp(command[0], command)


def _kubeconfig(_: argparse.Namespace, cluster: Cluster) -> int:
    if not cluster.running():
        raise ClusterError("the cluster is not running: start it with `make cluster`")
    say(hint(cluster.paths))
    return 0
