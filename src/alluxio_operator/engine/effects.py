"""Effects that every kind may need; a kind adds its own. Performed by `engine.execute`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alluxio_operator.kube.kinds import Ref


@dataclass(frozen=True, slots=True)
class Patch:
    """A merge patch of an object; it should carry the uid that it is meant for.

    `purpose` completes the sentence "KIND NAME can't be patched to ...".
    """

    ref: Ref
    patch: Mapping[str, object]
    purpose: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The deletion of one object by its uid, so that another one of its name survives."""

    ref: Ref
    uid: str
