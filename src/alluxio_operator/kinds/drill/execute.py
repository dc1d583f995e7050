"""Performs the effects of a drill's operations. The driver has recorded the operations in the status first."""

from __future__ import annotations

from dataclasses import dataclass

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.effects import Create, Delete, Patch
from alluxio_operator.engine.execute import create, delete, patch
from alluxio_operator.engine.operation import Answer, Effect
from alluxio_operator.kube.client import Kube


@dataclass(frozen=True, slots=True)
class Executor:
    """Performs the effects of one reconcile; `applied` collects changes and the API server's refusals."""

    kube: Kube
    namespace: str
    applied: Applied

    def __call__(self, effect: Effect) -> Answer:
        """Perform one effect and return its answer."""
        match effect:
            case Create():
                return create(self.kube, self.namespace, effect)
            case Patch():
                return patch(self.kube, self.namespace, effect, self.applied)
            case Delete():
                return delete(self.kube, self.namespace, effect, self.applied)
        raise TypeError(f"an AlluxioDrill has no way to perform {effect!r}")
