"""Side effects on the AlluxioBackups of a cluster, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CreateBackup:
    """Creation of an AlluxioBackup; one that exists already stays. The answer is the API server's refusal, or empty."""

    manifest: Mapping[str, Any]
