"""What the hooks are made of: they print their bindings, or tell the hook server which owners to look at.

A hook is a process for each run of it, so nothing is imported here that it can do without. What a context carries
is never the truth, only the names of the owners are taken from it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time

from alluxio_operator.environment import (
    INLINE,
    SettingError,
    resync_minutes,
    socket_path,
    watch_namespaces,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, NoReturn

    Context = Mapping[str, Any]
    Wakeup = dict[str, Any]

TRIES = 5
PAUSE = 0.2
"""Seconds between two tries to reach the server; shell-operator itself starts a failed hook again after 5 s."""

ANSWER_PATIENCE = 30.0
"""Seconds that the server may take to answer: for a resync it lists all owners first."""


class HookError(Exception):
    """The hook could not do its work; its text is for the log."""


def run(
    config: Callable[[Mapping[str, str]], dict[str, Any]],
    to_wakeups: Callable[[Context], Iterable[Wakeup]] | None = None,
    resync: bool = False,
) -> NoReturn:
    """Do what shell-operator started the hook for, then exit: 0, or 1 with a line on stderr.

    `config` returns the bindings for an environment; `to_wakeups` the wake-ups for one context. With `resync` the
    server is asked to look at every owner, whatever the contexts are.
    """
    try:
        if "--config" in sys.argv[1:]:
            json.dump(config(os.environ), sys.stdout)
        else:
            found = (one for context in contexts(os.environ) for one in to_wakeups(context)) if to_wakeups else ()
            deliver({"hook": hook_name(), "wakeups": distinct(found), "resync": resync}, os.environ)
    except (HookError, SettingError) as error:
        sys.stderr.write(f"{hook_name()}: {error}\n")
        sys.exit(1)
    sys.exit(0)


def hook_name() -> str:
    """Return the name of the hook that runs, as logs and metrics show it."""
    return os.path.basename(sys.argv[0]).removesuffix(".py")


def contexts(environ: Mapping[str, str]) -> list[Context]:
    """Read the contexts that shell-operator wrote for this run."""
    path = environ.get("BINDING_CONTEXT_PATH")
    if not path:
        raise HookError("BINDING_CONTEXT_PATH is not set: shell-operator sets it; use --config to see the bindings")
    try:
        with open(path, "rb") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        raise HookError(f"the contexts in {path} cannot be read: {error}") from None
    if not isinstance(found, list) or not all(isinstance(context, dict) for context in found):
        raise HookError(f"{path} holds no list of contexts")
    return found


def seen_objects(context: Context) -> Iterator[Context]:
    """Return what a context says of each of its objects: the filter's result, or the object where there is none.

    With keepFullObjectsInMemory: false shell-operator leaves out the objects, from events too.
    """
    kind = context.get("type")
    if kind == "Event":
        items = [context]
    elif kind == "Synchronization":
        items = context.get("objects") or []
    elif kind == "Group":
        items = [item for items in (context.get("snapshots") or {}).values() for item in items]
    else:
        items = []
    for item in items:
        seen = item.get("filterResult") or item.get("object")
        if isinstance(seen, dict):
            yield seen


def wakeup(kind: str, namespace: str, name: str, reason: str, child: tuple[str, str] | None = None) -> Wakeup:
    """Return a wake-up for one owner; `reason` is edit, child or resync, `child` the kind and name of one object."""
    about = {"kind": child[0], "name": child[1]} if child else None
    return {"kind": kind, "namespace": namespace, "name": name, "reason": reason, "child": about}


def is_event(context: Context) -> bool:
    """Tell whether something happened just now, other than that what exists is told at a start."""
    return context.get("type") == "Event"


def distinct(wakeups: Iterable[Wakeup]) -> list[Wakeup]:
    """Return each wake-up once, in the order in which they came first."""
    return list({json.dumps(one): one for one in wakeups}.values())


def namespace_selector(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the part of a binding that says which namespaces are watched; nothing for all."""
    names = watch_namespaces(environ)
    return {"namespace": {"nameSelector": {"matchNames": list(names)}}} if names else {}


def resync_crontab(environ: Mapping[str, str]) -> str:
    """Return when every owner is looked at."""
    return f"*/{resync_minutes(environ)} * * * *"


def deliver(message: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Hand the message to the server, or reconcile in this process with ALLUXIO_OPERATOR_INLINE=1."""
    if not message["wakeups"] and not message["resync"]:
        return
    if environ.get(INLINE) == "1":
        _reconcile_here(message)
        return
    answer = _exchange(socket_path(environ), json.dumps(message).encode())
    if "accepted" not in answer:
        raise HookError(f"the hook server refused the message: {answer.get('error', answer)}")


def _exchange(path: str, message: bytes) -> dict[str, Any]:
    for left in range(TRIES - 1, -1, -1):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_PATIENCE)
            try:
                connection.connect(path)
            except OSError as error:
                if not left:
                    raise HookError(f"the hook server cannot be reached at {path}: {error}") from None
            else:
                return _ask(connection, message)
        time.sleep(PAUSE)
    raise AssertionError("not reached")


def _ask(connection: socket.socket, message: bytes) -> dict[str, Any]:
    answer = b""
    try:
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(4096):
            answer += chunk
        found = json.loads(answer)
    except (OSError, ValueError) as error:
        raise HookError(f"the hook server gave no answer: {error}") from None
    if not isinstance(found, dict):
        raise HookError(f"the hook server gave a strange answer: {found!r}")
    return found


def _reconcile_here(message: Mapping[str, Any]) -> None:
    # Hooks start without site-packages (-S), which only this needs.
    import site

    site.main()
    from alluxio_operator.inline import reconcile

    reconcile(message, os.environ)
