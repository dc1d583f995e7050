"""The command that restores in place: what it prints, asks and writes, and the code that it ends with."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from alluxio_operator.kube.errors import ApiError
from alluxio_operator.plugin import restores
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import Object, Reader
from alluxio_operator.transport.printable import printable


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user typed. `confirm` is None if the command has to ask for it."""

    cluster: str
    backup: str
    confirm: str | None
    seconds: float


def restore(wanted: Wanted, reader: Reader, out: TextIO) -> tuple[Object, int]:
    """Restore a backup in place; return the cluster in the end, and the exit code."""
    before = reader.cluster(wanted.cluster)
    if restores.state(before) in restores.UNDER_WAY:
        raise PluginError(f"another restore is under way: {restores.in_words(before)}")
    with _taken_back(wanted, reader, before) as own:
        cluster = before
        if not _is_offered(wanted, before):
            asked = reader.change(wanted.cluster, restores.wanted(wanted.backup))
            own.asked = True
            generation = int(asked["metadata"]["generation"])
            cluster = restores.offered(reader, wanted.cluster, wanted.backup, generation)
        if own.asked or restores.refusal(cluster):
            print(printable(str(restores.condition(cluster).get("message", ""))), file=out)
        if restores.refusal(cluster):
            return cluster, restores.REFUSED
        expected = str(restores.record(cluster).get("confirmation", ""))
        typed = wanted.confirm if wanted.confirm is not None else _typed(expected, out)
        if typed != expected:
            print(f"that isn't {expected}: nothing has changed", file=sys.stderr)
            return cluster, restores.EXIT_CODES[restores.AWAITING]
        confirmed = reader.change(wanted.cluster, restores.wanted(wanted.backup, typed))
        own.confirmed = True
        generation = int(confirmed["metadata"]["generation"])
        for cluster in restores.steps(reader, wanted.cluster, wanted.seconds, generation):
            print(f"{wanted.cluster}  {restores.in_words(cluster)}", file=out, flush=True)
        own.confirmed = restores.state(cluster) != restores.AWAITING
    code = restores.EXIT_CODES.get(restores.state(cluster), 1)
    return _serving(wanted, reader, cluster, out) if code == 0 else (cluster, code)


@dataclass(slots=True)
class _Request:
    asked: bool = False
    confirmed: bool = False


@contextmanager
def _taken_back(wanted: Wanted, reader: Reader, before: Object) -> Iterator[_Request]:
    """Give spec.restoreInPlace its value of before, however the question ends: refused, declined, or with Ctrl-C."""
    own = _Request()
    try:
        yield own
    finally:
        if own.asked and not own.confirmed:
            earlier = before.get("spec", {}).get("restoreInPlace")
            what = "has the value of before" if earlier else "is removed"
            try:
                reader.change(wanted.cluster, restores.as_before(earlier))
            except ApiError as error:
                command = f"kubectl patch alx {wanted.cluster} --type merge -p '{restores.CANCEL}'"
                print(
                    printable(f"spec.restoreInPlace is still set: {error}. Remove it with {command}"), file=sys.stderr
                )
            else:
                print(f"spec.restoreInPlace {what}: no restore is requested by this command", file=sys.stderr)


def _is_offered(wanted: Wanted, cluster: Object) -> bool:
    """Return True if the given text confirms what the operator already offers."""
    known = restores.record(cluster)
    return (
        wanted.confirm is not None
        and known.get("confirmation") == wanted.confirm
        and known.get("backup") == wanted.backup
        and restores.state(cluster) == restores.AWAITING
    )


def _typed(expected: str, out: TextIO) -> str:
    print(f"{restores.NOT_RESTORED}\nType {expected} to restore: ", end="", file=out, flush=True)
    return sys.stdin.readline().strip()


def _serving(wanted: Wanted, reader: Reader, cluster: Object, out: TextIO) -> tuple[Mapping[str, Any], int]:
    """Wait until the restored cluster is healthy; the code is 1 if it isn't in time."""
    if not restores.is_serving(cluster):
        print(f"{wanted.cluster}  waits up to {restores.READY_WITHIN:.0f} s for the phase Ready", file=out, flush=True)
    for cluster in restores.until_serving(reader, wanted.cluster):
        print(f"{wanted.cluster}  {restores.phase_in_words(cluster)}", file=out, flush=True)
    if restores.is_serving(cluster):
        return cluster, 0
    print(
        f"error: the backup is restored, but {wanted.cluster} isn't Ready after {restores.READY_WITHIN:.0f} s: "
        f"`kubectl alluxio status {wanted.cluster}` shows why",
        file=sys.stderr,
    )
    return cluster, 1
