"""The objects of one owner: their namespace, and what sets them apart from objects of others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from alluxio_operator.engine.ownership import controller_uid, has_labels
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Object, Ref


@dataclass(frozen=True, slots=True)
class Scope:
    """The objects of one owner in a namespace.

    They carry the owner's labels, or name the owner as their controller. Labels are easy to lose, for example to a tool
    that rewrites them. A controller reference holds the owner's uid, so that no other object has it by accident.
    """

    kube: Kube
    namespace: str
    labels: Mapping[str, str]
    uid: str = ""
    """The owner's uid."""
    known_uids: Collection[str] = ()
    """Uids of objects on record as the owner's, whatever their labels."""

    def path(self, ref: Ref) -> str:
        """Return the path of an object."""
        return KINDS[ref.kind].path(self.namespace, ref.name)

    def read(self, ref: Ref) -> dict[str, Any] | None:
        """Return an object as the API server has it, its own or not; None when there is none."""
        try:
            return self.kube.get(self.path(ref))
        except NotFound:
            return None

    def owns(self, live: Object) -> bool:
        """Return True if an object carries the owner's labels, is controlled by it, or is on record as the owner's."""
        return (
            has_labels(live, self.labels)
            or (bool(self.uid) and controller_uid(live) == self.uid)
            or live["metadata"].get("uid") in self.known_uids
        )

    def may_delete(self, live: Object) -> bool:
        """Return True if an object is the owner's and no label names another owner."""
        present: Mapping[str, str] = live["metadata"].get("labels", {})
        return self.owns(live) and all(present.get(label, name) == name for label, name in self.labels.items())
