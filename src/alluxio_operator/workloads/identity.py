"""User and groups of pods; pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from alluxio_operator.api.security import Security

IMAGES_USER: Final = 1000
"""User and group of the public images."""

DEFAULT: Final[Mapping[str, int]] = MappingProxyType(
    {"runAsUser": IMAGES_USER, "runAsGroup": IMAGES_USER, "fsGroup": IMAGES_USER}
)


def identity_of(security: Security) -> dict[str, int]:
    """Return the fields of a pod's security context; empty if the namespace sets them."""
    if security.identity == "Namespace":
        return {}
    given = {"runAsUser": security.run_as_user, "runAsGroup": security.run_as_group, "fsGroup": security.fs_group}
    return {field: DEFAULT[field] if value is None else value for field, value in given.items()}


def hashed(security: Security) -> dict[str, object]:
    """Return what a configuration's hash covers: nothing for the default, so that its hash stays as it was."""
    identity = identity_of(security)
    return {} if identity == DEFAULT else {"identity": identity}


def in_words(security: Security) -> str:
    """Return user and group for a message."""
    identity = identity_of(security)
    if not identity:
        return "the user or to the group that the namespace sets"
    return f"uid {identity['runAsUser']} or to gid {identity['fsGroup']}"
