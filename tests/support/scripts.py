"""The scripts of the journal's Jobs as a container gets them: with the functions that they share."""

from __future__ import annotations

from tests.support.builders import TEMPLATES

FOLDER = TEMPLATES / "alluxio" / "files"
FUNCTIONS = "journal-functions.sh"


def journal_script(name: str) -> str:
    """Return the text of a script that uses the shared functions."""
    return f"{(FOLDER / FUNCTIONS).read_text()}{(FOLDER / name).read_text()}"
