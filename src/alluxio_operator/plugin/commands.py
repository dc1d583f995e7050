"""The commands of `kubectl alluxio`: each reads or changes resources, prints, and returns the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.presto import KIND as PRESTO
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.kind import DESCRIPTOR as CLUSTER
from alluxio_operator.kinds.presto.kind import DESCRIPTOR as PRESTO_KIND
from alluxio_operator.kube.errors import NotFound
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


def status(options: argparse.Namespace, reader: Reader) -> int:
    """Show a cluster or Presto on one screen, or a line for each; return UNHEALTHY if one isn't healthy."""
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


def show_logs(options: argparse.Namespace, reader: Reader) -> int:
    """Print the logs of a cluster's pods."""
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


def pause(options: argparse.Namespace, reader: Reader) -> int:
    """Stop all changes of a cluster."""
    reader.change(options.name, patches.paused(True))
    print(f"{options.name} is paused: `kubectl alluxio status {options.name}` lists the pending changes")
    return 0


def resume(options: argparse.Namespace, reader: Reader) -> int:
    """End the pause of a cluster."""
    reader.change(options.name, patches.paused(False))
    print(f"{options.name} is resumed: the operator applies its spec")
    return 0


def restart(options: argparse.Namespace, reader: Reader) -> int:
    """Restart the pods of roles."""
    changed = reader.change(options.name, patches.restarted(options.role, datetime.now(UTC)))
    print(f"{options.name}: the operator will restart {', '.join(options.role)}")
    if changed.get("spec", {}).get("paused"):
        print(f"{options.name} is paused: end it with `kubectl alluxio resume {options.name}`.", file=sys.stderr)
    return 0


def history(options: argparse.Namespace, reader: Reader) -> int:
    """Show the latest changes of a cluster."""
    changes = reader.cluster(options.name).get("status", {}).get("history", [])
    if options.output == "table":
        screen.console(sys.stdout).print(screen.history(all_printable(changes)))
    else:
        dump(changes, options.output)
    return 0


def preview(options: argparse.Namespace, reader: Reader) -> int:
    """Show the changes that a file would make, without making them."""
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


def backup(options: argparse.Namespace, reader: Reader) -> int:
    """Back up a cluster's journal; return UNHEALTHY if the backup has failed."""
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


def drill(options: argparse.Namespace, reader: Reader) -> int:
    """Rehearse a recovery in a throw-away cluster; return UNHEALTHY if the drill has failed."""
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


def list_backups(options: argparse.Namespace, reader: Reader) -> int:
    """List the backups of a cluster, or of all clusters."""
    found = backups.of_cluster(reader.backups(), options.name)
    if options.output != "table":
        dump([backups.shown(one) for one in found], options.output)
    elif not found:
        of = f" of {options.name}" if options.name else ""
        print(f"there is no AlluxioBackup{of} in this namespace; -n selects another", file=sys.stderr)
    else:
        screen.console(sys.stdout).print(screen.backups(found, datetime.now(UTC)))
    return 0


def restore(options: argparse.Namespace, reader: Reader) -> int:
    """Restore a backup in place; return the exit code that `main` documents."""
    wanted = restore_command.Wanted(options.name, options.backup, options.confirm, options.timeout)
    text = options.output == "text"
    cluster, code = restore_command.restore(wanted, reader, sys.stdout if text else sys.stderr)
    if not text:
        dump(restores.shown(cluster), options.output)
    return code


def at_risk(options: argparse.Namespace, reader: Reader) -> int:
    """Show what single workers hold that no other worker has."""
    return at_risk_command.show(reader.cluster(options.name), options.output, datetime.now(UTC))


def report(options: argparse.Namespace, reader: Reader) -> int:
    """Write a support bundle without secrets."""
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
