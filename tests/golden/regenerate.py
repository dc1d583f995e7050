"""Renders every golden case anew: `python -m tests.golden.regenerate`. Read the diff before it is committed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.golden import cases
from tests.support import presto_golden


def main() -> None:
    """Write what is rendered, and remove what no longer is."""
    for case in cases.CASES:
        write(case, cases.HERE / case / "expected", cases.files_of(case), cases.expected_of(case))
    for case in presto_golden.CASES:
        folder = presto_golden.HERE / case
        write(f"presto {case}", folder, presto_golden.files_of(case), presto_golden.expected_of(case))


def write(case: str, folder: Path, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Bring one case's folder to what is rendered."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in before.keys() - after.keys():
        (folder / name).unlink()
    for name, text in after.items():
        if before.get(name) != text:
            (folder / name).write_text(text)
    changed = sum(before.get(name) != text for name, text in after.items())
    print(f"{case}: {len(after)} objects, {changed} changed, {len(before.keys() - after.keys())} removed")


if __name__ == "__main__":
    main()
