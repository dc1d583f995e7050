"""The key of an image: one hash over everything that it is made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

# Caches of tools, and what Python leaves behind: never part of an image.
IGNORED_DIRECTORIES = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})
IGNORED_SUFFIXES = (".pyc", ".egg-info")


def image_key(values: Mapping[str, str], files: Mapping[str, Path]) -> str:
    """Hash named values and the content and mode of named files, in an order of its own."""
    digest = hashlib.sha256()
    for name in sorted(values):
        _feed(digest, "value", name, values[name].encode())
    for name in sorted(files):
        path = files[name]
        executable = "x" if path.stat().st_mode & 0o100 else "-"
        _feed(digest, f"file{executable}", name, path.read_bytes())
    return digest.hexdigest()


def files_below(root: Path, folders: Iterable[str]) -> dict[str, Path]:
    """All files of the given folders (or single files) of a tree, by their path in it."""
    found = {}
    for folder in folders:
        start = root / folder
        candidates = [start] if start.is_file() else sorted(start.rglob("*"))
        for path in candidates:
            relative = path.relative_to(root)
            if path.is_file() and not _is_ignored(relative):
                found[relative.as_posix()] = path
    return found


def _is_ignored(path: Path) -> bool:
    return any(part in IGNORED_DIRECTORIES or part.endswith(IGNORED_SUFFIXES) for part in path.parts)


def _feed(digest: hashlib._Hash, kind: str, name: str, content: bytes) -> None:
    # Lengths keep two neighbouring fields from being read as one.
    digest.update(f"{kind}:{len(name)}:{name}:{len(content)}:".encode())
    digest.update(content)
