"""The command line of `kubectl alluxio`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from alluxio_operator import __version__
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.presto import KIND as PRESTO
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.kind import DESCRIPTOR as CLUSTER
from alluxio_operator.kinds.cluster.names import ROLES
from alluxio_operator.kinds.presto.kind import DESCRIPTOR as PRESTO_KIND
from alluxio_operator.kube.errors import ApiError, NotFound
from alluxio_operator.plugin import bundle, logs, patches, plan, screen
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.presto_view import PrestoView, presto_view
from alluxio_operator.plugin.reader import Reader
from alluxio_operator.plugin.view import ClusterView, View, cluster_view, healthy

UNWELL = 3
"""Exit code of `status` when a cluster needs a person."""

CLUSTER_WORDS = CLUSTER.words
PRESTO_WORDS = PRESTO_KIND.words
"""What may stand before a name and a slash, as for kubectl."""

Command = Callable[[argparse.Namespace, Reader], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 for trouble, or 3 from `status` when a cluster isn't well."""
    options = parser().parse_args(arguments)
    try:
        command: Command = options.run
        return command(options, Reader.connect(options.kubeconfig, options.context, options.namespace))
    except NotFound:
        name = getattr(options, "name", None) or f"as in {options.file}"
        kinds = "AlluxioCluster or Presto" if options.run is _status else "AlluxioCluster"
        print(f"error: there is no {kinds} {name} in this namespace; -n names another", file=sys.stderr)
    except (PluginError, ApiError) as error:
        print(f"error: {error}", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        return 130
    return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("-n", "--namespace", help="default: the one of the context")
    shared.add_argument("--context", help="context of the kubeconfig")
    shared.add_argument("--kubeconfig", help="default: as kubectl finds it")
    result = argparse.ArgumentParser(prog="kubectl alluxio", description="Looks after Alluxio clusters.")
    result.add_argument("--version", action="version", version=__version__)
    commands = result.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[shared], help=text, description=text)
        command.set_defaults(run=run)
        return command

    status = add("status", _status, "show one cluster or Presto on one screen, or a line for each")
    status.add_argument("name", nargs="?", metavar="NAME", help="presto/NAME where a cluster has the same name")
    status.add_argument("-A", "--all-namespaces", action="store_true")
    status.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    read = add("logs", _logs, "show the logs of a cluster's pods, each line with where it is from")
    read.add_argument("name", metavar="NAME")
    read.add_argument("--role", choices=ROLES, help="default: all")
    read.add_argument("--tail", type=int, default=200, metavar="LINES", help="of each container; default: 200")
    read.add_argument("-f", "--follow", action="store_true")

    pause = add("pause", _pause, "change nothing of a cluster any more, until it is resumed")
    pause.add_argument("name", metavar="NAME")
    resume = add("resume", _resume, "follow a cluster's spec again")
    resume.add_argument("name", metavar="NAME")

    restart = add("restart", _restart, "restart the pods of a role, one after the other")
    restart.add_argument("name", metavar="NAME")
    restart.add_argument("--role", choices=ROLES, action="append", required=True, help="may be given several times")

    history = add("history", _history, "show the last changes of a cluster: who asked, what came of it")
    history.add_argument("name", metavar="NAME")
    history.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    foresee = add("plan", _plan, "tell what a file would change, and in which order, without changing anything")
    foresee.add_argument(
        "-f", "--file", type=Path, required=True, metavar="FILE.yaml", help="the whole resource, as wished"
    )
    foresee.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    report = add("report", _report, "collect what support wants to see in one file, without secrets")
    report.add_argument("name", metavar="NAME")
    report.add_argument("--file", type=Path, metavar="FILE.tar.gz", help="default: NAME-DATE.tar.gz here")
    report.add_argument("--operator-namespace", metavar="NAMESPACE", help="default: looked for in all")
    return result


def complete(arguments: Sequence[str] | None = None) -> int:
    """Answer kubectl's request for completions (a program `kubectl_complete-alluxio`): one a line, then a directive."""
    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    try:
        offered = candidates(words, _names)
    except (PluginError, ApiError):
        offered = []
    print("\n".join([*offered, ":4"]))
    return 0


def candidates(words: Sequence[str], names: Callable[[Sequence[str]], Iterable[str]]) -> list[str]:
    """Return what may stand in place of the last word, which is begun."""
    *before, begun = words
    known = {"status", "logs", "plan", "history", "report", "pause", "resume", "restart"}
    command = next((word for word in before if word in known), None)
    if before and before[-1] == "--role":
        offered: Iterable[str] = ROLES
    elif before and before[-1] in ("-o", "--output"):
        offered = ("table", "json", "yaml")
    elif command is None:
        offered = sorted(known)
    else:
        # `plan` is for a file, whose names kubectl's completion doesn't know.
        offered = () if command == "plan" else names(before)
    return [one for one in offered if one.startswith(begun)]


def _names(before: Sequence[str]) -> list[str]:
    namespace = next((before[i + 1] for i, word in enumerate(before[:-1]) if word in ("-n", "--namespace")), None)
    return [one["metadata"]["name"] for one in Reader.connect(None, None, namespace).clusters()]


