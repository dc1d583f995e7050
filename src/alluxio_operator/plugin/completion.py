"""What the plugin offers to complete the last word of its command line; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from alluxio_operator.kinds.cluster.names import ROLES


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
