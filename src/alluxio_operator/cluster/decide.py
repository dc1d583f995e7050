"""Decides what is to be applied now: a pure function of the cluster that is wished for and what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alluxio_operator.cluster import gates, journal
from alluxio_operator.cluster.context import context_of
from alluxio_operator.cluster.gates import Gate
from alluxio_operator.cluster.journal import JournalStep
from alluxio_operator.cluster.observed import Observed
from alluxio_operator.cluster.validate import Cluster

WORKLOADS_FROM = 30
"""Number of the first template of layer 2, the workloads."""
SERVICES_FROM = 70
"""Number of the first template of layer 3, the Services for clients."""
ALL = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What to apply: the templates below `until`, with `context`; objects beyond it only if they exist already."""

    cluster: Cluster
    context: dict[str, Any]
    until: int
    journal: JournalStep
    masters: Gate


def decide(cluster: Cluster, observed: Observed) -> Plan:
    """Return the plan: configuration and storage, then workloads once the journal is there, then Services."""
    step = journal.next_step(observed, cluster.uid)
    masters = gates.masters_serving(observed)
    if not step.gate.passed:
        until = WORKLOADS_FROM
    elif not masters.passed:
        until = SERVICES_FROM
    else:
        until = ALL
    context = context_of(
        cluster,
        journal_job=step.job,
        journal_operation=step.status.operation,
        journal_initialized=step.status.state == "Initialized" or observed.journal_was_initialized,
    )
    return Plan(cluster, context, until, step, masters)