def _status(options: argparse.Namespace, reader: Reader) -> int:
    now = datetime.now(UTC)
    if options.name:
        return _status_of_one(_view(options.name, reader, now), options.output)
    everywhere = options.all_namespaces
    clusters = [cluster_view(one, (), (), now) for one in reader.clusters(everywhere=everywhere)]
    prestos = [presto_view(one, (), (), now) for one in reader.prestos(everywhere=everywhere)]
    views: list[View] = [*clusters, *prestos]
    if options.output != "table":
        _dump([view.as_dict() for view in views], options.output)
    elif not clusters and not prestos:
        print("there is no AlluxioCluster and no Presto; -A looks in all namespaces", file=sys.stderr)
    else:
        console = screen.console(sys.stdout)
        tables = [screen.several(clusters)] if clusters else []
        tables += [screen.several_prestos(prestos)] if prestos else []
        for number, table in enumerate(tables):
            console.print(*([""] if number else []), table, sep="\n")
    return 0 if all(healthy(view) for view in views) else UNWELL


def _view(named: str, reader: Reader, now: datetime) -> ClusterView | PrestoView:
    kind, _, name = named.rpartition("/")
    if kind not in ("", *CLUSTER_WORDS, *PRESTO_WORDS):
        raise PluginError(f"{named}: {kind} is no kind of the operator; write {name}, alx/{name} or presto/{name}")
    if kind not in PRESTO_WORDS:
        try:
            return cluster_view(reader.cluster(name), reader.pods_of(name), reader.events_of(name), now)
        except NotFound:
            if kind:
                raise
    resource = reader.presto(name)
    return presto_view(resource, reader.pods_of(name, app="presto"), reader.events_of(name, PRESTO), now)


def _status_of_one(view: ClusterView | PrestoView, output: str) -> int:
    if output == "table":
        screen.console(sys.stdout).print(screen.one(view))
    else:
        _dump(view.as_dict(), output)
    return 0 if healthy(view) else UNWELL


def _logs(options: argparse.Namespace, reader: Reader) -> int:
    reader.cluster(options.name)
    found = logs.sources(reader.pods_of(options.name), options.role)
    if not found:
        raise PluginError(
            f"no container of {options.name} has started; `kubectl alluxio status` says what it waits for"
        )
    shown = logs.followed if options.follow else logs.lines
    for line in shown(reader, found, options.tail):
        print(line, flush=options.follow)
    return 0


def _pause(options: argparse.Namespace, reader: Reader) -> int:
    reader.change(options.name, patches.paused(True))
    print(f"{options.name} is paused: `kubectl alluxio status {options.name}` names what is held")
    return 0


def _resume(options: argparse.Namespace, reader: Reader) -> int:
    reader.change(options.name, patches.paused(False))
    print(f"{options.name} follows its spec again")
    return 0


def _restart(options: argparse.Namespace, reader: Reader) -> int:
    changed = reader.change(options.name, patches.restarted(options.role, datetime.now(UTC)))
    print(f"{options.name}: {', '.join(options.role)} will be restarted")
    if changed.get("spec", {}).get("paused"):
        print(f"It is paused: nothing is restarted before `kubectl alluxio resume {options.name}`.", file=sys.stderr)
    return 0


def _history(options: argparse.Namespace, reader: Reader) -> int:
    history = reader.cluster(options.name).get("status", {}).get("history", [])
    if options.output == "table":
        screen.console(sys.stdout).print(screen.history(history))
    else:
        _dump(history, options.output)
    return 0


def _plan(options: argparse.Namespace, reader: Reader) -> int:
    wished = _resource_in(options.file)
    live = reader.cluster(wished["metadata"]["name"])
    after = reader.wished(live, wished.get("spec") or {})
    pods, renderer = reader.pods_of(live["metadata"]["name"]), Renderer(plan.templates())
    foreseen = plan.foresee(live, after, pods, renderer, datetime.now(UTC), reader.good_spec(live))
    if options.output == "table":
        screen.console(sys.stdout).print(screen.foreseen(foreseen))
    else:
        _dump(foreseen.as_dict(), options.output)
    return 0


def _resource_in(file: Path) -> Mapping[str, Any]:
    try:
        found = [one for one in yaml.safe_load_all(file.read_text()) if one and one.get("kind") == KIND]
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise PluginError(f"{file} can't be read: {error}") from error
    if len(found) != 1:
        raise PluginError(f"{file} holds {len(found)} AlluxioClusters; give a file with one")
    if "name" not in (found[0].get("metadata") or {}):
        raise PluginError(f"{file}: metadata.name is missing; give the name of the cluster that it is for")
    resource: Mapping[str, Any] = found[0]
    return resource


def _dump(shown: object, output: str) -> None:
    text = json.dumps(shown, indent=2)
    # By way of JSON, so that tuples are lists.
    print(text if output == "json" else yaml.safe_dump(json.loads(text), sort_keys=False).rstrip())


def _report(options: argparse.Namespace, reader: Reader) -> int:
    now = datetime.now(UTC)
    reader.cluster(options.name)
    file = options.file or Path(f"{options.name}-{now:%Y%m%d-%H%M%S}.tar.gz")
    found = bundle.collect(reader, options.name, now, options.operator_namespace)
    bundle.write(found, file, now)
    print(f"{file}: {len(found.files)} files, {file.stat().st_size // 1024} KiB")
    for line in found.missing:
        print(f"not in it: {line}", file=sys.stderr)
    print("Look through it before you hand it on: what isn't known as a secret isn't removed.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
