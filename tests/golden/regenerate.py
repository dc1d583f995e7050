"""Renders every golden case again: `python -m tests.golden.regenerate`. Read the diff before you commit it."""

from __future__ import annotations

from tests.golden.cases import CASES, Case


def main() -> None:
    """Write what is rendered, and remove what no longer is."""
    for case in CASES:
        write(case)


def write(case: Case) -> None:
    """Bring one case's folder to what is rendered."""
    folder, before, after = case.folder / "expected", case.committed(), case.expected()
    folder.mkdir(exist_ok=True)
    removed = before.keys() - after.keys()
    for name in removed:
        (folder / name).unlink()
    changed = [name for name, text in after.items() if before.get(name) != text]
    for name in changed:
        (folder / name).write_text(after[name])
    print(f"{case}: {len(after)} objects, {len(changed)} changed, {len(removed)} removed")


if __name__ == "__main__":
    main()
