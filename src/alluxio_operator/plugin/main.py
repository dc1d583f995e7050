"""The command line of `kubectl alluxio`."""

from __future__ import annotations

import argparse
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
from alluxio_operator.plugin import (
    at_risk_command,
    backups,
    bundle,
    drills,
    logs,
    patches,
    plan,
    restore_command,
    restores,
    screen,
)
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.output import dump
from alluxio_operator.plugin.presto_view import PrestoView, presto_view
from alluxio_operator.plugin.reader import Reader
from alluxio_operator.plugin.view import ClusterView, View, cluster_view, healthy
from alluxio_operator.transport.printable import all_printable, printable

UNHEALTHY = 3
"""Exit code of `status` if a cluster or Presto isn't healthy, and of `backup` and `drill` if that has failed."""
CLEANING_SECONDS = 600
"""Time for the removal of a drill's throw-away cluster."""

CLUSTER_WORDS = CLUSTER.words
PRESTO_WORDS = PRESTO_KIND.words
"""Prefixes KIND/ of a name that select a kind, as with kubectl."""

Command = Callable[[argparse.Namespace, Reader], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return 0, 1 after an error, 130 after Ctrl-C.

    It returns 3 if `status` finds an unhealthy cluster, and if a backup or drill that it waited for has failed.
    `at-risk` returns 3 if a worker is above the limit, 4 if what workers hold isn't known.
    `restore` returns 3 if nothing was confirmed or the backup is refused, 4 if it went back, and 5 if it failed.
    """
    options = parser().parse_args(arguments)
    try:
        command: Command = options.run
        return command(options, Reader.connect(options.kubeconfig, options.context, options.namespace))
    except NotFound:
        name = getattr(options, "name", None) or f"as in {options.file}"
        kinds = "AlluxioCluster or Presto" if options.run is _status else "AlluxioCluster"
        print(f"error: there is no {kinds} {name} in this namespace; -n selects another", file=sys.stderr)
    except (PluginError, ApiError) as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        return 130
    return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    # Without a default, so that a command doesn't overwrite what stands before it.
    shared = _connection(argparse.SUPPRESS)
    result = argparse.ArgumentParser(
        prog="kubectl alluxio", description="Show and change Alluxio clusters.", parents=[_connection(None)]
    )
    result.add_argument("--version", action="version", version=__version__)
    commands = result.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[shared], help=text, description=text)
        command.set_defaults(run=run)
        return command

    status = add("status", _status, "show a cluster or Presto on one screen, or a line for each")
    status.add_argument("name", nargs="?", metavar="NAME", help="presto/NAME if a cluster has the same name")
    status.add_argument("-A", "--all-namespaces", action="store_true")
    status.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    read = add("logs", _logs, "show the logs of a cluster's pods, each line with its pod and container")
    read.add_argument("name", metavar="NAME")
    read.add_argument("--role", choices=ROLES, help="default: all")
    read.add_argument("--tail", type=int, default=200, metavar="LINES", help="lines per container; default: 200")
    read.add_argument("-f", "--follow", action="store_true")

    pause = add("pause", _pause, "stop all changes of a cluster until it is resumed")
    pause.add_argument("name", metavar="NAME")
    resume = add("resume", _resume, "end the pause of a cluster")
    resume.add_argument("name", metavar="NAME")

    restart = add("restart", _restart, "restart the pods of a role, one after the other")
    restart.add_argument("name", metavar="NAME")
    restart.add_argument("--role", choices=ROLES, action="append", required=True, help="repeat it for several roles")

    history = add("history", _history, "show the latest changes of a cluster, with field manager and outcome")
    history.add_argument("name", metavar="NAME")
    history.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    preview = add("plan", _plan, "show the changes that a file would make, in their order, without making them")
    preview.add_argument(
        "-f", "--file", type=Path, required=True, metavar="FILE.yaml", help="the whole desired resource"
    )
    preview.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    backup = add("backup", _backup, "back up a cluster's journal, and wait until the backup was restored as a test")
    backup.add_argument("name", metavar="NAME", help="the cluster")
    backup.add_argument("--as", dest="backup", metavar="BACKUP", help="name of the backup; default: NAME-DATE")
    backup.add_argument("--volume", metavar="PVC", help="keep it in this PVC; default: below the root mount")
    backup.add_argument("--verify", choices=("Restore", "Check"), default="Restore", help="default: Restore")
    backup.add_argument("--no-wait", action="store_true", help="return at once")
    backup.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="default: 3600")
    backup.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text")

    listed = add("backups", _backups, "list the backups of a cluster, or of all clusters; the newest first")
    listed.add_argument("name", nargs="?", metavar="NAME", help="the cluster")
    listed.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    drill = add(
        "drill", _drill, "rehearse a recovery: restore a backup into a throw-away cluster, and read files there"
    )
    drill.add_argument("name", metavar="NAME", help="the cluster")
    drill.add_argument("--as", dest="drill", metavar="DRILL", help="name of the drill; default: NAME-DATE")
    drill.add_argument("--backup", metavar="BACKUP", help="default: the newest verified one of the cluster")
    drill.add_argument("--files", type=int, metavar="N", help="most files to read; default: 100")
    drill.add_argument("--no-wait", action="store_true", help="return at once")
    drill.add_argument("--timeout", type=int, default=3600, metavar="SECONDS", help="default: 3600")
    drill.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text")
    back = add("restore", _restore, "restore a backup in place, after a typed confirmation, and wait for its end")
    back.add_argument("name", metavar="NAME", help="the cluster")
    back.add_argument("--backup", required=True, metavar="BACKUP", help="an AlluxioBackup of the cluster")
    back.add_argument("--confirm", metavar="TEXT", help="the text to confirm; default: ask for it")
    back.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="default: 3600")
    back.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text")

    risk = add("at-risk", _at_risk, "show what would be lost, or read again from the UFS, if a worker died now")
    risk.add_argument("name", metavar="NAME")
    risk.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    report = add("report", _report, "write a support bundle without secrets")
    report.add_argument("name", metavar="NAME")
    report.add_argument("--file", type=Path, metavar="FILE.tar.gz", help="default: NAME-DATE.tar.gz in this folder")
    report.add_argument("--operator-namespace", metavar="NAMESPACE", help="default: search all namespaces")
    return result


def _connection(default: str | None) -> argparse.ArgumentParser:
    """Return the options of kubectl, which stand before the command or after it."""
    result = argparse.ArgumentParser(add_help=False)
    result.add_argument("-n", "--namespace", default=default, help="default: the namespace of the context")
    result.add_argument("--context", default=default, help="context of the kubeconfig")
    result.add_argument("--kubeconfig", default=default, help="default: the same file as kubectl")
    return result


def complete(arguments: Sequence[str] | None = None) -> int:
    """Print completions for kubectl, one per line, then a directive; the program is `kubectl_complete-alluxio`."""
    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    try:
        offered = candidates(words, _names)
    except (PluginError, ApiError):
        offered = []
    print("\n".join([*map(printable, offered), ":4"]))
    return 0


def candidates(words: Sequence[str], names: Callable[[Sequence[str]], Iterable[str]]) -> list[str]:
    """Return the completions of the last word."""
    *before, prefix = words
    known = {"status", "logs", "plan", "history", "report", "pause", "resume", "restart"}
    known |= {"at-risk", "backup", "backups", "drill", "restore"}
    command = next((word for word in before if word in known), None)
    if before and before[-1] == "--role":
        offered: Iterable[str] = ROLES
    elif before and before[-1] in ("-o", "--output"):
        offered = ("table", "json", "yaml")
    elif command is None:
        offered = sorted(known)
    else:
        # `plan` takes a file name, and kubectl's completion has none to offer.
        offered = () if command == "plan" else names(before)
    return [one for one in offered if one.startswith(prefix)]


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
        dump([view.as_dict() for view in views], options.output)
    elif not clusters and not prestos:
        print("there is no AlluxioCluster and no Presto; -A shows all namespaces", file=sys.stderr)
    else:
        console = screen.console(sys.stdout)
        tables = [screen.several(clusters)] if clusters else []
        tables += [screen.several_prestos(prestos)] if prestos else []
        for number, table in enumerate(tables):
            console.print(*([""] if number else []), table, sep="\n")
    return 0 if all(healthy(view) for view in views) else UNHEALTHY


def _view(named: str, reader: Reader, now: datetime) -> ClusterView | PrestoView:
    kind, _, name = named.rpartition("/")
    if kind not in ("", *CLUSTER_WORDS, *PRESTO_WORDS):
        raise PluginError(f"{named}: the operator has no kind {kind}; write {name}, alx/{name} or presto/{name}")
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
        dump(view.as_dict(), output)
    return 0 if healthy(view) else UNHEALTHY


def _logs(options: argparse.Namespace, reader: Reader) -> int:
    reader.cluster(options.name)
    found = logs.sources(reader.pods_of(options.name), options.role)
    if not found:
        raise PluginError(
            f"no container of {options.name} has started; `kubectl alluxio status {options.name}` shows why"
        )
    shown = logs.followed if options.follow else logs.lines
    for line in shown(reader, found, options.tail):
        print(printable(line), flush=options.follow)
    return 0


def _pause(options: argparse.Namespace, reader: Reader) -> int:
    reader.change(options.name, patches.paused(True))
    print(f"{options.name} is paused: `kubectl alluxio status {options.name}` lists the pending changes")
    return 0


def _resume(options: argparse.Namespace, reader: Reader) -> int:
    reader.change(options.name, patches.paused(False))
    print(f"{options.name} is resumed: the operator applies its spec")
    return 0


def _restart(options: argparse.Namespace, reader: Reader) -> int:
    changed = reader.change(options.name, patches.restarted(options.role, datetime.now(UTC)))
    print(f"{options.name}: the operator will restart {', '.join(options.role)}")
    if changed.get("spec", {}).get("paused"):
        print(f"{options.name} is paused: end it with `kubectl alluxio resume {options.name}`.", file=sys.stderr)
    return 0


def _history(options: argparse.Namespace, reader: Reader) -> int:
    history = reader.cluster(options.name).get("status", {}).get("history", [])
    if options.output == "table":
        screen.console(sys.stdout).print(screen.history(all_printable(history)))
    else:
        dump(history, options.output)
    return 0


def _plan(options: argparse.Namespace, reader: Reader) -> int:
    desired = _resource_in(options.file)
    live = reader.cluster(desired["metadata"]["name"])
    after = reader.dry_run(live, desired.get("spec") or {})
    pods, renderer = reader.pods_of(live["metadata"]["name"]), Renderer(plan.templates())
    found = plan.preview(live, after, pods, renderer, datetime.now(UTC), reader.rollback_spec(live))
    if options.output == "table":
        screen.console(sys.stdout).print(screen.preview(found))
    else:
        dump(found.as_dict(), options.output)
    return 0


def _resource_in(file: Path) -> Mapping[str, Any]:
    try:
        found = [one for one in yaml.safe_load_all(file.read_text()) if one and one.get("kind") == KIND]
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise PluginError(f"{file} can't be read: {error}") from error
    if len(found) != 1:
        raise PluginError(f"{file} holds {len(found)} AlluxioClusters; give a file with one")
    if "name" not in (found[0].get("metadata") or {}):
        raise PluginError(f"{file}: metadata.name is missing; give the name of the cluster")
    resource: Mapping[str, Any] = found[0]
    return resource


def _backup(options: argparse.Namespace, reader: Reader) -> int:
    cluster = reader.cluster(options.name)
    name = options.backup or backups.default_name(options.name, datetime.now(UTC))
    namespace = cluster["metadata"]["namespace"]
    wanted = backups.manifest(options.name, name, namespace, verify=options.verify, volume=options.volume)
    reader.create_backup(wanted)
    last = reader.backup(name)
    if not options.no_wait:
        last = _watched(lambda: reader.backup(name), name, options.timeout, options.output)
    if options.output != "text":
        dump(backups.shown(last), options.output)
    elif options.no_wait:
        print(f"{name} is created: `kubectl alluxio backups {options.name}` shows its state")
    return UNHEALTHY if backups.phase(last) in ("Failed", "Invalid") else 0


def _watched(look: Callable[[], Mapping[str, Any]], name: str, seconds: float, output: str) -> Mapping[str, Any]:
    """Print the steps of a backup or drill until it ends; return its last state."""
    last: Mapping[str, Any] = {}
    for last in backups.steps(look, name, seconds):
        print(f"{name}  {backups.in_words(last)}", file=sys.stderr if output != "text" else sys.stdout, flush=True)
    return last


def _drill(options: argparse.Namespace, reader: Reader) -> int:
    cluster = reader.cluster(options.name)
    name = options.drill or backups.default_name(options.name, datetime.now(UTC))
    namespace = cluster["metadata"]["namespace"]
    reader.create_drill(
        drills.manifest(
            options.name, name, namespace, backup=options.backup, files=options.files, seconds=options.timeout
        )
    )
    last = reader.drill(name)
    if not options.no_wait:
        # The operator ends a drill by its own time, and then cleans up.
        last = _watched(lambda: reader.drill(name), name, options.timeout + CLEANING_SECONDS, options.output)
    if options.output != "text":
        dump(drills.shown(last), options.output)
    elif options.no_wait:
        print(f"{name} is created: `kubectl get alluxiodrill {name}` shows its state")
    else:
        screen.console(sys.stdout).print(screen.drill(drills.shown(last)))
    return UNHEALTHY if backups.phase(last) in ("Failed", "Invalid") else 0


def _backups(options: argparse.Namespace, reader: Reader) -> int:
    found = backups.of_cluster(reader.backups(), options.name)
    if options.output != "table":
        dump([backups.shown(one) for one in found], options.output)
    elif not found:
        of = f" of {options.name}" if options.name else ""
        print(f"there is no AlluxioBackup{of} in this namespace; -n selects another", file=sys.stderr)
    else:
        screen.console(sys.stdout).print(screen.backups(found, datetime.now(UTC)))
    return 0


def _restore(options: argparse.Namespace, reader: Reader) -> int:
    wanted = restore_command.Wanted(options.name, options.backup, options.confirm, options.timeout)
    text = options.output == "text"
    cluster, code = restore_command.restore(wanted, reader, sys.stdout if text else sys.stderr)
    if not text:
        dump(restores.shown(cluster), options.output)
    return code


def _at_risk(options: argparse.Namespace, reader: Reader) -> int:
    return at_risk_command.show(reader.cluster(options.name), options.output, datetime.now(UTC))


def _report(options: argparse.Namespace, reader: Reader) -> int:
    now = datetime.now(UTC)
    reader.cluster(options.name)
    file = options.file or Path(f"{options.name}-{now:%Y%m%d-%H%M%S}.tar.gz")
    found = bundle.collect(reader, options.name, now, options.operator_namespace)
    bundle.write(found, file, now)
    print(f"{file}: {len(found.files)} files, {file.stat().st_size // 1024} KiB")
    for line in found.missing:
        print(f"missing: {line}", file=sys.stderr)
    print("Read the report before you send it: the plugin removes only secrets that it recognises.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
