"""Shared code of the hooks: print the bindings, or send shell-operator's binding contexts to the hook server.

Each run of a hook is a process, and on a small machine Python's imports take most of its time. Therefore a hook parses
nothing. The bindings' filters name the owner to wake (see `alluxio_operator.server.wakeups`), and the hook sends the
file from shell-operator unchanged.
"""

from __future__ import annotations

# Not `socket`: importing its enums takes longer than the rest of a run.
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
    watchable_namespaces,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

TRIES = 5
PAUSE = 0.2
"""Seconds between two attempts to reach the server; shell-operator restarts a failed hook after 5 s."""

ANSWER_PATIENCE = 30.0
"""Seconds to wait for the server's answer: for a resync the server first lists all owners."""


FILTER = """{
  wake: {kind, namespace: .metadata.namespace, name: .metadata.name},
  uid: .metadata.uid, generation: .metadata.generation, deletionTimestamp: .metadata.deletionTimestamp,
  annotations: ((.metadata.annotations // {}) | with_entries(select(.key | startswith("alluxio-operator.io/"))))
}"""
"""jq filter of a resource: a change of its result wakes the resource."""


class HookError(Exception):
    """A hook failed; the message goes to the log."""


def run(config: Callable[[Mapping[str, str]], dict[str, Any]]) -> NoReturn:
    """Print the bindings (`--config`) or send the contexts of this run, then exit: 0, or 1 with a line on stderr.

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
    """Return the name of the running hook for logs and metrics."""
    return os.path.basename(sys.argv[0]).removesuffix(".py")


def namespace_selector(kind: str, environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the part of a binding that selects the watched namespaces; empty for all, None if no watch is possible."""
    names = watchable_namespaces(kind, environ)
    if names is None:
        return None
    return {"namespace": {"nameSelector": {"matchNames": list(names)}}} if names else {}


def edits_of(kind: str, plural: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the bindings that wake a resource when a user creates, edits or deletes it.

    The filter leaves out the status: the operator writes it, so a watch on it would be an endless loop.
    """
    selector = namespace_selector(kind, environ)
    if selector is None:
        # shell-operator refuses a configuration that has nothing but a version.
        return {"configVersion": "v1", "settings": {"executionMinInterval": "1s", "executionBurst": 1}}
    return {
        "configVersion": "v1",
        "kubernetes": [
            {
                "name": plural,
                "apiVersion": "alluxio-operator.io/v1alpha1",
                "kind": kind,
                **selector,
                "jqFilter": FILTER,
                "keepFullObjectsInMemory": False,
                "executeHookOnSynchronization": True,
                # A separate queue, so that a resync doesn't delay an edit.
                "queue": "edits",
            }
        ],
    }


def changes_of_children(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the bindings that wake the owner of a changed child; no bindings if the server watches children."""
    from alluxio_operator.engine.child_filters import BINDING, KINDS, MANAGED_BY_LABEL, filter_for

    selectors = {kind: namespace_selector(kind, environ) for _, kind, _ in KINDS}
    last = [kind for kind, selector in selectors.items() if selector is not None][-1:]
    bindings = [
        {
            "name": f"{BINDING}{kind}",
            "apiVersion": api_version,
            "kind": kind,
            "labelSelector": {"matchLabels": MANAGED_BY_LABEL},
            **selector,
            "jqFilter": filter_for(kind, state),
            "keepFullObjectsInMemory": False,
            # The server lists the owners at its start. Afterwards it needs one signal that all kinds are watched, to
            # find earlier changes: shell-operator starts all watches of a hook before it synchronizes the first.
            "executeHookOnSynchronization": [kind] == last,
            "queue": "children",
        }
        for api_version, kind, state in KINDS
        if (selector := selectors[kind]) is not None
    ]
    return {
        "configVersion": "v1",
        # A rollout causes hundreds of events; shell-operator batches those that wait for a run. Each kind uses up a run
        # at the start, even without an execution of the hook.
        "settings": {"executionMinInterval": "250ms", "executionBurst": 2 * len(KINDS)},
        **({"kubernetes": bindings} if child_events(environ) != WATCH and bindings else {}),
    }


def resync_crontab(environ: Mapping[str, str]) -> str:
    """Return the crontab of the resync of all owners."""
    return f"*/{resync_minutes(environ)} * * * *"


def message_for(environ: Mapping[str, str]) -> bytes:
    """Return the message with the binding contexts of this run. Raise HookError."""
    path = environ.get("BINDING_CONTEXT_PATH")
    if not path:
        raise HookError("BINDING_CONTEXT_PATH is not set: shell-operator sets it; use --config to see the bindings")
    try:
        with open(path, "rb") as file:
            contexts = file.read()
    except OSError as error:
        raise HookError(f"the binding contexts cannot be read: {error}") from None
    return b'{"hook": "%s", "contexts": %s}' % (hook_name().encode(), contexts)


def deliver(path: str, message: bytes) -> None:
    """Send the message to the server at the socket `path`. Raise HookError if the server doesn't accept it."""
    answer = _exchange(path, message)
    if not answer.startswith(b'{"accepted"'):
        raise HookError(
            f"the hook server did not accept the contexts: {answer.decode(errors='replace') or 'no answer'}"
        )


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
    raise AssertionError("the last attempt returns or raises")


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
    # Hooks start without site-packages (-S); only this path needs them.
    import site

    site.main()
    from alluxio_operator.inline import reconcile

    reconcile(message, os.environ)
