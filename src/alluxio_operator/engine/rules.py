"""Rules of one apply that a kind decides on, as data; pure."""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.kube.kinds import Ref


@dataclass(frozen=True, slots=True)
class ApplyRules:
    """What an apply may do with single objects.

    `never_created` are objects that the operator updates and never creates: they held data once, and an empty one in
    their place would hide the loss. `known_uids` are uids of objects that belong to the owner, whatever their labels.
    """

    never_created: frozenset[Ref] = frozenset()
    known_uids: frozenset[str] = frozenset()


DEFAULT = ApplyRules()
