"""The parts that every reconciler is made of, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from alluxio_operator.engine.managed import ManagedObjects
from alluxio_operator.engine.own_image import OwnImage
from alluxio_operator.engine.render import Renderer
from alluxio_operator.engine.upgradeable import Note, unnoted
from alluxio_operator.kube.client import Kube
from alluxio_operator.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Parts:
    """What a descriptor's `reconciler` is given: the API server, the templates of its kind, and the time."""

    kind: str
    kube: Kube
    renderer: Renderer
    folder: str
    """Folder of the kind's templates, as the renderer knows it."""
    metrics: Metrics
    now: Callable[[], datetime]
    note: Note = unnoted
    image: OwnImage = field(default_factory=OwnImage)
    """The operator's own image, for Jobs."""
    backup_jobs: int = 4
    """Number of Jobs of backups that may run in a namespace."""

    def managed(self) -> ManagedObjects:
        """Return the engine's steps for the objects of this kind's resources."""
        return ManagedObjects(self.kind, self.folder, self.kube, self.renderer, self.metrics, self.note)
