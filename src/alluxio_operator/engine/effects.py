"""Effects for every kind, which `engine.execute` performs; a kind adds its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alluxio_operator.kube.kinds import Ref


@dataclass(frozen=True, slots=True)
class Patch:
    """A merge patch of an object; it should contain the uid of the object.

    `purpose` completes the sentence "the operator can't patch KIND NAME to ...".
    """

    ref: Ref
    patch: Mapping[str, object]
    purpose: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The deletion of one object by its uid, so that a recreated object with its name survives."""

    ref: Ref
    uid: str


@dataclass(frozen=True, slots=True)
class Create:
    """The creation of an object; one that exists already stays. The answer is the API server's refusal, or empty."""

    manifest: Mapping[str, Any]
