"""What the tests measured, as JSON beside the reports: kept for people, never asserted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Record = Callable[..., None]
"""Takes a title and what is to be kept under it."""


class Records:
    """Collects what was measured and writes it to a file at once, so that an interrupted run leaves it, too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: dict[str, dict[str, object]] = {}

    def __call__(self, title: str, **values: object) -> None:
        """Keep something."""
        self._found[title] = values
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._found, indent=2) + "\n")

    def lines(self) -> list[str]:
        """Return it for the terminal."""
        return [
            f"{title}: " + ", ".join(f"{key} {value}" for key, value in values.items())
            for title, values in self._found.items()
        ]
