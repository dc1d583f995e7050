"""Decides what becomes of the masters' journal: created exactly once, taken over when there is one, never replaced.

The journal is the only copy of Alluxio's metadata. One Job carries out the initialisation, named after an operation
that the status recorded before; afterwards the masters' own check refuses to start without a journal, so that a
lost volume shows as JournalMissing and not as an empty cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alluxio_operator.api.status import JournalStatus
from alluxio_operator.cluster import names
from alluxio_operator.cluster.gates import Gate
from alluxio_operator.cluster.names import Names
from alluxio_operator.cluster.observed import Observed
from alluxio_operator.cluster.pods import JOURNAL_MISSING, first_trouble
from alluxio_operator.kube.kinds import Object

GATE = "JournalInitialized"


@dataclass(frozen=True, slots=True)
class JournalStep:
    """What the status is to say of the journal, and the Job to run: `create`, `adopt`, or none any more."""

    status: JournalStatus
    job: Literal["create", "adopt"] | None
    gate: Gate


def next_step(observed: Observed, uid: str) -> JournalStep:
    """Return the next step of the journal's only initialisation."""
    cluster, known = observed.names, observed.status.journal
    if known is not None and known.state == "Initialized":
        return JournalStep(known, None, _gate_when_initialized(observed, cluster))
    mode: Literal["create", "adopt"] = "adopt" if observed.journal_was_initialized else "create"
    operation = f"{uid[:8]}{mode[0]}"
    if known is None or observed.journal_job is None:
        waiting = Gate(GATE, False, "Initializing", "the journal's Job is about to start")
        return JournalStep(JournalStatus(state="Initializing", operation=operation), mode, waiting)
    if _succeeded(observed.journal_job):
        gate = Gate(GATE, True, "Initialized", "the journal is there")
        # The Job stays until the status has been written: if that write is lost, its result is not. It stays as it is,
        # though the claim may say by now that the journal was initialised.
        done = JournalStatus(state="Initialized", operation=known.operation)
        return JournalStep(done, "adopt" if known.operation.endswith("a") else "create", gate)
    trouble = first_trouble(observed.role(names.JOURNAL))
    if trouble and trouble.reason == JOURNAL_MISSING:
        gate = _missing(cluster, trouble.message)
    else:
        gate = Gate(
            GATE,
            False,
            trouble.reason if trouble else "Initializing",
            trouble.message if trouble else "the journal's Job is running",
        )
    return JournalStep(JournalStatus(state="Initializing", operation=operation), mode, gate)


def _gate_when_initialized(observed: Observed, cluster: Names) -> Gate:
    trouble = first_trouble(observed.role(names.MASTER))
    if trouble and trouble.reason == JOURNAL_MISSING:
        return _missing(cluster, trouble.message)
    return Gate(GATE, True, "Initialized", "the journal is there")


def _missing(cluster: Names, said: str) -> Gate:
    claim = cluster.journal_claim(0)
    return Gate(
        GATE,
        False,
        JOURNAL_MISSING,
        f"{said}. The volume of claim {claim} held the journal of this cluster and no longer does; no new one is made, "
        "since that would be an empty name space. Either bring the volume's data back: the masters then start by "
        "themselves. Or start with an empty name space (files in the UFS are found again, data that is only in "
        f"Alluxio is lost): delete the AlluxioCluster, delete claim {claim}, and create the AlluxioCluster again",
    )


def _succeeded(job: Object) -> bool:
    return any(
        condition["type"] == "Complete" and condition["status"] == "True"
        for condition in job.get("status", {}).get("conditions", ())
    )
