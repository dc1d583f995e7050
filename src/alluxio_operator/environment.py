"""Environment variables that the hooks read.

This module imports nothing, because every import makes each run of a hook slower.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_DIR = "ALLUXIO_OPERATOR_RUN_DIR"
DEFAULT_RUN_DIR = "/run/alluxio-operator"
WATCH_NAMESPACE = "WATCH_NAMESPACE"
RESYNC_MINUTES = "ALLUXIO_OPERATOR_RESYNC_MINUTES"
CHILD_EVENTS = "ALLUXIO_OPERATOR_CHILD_EVENTS"
AUTO, HOOKS, WATCH = "auto", "hooks", "watch"
"""Source of child events: hooks, the server's own watches, or (auto) one of them by the number of owners."""
INLINE = "ALLUXIO_OPERATOR_INLINE"
UNLISTED = "ALLUXIO_OPERATOR_UNLISTED"
"""Set by the supervisor for the hooks: collections that the server couldn't list, as KIND/NAMESPACE with commas between
them; the kind "*" stands for all kinds, an empty namespace for all namespaces. A watch of one of them would keep
shell-operator from starting any other."""
LEADING_FD = "ALLUXIO_OPERATOR_LEADING_FD"
"""Set by the supervisor for the server: the file descriptor to which the server writes its leadership and its choice of
CHILD_EVENTS."""

_LABEL_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


class SettingError(ValueError):
    """An environment variable has an invalid value; the message has variable, value and remedy."""

    def __init__(self, variable: str, value: str, remedy: str) -> None:
        super().__init__(f"{variable}={value!r}: {remedy}")
        self.variable = variable
        self.value = value
        self.remedy = remedy


def socket_path(environ: Mapping[str, str]) -> str:
    """Return the path of the hook server's unix socket."""
    return f"{environ.get(RUN_DIR) or DEFAULT_RUN_DIR}/hooks.sock"


def watch_namespaces(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the namespaces to watch, sorted and distinct; empty for all ("", "*" or unset). Raise SettingError."""
    text = environ.get(WATCH_NAMESPACE, "").strip()
    if text in ("", "*"):
        return ()
    remedy = "give names like 'a' or 'a,b', or '*' for all"
    names = {name for part in text.split(",") if (name := part.strip())}
    for name in names:
        if not _is_label(name):
            raise SettingError(WATCH_NAMESPACE, text, f"{name!r} is not a valid namespace name; {remedy}")
    if not names:
        raise SettingError(WATCH_NAMESPACE, text, remedy)
    return tuple(sorted(names))


def watchable_namespaces(kind: str, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the namespaces in which objects of a kind can be watched; empty for all, None if there is none.

    Raise SettingError.
    """
    names = watch_namespaces(environ)
    skipped = environ.get(UNLISTED, "").split(",")
    left = tuple(name for name in names or ("",) if not {f"{kind}/{name}", f"*/{name}"}.intersection(skipped))
    if not left:
        return None
    return left if names else ()


def resync_minutes(environ: Mapping[str, str]) -> int:
    """Return the minutes between two resyncs of all owners. Raise SettingError."""
    text = environ.get(RESYNC_MINUTES, "").strip() or "20"
    if not text.isdecimal() or not 1 <= int(text) <= 59:
        raise SettingError(RESYNC_MINUTES, text, "give a whole number of minutes from 1 to 59")
    return int(text)


def child_events(environ: Mapping[str, str]) -> str:
    """Return AUTO, HOOKS or WATCH; in a hook, the server has already resolved AUTO. Raise SettingError."""
    text = environ.get(CHILD_EVENTS, "").strip() or AUTO
    if text not in (AUTO, HOOKS, WATCH):
        raise SettingError(CHILD_EVENTS, text, "give one of auto, hooks, watch")
    return text


def _is_label(name: str) -> bool:
    edges = name[0] + name[-1]
    return len(name) <= 63 and "-" not in edges and _LABEL_CHARACTERS.issuperset(name)
