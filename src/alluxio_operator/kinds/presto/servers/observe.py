"""Asks the servers that run what they report."""

from __future__ import annotations

from functools import partial
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.side_by_side import side_by_side
from alluxio_operator.api.presto import Engine
from alluxio_operator.kinds.presto import names
from alluxio_operator.kinds.presto.servers.answers import CoordinatorInfo, PrestoServers, Server
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.workloads.pods import Pod

MOST_ASKED: Final = 32
"""Workers that are asked for their processors; the average of more is the same."""
DEFAULT_PORT: Final = 8080


def ask_coordinator(servers: PrestoServers, pods: tuple[Pod, ...], deadline: Deadline) -> CoordinatorInfo | NoAnswer:
    """Return the report of the coordinator that serves; during a rollout the old and the new one may both run."""
    running = [pod for pod in pods if pod.role == names.COORDINATOR and pod.running]
    questions = {pod.name: partial(servers.coordinator, _server(pod), deadline) for pod in running}
    found = side_by_side(questions, deadline)
    answers = [found.get(name, NoAnswer("no answer in time")) for name in questions]
    serving = next((answer for answer in answers if isinstance(answer, CoordinatorInfo)), None)
    return serving or (answers[-1] if answers else NoAnswer("it has no address yet"))


def ask_processors(servers: PrestoServers, pods: tuple[Pod, ...], deadline: Deadline) -> float | None:
    """Return the average share of their processors that the workers use, from 0 to 1; None if none answers."""
    asked = [pod for pod in pods if pod.role == names.WORKER and pod.ready and pod.ip][:MOST_ASKED]
    questions = {pod.name: partial(servers.processor_load, _server(pod), deadline) for pod in asked}
    shares = [share for share in side_by_side(questions, deadline).values() if share is not None]
    return sum(shares) / len(shares) if shares else None


def _server(pod: Pod) -> Server:
    # By the pod and not by the spec: while port or engine change, the running pod still has the old one.
    engine: Engine = "Trino" if pod.annotations.get(names.ENGINE) == "Trino" else "Presto"
    return Server(pod.ip, pod.ports.get("http", DEFAULT_PORT), engine)
