"""Tells of what an image is made: each layer with its size, and the step that made it."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MB = 10**6


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer; `bytes` are those of its tar file, uncompressed."""

    step: str
    bytes: int


def layers(archive: Path) -> list[Layer]:
    """Return the layers of an image in a docker archive, from the base up."""
    with tarfile.open(archive) as tar:
        [manifest] = _read(tar, "manifest.json")
        history = _read(tar, manifest["Config"])["history"]
        steps = [_step(entry["created_by"]) for entry in history if not entry.get("empty_layer")]
        sizes = [tar.getmember(name).size for name in manifest["Layers"]]
    return [Layer(step, size) for step, size in zip(steps, sizes, strict=True)]


def table(found: Sequence[Layer]) -> Iterator[str]:
    """Yield the lines that show them, the sum last."""
    for layer in found:
        yield f"{layer.bytes / MB:8.1f} MB  {layer.step}"
    yield f"{sum(layer.bytes for layer in found) / MB:8.1f} MB  together, uncompressed"


def _step(created_by: str) -> str:
    step = " ".join(created_by.removeprefix("/bin/sh -c").replace("#(nop)", "").split())
    # buildah adds which image the step began with.
    step = step.rpartition(" FROM ")[0] or step
    if step in ("", "/bin/sh"):
        return "the base"
    if step.startswith(("COPY", "ADD")):
        return f"COPY {step.rpartition(' ')[2]}"
    return f"{step[:90]}..." if len(step) > 93 else step


def _read(tar: tarfile.TarFile, name: str) -> Any:
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file of the archive")
    return json.load(file)
