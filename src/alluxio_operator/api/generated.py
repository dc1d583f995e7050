"""Files that are generated from the types: written anew, or checked for drift."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path


def write(files: Iterable[tuple[Path, str]], *, check: bool) -> int:
    """Write files with their texts, or with `check` only tell on stderr which differ; return the exit code."""
    drifted = False
    for file, text in files:
        if not check:
            file.write_text(text)
        elif not (file.exists() and file.read_text() == text):
            drifted = True
            print(f"error: {file} isn't what the types say: run `make generate` and commit the result", file=sys.stderr)
    return int(drifted)
