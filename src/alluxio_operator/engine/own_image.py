"""The image that the operator itself runs: its Jobs run it, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import ApiError
from alluxio_operator.kube.kinds import KINDS

CONTAINER: Final = "operator"
"""Container of the operator's pod."""


@dataclass(slots=True)
class OwnImage:
    """The operator's image: the given one, or that of its own pod, which it reads once."""

    given: str = ""
    namespace: str = ""
    pod: str = ""
    known: str = ""

    def read(self, kube: Kube) -> str:
        """Return the image; empty if neither the setting nor the pod has it."""
        if not self.given and not self.known and self.namespace:
            self.known = self._of_pod(kube)
        return self.given or self.known

    def _of_pod(self, kube: Kube) -> str:
        try:
            pod = kube.get(KINDS["Pod"].path(self.namespace, self.pod))
        except ApiError:
            # Outside of a cluster it has no pod, and an older Role lacks the right.
            return ""
        images = {one["name"]: one["image"] for one in pod["spec"]["containers"]}
        return str(images.get(CONTAINER, ""))
