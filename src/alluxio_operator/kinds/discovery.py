"""The kinds of resources that the operator reconciles, as their descriptors say."""

from __future__ import annotations

from alluxio_operator.api.discovery import KindError, descriptions
from alluxio_operator.engine.kind import KindDescriptor


def descriptors() -> tuple[KindDescriptor, ...]:
    """Return the descriptor of every kind, in their order; raise KindError."""
    return tuple(_checked(one) for one in descriptions().values())


def _checked(found: object) -> KindDescriptor:
    if not isinstance(found, KindDescriptor):
        raise KindError(f"{found} is no KindDescriptor: nothing is known of its reconciler")
    return found
