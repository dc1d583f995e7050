"""Hashes the values in a role's pods, which Kubernetes replaces when their hash changes; pure.

The hash doesn't cover the text of the templates, so that another version of the operator restarts no server. Operators
before this rule hashed only what a server reads at its start. Pods that they made would restart for the hash alone. So
the status records a digest of the other values, and the hash leaves them out until one of them changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.conditions import holds
from alluxio_operator.kube.text import digest

OTHERS: Final = "othersDigest"
"""Key of a role's values: the digest that a baseline may have."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Values in a pod: those that a server reads once, at its start, and all others."""

    read: Mapping[str, Any]
    others: Mapping[str, Any]


def of(inputs: Inputs, left_out: str | None) -> dict[str, str]:
    """Return the hash of a role, and the digest of its other values; the hash leaves out those with `left_out`."""
    others = digest(inputs.others)
    covered = inputs.read if others == left_out else {**inputs.read, "others": others}
    return {"configHash": digest(covered), OTHERS: others}


def needs_baseline(before: PrestoStatus, generation: int) -> bool:
    """Return True if the pods have the spec of today and an operator before this rule made them.

    A spec that has changed since is to reach the pods, so its hash has to differ from theirs.
    """
    unchanged = before.observed_generation == generation and holds(before.conditions, "SpecValid")
    return before.hash_baseline is None and unchanged


def baseline_of(context: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of the values that the hash is to leave out, by role."""
    return {role: values[OTHERS] for role, values in context["roles"].items()}
