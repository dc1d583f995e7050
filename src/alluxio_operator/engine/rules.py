"""Rules of one apply that a kind decides on, as data; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alluxio_operator.kube.kinds import Ref


@dataclass(frozen=True, slots=True)
class ApplyRules:
    """What an apply may do with single objects.

    `never_created` are objects that the operator updates and never creates: they held data once, and an empty one in
    their place would hide the loss. `known_uids` are uids of objects that belong to the owner, whatever their labels.

    `optional` are the objects that others can do without, with the name of their part of the resource. If the API
    server refuses one, the operator leaves the rest of the part as it is and goes on with everything else. All other
    objects are needed by later ones: once one of them is refused, an apply changes no later one.
    """

    never_created: frozenset[Ref] = frozenset()
    known_uids: frozenset[str] = frozenset()
    optional: Mapping[Ref, str] = field(default_factory=dict)

    def parts_of(self, refs: Iterable[Ref]) -> frozenset[str]:
        """Return the optional parts to which objects belong."""
        return frozenset(self.optional[ref] for ref in refs if ref in self.optional)


DEFAULT = ApplyRules()
