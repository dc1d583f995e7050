"""What the hooks are made of: they print their bindings, or hand shell-operator's contexts to the hook server.

A hook is a process for each run of it, and on a small machine most of its time is Python's imports. So it parses
nothing: the bindings' filters already say who is to be woken (see `alluxio_operator.server.wakeups`), and the file
that shell-operator wrote goes to the server as it is.
"""

from __future__ import annotations

# Not `socket`: its enums take longer to import than all else that a run does.
import _socket
import os
import sys
import time

from alluxio_operator.environment import (
    INLINE,
    WATCH,
    SettingError,
    child_events,
    resync_minutes,
    socket_path,
    watch_namespaces,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

TRIES = 5
PAUSE = 0.2
"""Seconds between two tries to reach the server; shell-operator itself starts a failed hook again after 5 s."""

ANSWER_PATIENCE = 30.0
"""Seconds that the server may take to answer: for a resync it lists all owners first."""


FILTER = """{
  wake: {kind, namespace: .metadata.namespace, name: .metadata.name},
  uid: .metadata.uid, generation: .metadata.generation, deletionTimestamp: .metadata.deletionTimestamp,
  annotations: ((.metadata.annotations // {}) | with_entries(select(.key | startswith("alluxio-operator.io/"))))
}"""
"""What of a resource wakes it when it changes, in jq."""


class HookError(Exception):
    """The hook could not do its work; its text is for the log."""


def run(config: Callable[[Mapping[str, str]], dict[str, Any]]) -> NoReturn:
    """Do what shell-operator started the hook for, then exit: 0, or 1 with a line on stderr.

    `config` returns the bindings for an environment.
    """
    try:
        if "--config" in sys.argv[1:]:
            import json

            json.dump(config(os.environ), sys.stdout)
        elif os.environ.get(INLINE) == "1":
            _reconcile_here(message_for(os.environ))
        else:
            deliver(socket_path(os.environ), message_for(os.environ))
    except (HookError, SettingError) as error:
        sys.stderr.write(f"{hook_name()}: {error}\n")
        sys.exit(1)
    sys.exit(0)


def hook_name() -> str:
    """Return the name of the hook that runs, as logs and metrics show it."""
    return os.path.basename(sys.argv[0]).removesuffix(".py")


def namespace_selector(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the part of a binding that says which namespaces are watched; nothing for all."""
    names = watch_namespaces(environ)
    return {"namespace": {"nameSelector": {"matchNames": list(names)}}} if names else {}


def edits_of(kind: str, plural: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the bindings that wake a resource when somebody creates, edits or deletes it.

    The filter leaves out the status, which the operator writes itself: watching it would be an endless loop.
    """
    return {
        "configVersion": "v1",
        "kubernetes": [
            {
                "name": plural,
                "apiVersion": "alluxio-operator.io/v1alpha1",
                "kind": kind,
                **namespace_selector(environ),
                "jqFilter": FILTER,
                "keepFullObjectsInMemory": False,
                "executeHookOnSynchronization": True,
                # Its own queue, so that a resync doesn't delay an edit.
                "queue": "edits",
            }
        ],
    }


def changes_of_children(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the bindings that wake the owner of a changed child; none where the server watches children itself."""
    from alluxio_operator.engine.child_filters import BINDING, KINDS, MANAGED_BY_LABEL, filter_for

    last = KINDS[-1][1]
    bindings = [
        {
            "name": f"{BINDING}{kind}",
            "apiVersion": api_version,
            "kind": kind,
            "labelSelector": {"matchLabels": MANAGED_BY_LABEL},
            **namespace_selector(environ),
            "jqFilter": filter_for(kind, state),
            "keepFullObjectsInMemory": False,
            # The server lists the owners at its start. It only has to learn when every kind is watched, to look for
            # what changed before that: shell-operator starts all watches of a hook before it synchronizes the first.
            "executeHookOnSynchronization": kind == last,
            "queue": "children",
        }
        for api_version, kind, state in KINDS
    ]
    return {
        "configVersion": "v1",
        # A rollout makes hundreds of events; those that wait for a run are handed over together. Each kind takes a run
        # at the start, also where the hook is not run.
        "settings": {"executionMinInterval": "250ms", "executionBurst": 2 * len(KINDS)},
        **({"kubernetes": bindings} if child_events(environ) != WATCH else {}),
    }


def resync_crontab(environ: Mapping[str, str]) -> str:
    """Return when every owner is looked at."""
    return f"*/{resync_minutes(environ)} * * * *"


def message_for(environ: Mapping[str, str]) -> bytes:
    """Return the message with the contexts of this run."""
    path = environ.get("BINDING_CONTEXT_PATH")
    if not path:
        raise HookError("BINDING_CONTEXT_PATH is not set: shell-operator sets it; use --config to see the bindings")
    try:
        with open(path, "rb") as file:
            contexts = file.read()
    except OSError as error:
        raise HookError(f"the contexts cannot be read: {error}") from None
    return b'{"hook": "%s", "contexts": %s}' % (hook_name().encode(), contexts)


def deliver(path: str, message: bytes) -> None:
    """Hand the message to the server at the socket `path`; raise HookError when it does not take it."""
    answer = _exchange(path, message)
    if not answer.startswith(b'{"accepted"'):
        raise HookError(f"the hook server did not take the contexts: {answer.decode(errors='replace') or 'no answer'}")


def _exchange(path: str, message: bytes) -> bytes:
    for left in range(TRIES - 1, -1, -1):
        connection = _socket.socket(_socket.AF_UNIX)
        connection.settimeout(ANSWER_PATIENCE)
        try:
            connection.connect(path)
        except OSError as error:
            if not left:
                raise HookError(f"the hook server cannot be reached at {path}: {error}") from None
            time.sleep(PAUSE)
            continue
        return _ask(connection, message)
    raise AssertionError("the last try returns or raises")


def _ask(connection: _socket.socket, message: bytes) -> bytes:
    answer = b""
    try:
        connection.sendall(message)
        connection.shutdown(_socket.SHUT_WR)
        while chunk := connection.recv(4096):
            answer += chunk
    except OSError as error:
        raise HookError(f"the hook server did not answer: {error}") from None
    return answer


def _reconcile_here(message: bytes) -> None:
    # Hooks start without site-packages (-S), which only this needs.
    import site

    site.main()
    from alluxio_operator.inline import reconcile

    reconcile(message, os.environ)
