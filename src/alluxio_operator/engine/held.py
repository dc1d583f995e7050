"""Holds the pod template of a Deployment while the rest of it is applied; pure.

Its controller replaces the pods as soon as their template changes. A Deployment that has to wait keeps the template
that it has (`kept_template`), and gets its new replicas, labels and strategy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from alluxio_operator.engine.cache import Wanted
from alluxio_operator.engine.kept_template import held_template
from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.kube.text import digest


@dataclass(frozen=True)
class WithLiveTemplate:
    """A rendered Deployment with the pod template that its live object has to keep.

    It has a hash of its own, so that the cache doesn't take it for the Deployment as rendered.
    """

    rendered: Wanted
    live: Object

    @property
    def ref(self) -> Ref:
        """Name of the Deployment."""
        return self.rendered.ref

    @cached_property
    def obj(self) -> Object:
        """The Deployment to apply."""
        obj = self.rendered.obj
        return {**obj, "spec": {**obj["spec"], "template": held_template(self.live)}}

    @cached_property
    def hash(self) -> str:
        """Digest of the Deployment to apply."""
        return digest(self.obj)
