"""Logs of a cluster's pods, each line prefixed with its pod and container."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import Reader
from alluxio_operator.plugin.view import COMPONENT


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """One container of one pod."""

    pod: str
    container: str

    def __str__(self) -> str:
        return f"{self.pod}/{self.container}"


def sources(pods: Iterable[Mapping[str, Any]], role: str | None) -> list[Source]:
    """Return the started containers of a role, or of all roles. A container that hasn't started has no log.

    A job worker is the container job-worker in a worker's pod. For all other roles the pod's label names the role.
    """
    found = []
    for pod in pods:
        of_role = [name for name in _containers(pod) if name.replace("-", "") == role]
        if role and not of_role and pod["metadata"].get("labels", {}).get(COMPONENT) != role:
            continue
        started = {
            one["name"]
            for one in pod.get("status", {}).get("containerStatuses", ())
            if not one.get("state", {}).get("waiting") or one.get("restartCount")
        }
        found += [Source(pod["metadata"]["name"], name) for name in of_role or _containers(pod) if name in started]
    return sorted(found)


def lines(reader: Reader, found: Iterable[Source], tail: int) -> Iterator[str]:
    """Yield the last lines of each container."""
    for source in found:
        for line in reader.log(source.pod, source.container, tail=tail).splitlines():
            yield f"{source}  {line}"


def followed(reader: Reader, found: Iterable[Source], tail: int) -> Iterator[str]:
    """Yield lines of all containers as they arrive, until all containers have ended or the caller stops."""
    arrived: queue.Queue[str | None] = queue.Queue(maxsize=1000)
    threads = [threading.Thread(target=_pump, args=(reader, one, tail, arrived), daemon=True) for one in found]
    for thread in threads:
        thread.start()
    ended = 0
    while ended < len(threads):
        line = arrived.get()
        if line is None:
            ended += 1
        else:
            yield line


def _pump(reader: Reader, source: Source, tail: int, arrived: queue.Queue[str | None]) -> None:
    try:
        for line in reader.follow(source.pod, source.container, tail=tail):
            arrived.put(f"{source}  {line}")
    except PluginError as error:
        arrived.put(f"{source}  ({error})")
    finally:
        arrived.put(None)


def _containers(pod: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in pod["spec"]["containers"]]
