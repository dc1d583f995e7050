"""Tables and screens of the commands. rich leaves out colours if the output isn't a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from alluxio_operator.api.base import in_binary
from alluxio_operator.plugin import usage
from alluxio_operator.plugin.at_risk import AtRiskView
from alluxio_operator.plugin.plan import Preview
from alluxio_operator.plugin.presto_view import PrestoView
from alluxio_operator.plugin.reader import Object
from alluxio_operator.plugin.view import ClusterView, Gate, RecentEvent, RoleView, View, details, what
from alluxio_operator.transport.printable import printable

PIPE_WIDTH = 240
MARKS = {True: Text(" ✓", "green"), False: Text(" ✗", "red"), None: Text(" ?", "yellow")}
LINES = {"+": "green", "-": "red"}
OUTCOMES = {"Succeeded": "green", "Failed": "red"}
PHASES = {"Ready": "green", "Installing": "cyan", "Updating": "cyan", "Degraded": "red", "Invalid": "red"}
PHASES |= {"Completed": "green", "Running": "cyan", "Verifying": "cyan", "Failed": "red"}


def one(view: ClusterView | PrestoView) -> RenderableType:
    """Return the status screen of one cluster, or of one Presto."""
    facts = _facts(view) if isinstance(view, ClusterView) else _facts_of_presto(view)
    parts: list[RenderableType] = [_head(view), facts]
    parts += [Text("\nGates", style="bold"), _gates(view.gates)] if view.gates else []
    parts += [Text("\nRoles", style="bold"), _roles(view.roles)] if view.roles else []
    parts += [Text("\nLast changes", style="bold"), _recent(view.recent)] if view.recent else []
    return Group(*parts)


def several(views: Sequence[ClusterView]) -> RenderableType:
    """Return a table with a line for each cluster."""
    table = _table("NAMESPACE", "NAME", "PHASE", "VERSION", "MASTERS", "WORKERS", "CAPACITY", "USED", "AGE", "SUMMARY")
    for view in views:
        workers = f"{view.live_workers}/{view.wanted_workers}"
        table.add_row(*_line(view, view.quorum, workers, view.capacity, _percent(view)))
    return table


def several_prestos(views: Sequence[PrestoView]) -> RenderableType:
    """Return a table with a line for each Presto."""
    own = ("ENGINE", "WORKERS", "RUNNING", "QUEUED", "CACHE")
    table = _table("NAMESPACE", "PRESTO", "PHASE", "VERSION", *own, "AGE", "SUMMARY")
    for view in views:
        workers, queries = f"{view.active_workers}/{view.wanted_workers}", (view.running_queries, view.queued_queries)
        table.add_row(*_line(view, view.engine, workers, *map(str, queries), view.cache or "-"))
    return table


def backups(found: Iterable[Object], now: datetime) -> RenderableType:
    """Return a table with a line for each backup."""
    table = _table("NAME", "CLUSTER", "PHASE", "VERIFIED", "ENTRIES", "BYTES", "RESTORE", "AGE", "SUMMARY")
    for one in found:
        status = one.get("status", {})
        file, restored, phase = status.get("file") or {}, status.get("restored"), str(status.get("phase", "Pending"))
        begun = status.get("started") or one["metadata"]["creationTimestamp"]
        table.add_row(
            printable(one["metadata"]["name"]),
            printable(one["spec"]["clusterRef"]["name"]),
            Text(printable(phase), style=PHASES.get(phase, "")),
            "yes" if status.get("verified") else "no",
            str(file.get("entries", "-")),
            str(file.get("bytes", "-")),
            duration(restored["seconds"]) if restored else "-",
            duration((now - datetime.fromisoformat(begun)).total_seconds()),
            printable(status.get("summary", "")),
        )
    return table


def drill(found: Mapping[str, Any]) -> RenderableType:
    """Return a table with the result of a drill."""
    files: Mapping[str, Any] = found["files"] or {}
    table = _table("DRILL", "BACKUP", "RESULT", "RPO", "RESTORE", "RTO", "LISTED", "READ", "MATCHED", "CHANGED", "BAD")
    bad = sum(files.get(name, 0) for name in ("missing", "different", "unreadable"))
    times = (found[name] for name in ("rpoSeconds", "restoreSeconds", "rtoSeconds"))
    table.add_row(
        printable(found["name"]),
        printable(found["backup"] or "-"),
        "passed" if found["passed"] else printable(found["phase"]).lower(),
        *("-" if one is None else duration(one) for one in times),
        *(str(files.get(name, "-")) for name in ("listed", "sampled", "matched", "changed")),
        str(bad) if files else "-",
    )
    return table


def at_risk(view: AtRiskView) -> RenderableType:
    """Return what single workers hold, by worker and by path, with the ages of the oldest files."""
    parts: list[RenderableType] = []
    if view.listed_ago is not None:
        workers = _table("WORKER", "UNPERSISTED", "GONE AT RESTART", "CACHED ONCE", "PINNED", "FILES", "OLDEST")
        for row in view.rows:
            workers.add_row(str(row["name"]), *_sizes(row), str(row["files"]), _age(row))
        others = f"all, with {view.other_workers} others" if view.other_workers else "all"
        workers.add_row(others, *_sizes(view.total), str(view.total["files"]), _age(view.total))
        parts.append(workers)
    if view.paths:
        paths = _table("PATH", "UNPERSISTED", "FILES", "OLDEST")
        for row in sorted(view.paths, key=lambda one: -one["unpersistedBytes"]):
            paths.add_row(str(row["path"]), in_binary(row["unpersistedBytes"]), str(row["files"]), _age(row))
        parts += [Text(""), paths]
    if view.listed_ago is not None:
        known = f"Listed {duration(view.listed_ago)} ago or later with the same result; sizes are rounded up."
        parts.append(Text(f"\n{known}", "dim"))
    return Group(*parts, *(Text(note, "yellow") for note in view.notes))


def _sizes(row: Mapping[str, Any]) -> list[str]:
    names = ("unpersistedBytes", "unpersistedOnRestartBytes", "cachedOnceBytes", "pinnedBytes")
    return [in_binary(row[name]) for name in names]


def _age(row: Mapping[str, Any]) -> str:
    return "-" if row["oldestSeconds"] is None else duration(row["oldestSeconds"])


def _line(view: View, *own: str) -> tuple[str | Text, ...]:
    """Return the cells of a line: those of every kind, around those of this kind only (`own`)."""
    phase = Text(view.phase, style=PHASES.get(view.phase, ""))
    return view.namespace, view.name, phase, view.version, *own, duration(view.age), view.summary


def history(changes: Iterable[Object]) -> RenderableType:
    """Return a table of the latest changes, newest first."""
    table = _table("STARTED", "ENDED", "WHAT", "OUTCOME", "PODS", "BY", "ROLE", "CPU", "MEMORY", "DETAILS")
    newest_first = list(reversed(list(changes)))
    for one in newest_first:
        outcome = one.get("outcome", "in progress")
        used = usage.rows(one)
        table.add_row(
            str(one.get("started", "")),
            str(one.get("ended", "")),
            what(one),
            Text(outcome, style=OUTCOMES.get(outcome, "")),
            str(one.get("replaced", 0)),
            one.get("by", ""),
            *("\n".join(column) for column in (zip(*used, strict=True) if used else ((), (), ()))),
            details(one),
        )
    legend = "CPU and memory: of all pods of a role together, at the start of the change -> peak during it."
    notes = [*([legend] if any(usage.rows(one) for one in newest_first) else []), *usage.unavailable(newest_first)]
    return Group(table, *(Text(f"\n{note}" if number == 0 else note, "dim") for number, note in enumerate(notes)))


def preview(found: Preview) -> RenderableType:
    """Return a preview: objects with their changed lines, properties, volumes, and pods in their order."""
    parts: list[RenderableType] = []
    for one in found.objects:
        parts.append(Text(f"{one.verb} {printable(one.name)}", style="bold"))
        parts += [Text(f"    {printable(line)}", style=LINES.get(line[:1], "dim")) for line in one.lines]
    if found.dynamic_properties:
        parts.append(Text("\nProperties applied to the running leader, without a restart:"))
        parts += [Text(f"  {printable(one)}") for one in found.dynamic_properties]
    if found.sizes:
        parts.append(Text("\nVolumes:"))
        parts += [Text(f"  {printable(size)}") for size in found.sizes]
    parts.append(Text("\nPods to replace, in this order:" if found.replaced else "\nNo pod is replaced."))
    parts += [Text(f"  {number}. {printable(name)}") for number, name in enumerate(found.replaced, 1)]
    if not found.objects:
        parts.insert(0, Text("No object is changed."))
    return Group(*parts, *([Text(f"\n{printable(found.held)}", "yellow")] if found.held else []))


def console(file: IO[str], *, terminal: bool | None = None) -> Console:
    """Return a console that prints to a file; a pipe gets a fixed width and no colours.

    It interprets no markup, because text of a resource must appear unchanged.
    """
    made = Console(file=file, force_terminal=terminal, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = PIPE_WIDTH
    return made


def duration(seconds: float) -> str:
    """Return a time span as kubectl writes it: 45s, 12m, 5h, 3d."""
    whole = max(0, int(seconds))
    for size, unit, most in ((1, "s", 120), (60, "m", 120 * 60), (3600, "h", 48 * 3600)):
        if whole < most:
            return f"{whole // size}{unit}"
    return f"{whole // 86400}d"


def _head(view: ClusterView | PrestoView) -> Text:
    style = PHASES.get(view.phase, "yellow")
    line = Text.assemble((f"{view.namespace}/{view.name}", "bold"), "  ", (view.phase, f"bold {style}"), "  ")
    line.append(view.summary)
    if view.paused:
        line.append("  (paused: the operator changes nothing)", style="yellow")
    if not view.spec_observed:
        line.append("  (the operator hasn't seen the latest spec)", style="yellow")
    return line


def _facts(view: ClusterView) -> Table:
    table = Table.grid(padding=(0, 3))
    counted = ((view.lost_workers, "lost"), (view.leaving_workers, "leaving"))
    others = "".join(f", {number} {state}" for number, state in counted if number)
    workers = f"{view.live_workers} of {view.wanted_workers} live{others}"
    cache = view.capacity + (f", {_percent(view)} used" if view.used_percent is not None else "")
    table.add_row("Version", view.version, "Leader", view.leader or "none")
    table.add_row("Age", duration(view.age), "Masters", view.quorum or "-")
    table.add_row("Cache", cache or "-", "Workers", workers)
    for number, ufs in enumerate(view.ufs):
        table.add_row("Storage" if number == 0 else "", ufs)
    return table


def _facts_of_presto(view: PrestoView) -> Table:
    table = Table.grid(padding=(0, 3))
    runs = f"{view.engine} {view.version}"
    table.add_row("Version", runs, "Workers", f"{view.active_workers} of {view.wanted_workers} active")
    table.add_row("Age", duration(view.age), "Queries", f"{view.running_queries} running, {view.queued_queries} queued")
    table.add_row("Address", view.address or "-", "Cache", view.cache or "none")
    if view.scaling:
        table.add_row("Scaling", view.scaling)
    return table


def _gates(gates: Iterable[Gate]) -> Table:
    table = Table.grid(padding=(0, 2))
    for gate in gates:
        table.add_row(MARKS[gate.holds], gate.type, "" if gate.holds else gate.reason, gate.message)
    return table


def _roles(roles: Iterable[RoleView]) -> Table:
    table = _table("ROLE", "READY", "RESTARTS", "NODES", "TROUBLE")
    for role in roles:
        ready = Text(f"{role.ready}/{role.pods}", style="" if role.ready == role.pods else "red")
        nodes = ", ".join(role.nodes[:3]) + (f" and {len(role.nodes) - 3} more" if len(role.nodes) > 3 else "")
        table.add_row(role.role, ready, str(role.restarts), nodes, Text(role.trouble, style="red"))
    return table


def _recent(recent: Iterable[RecentEvent]) -> Table:
    table = Table.grid(padding=(0, 2))
    for item in recent:
        style = "red" if item.warning else ""
        table.add_row(f" {duration(item.ago)} ago", Text(item.what, style=style), item.message)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column not in ("SUMMARY", "TROUBLE", "DETAILS"), overflow="fold")
    return table


def _percent(view: ClusterView) -> str:
    return "" if view.used_percent is None else f"{view.used_percent}%"
