"""Renders every golden case anew: `python -m tests.golden.regenerate`. Read the diff before it is committed."""

from __future__ import annotations

from tests.golden.cases import CASES, HERE, expected_of, files_of


def main() -> None:
    """Write what is rendered, and remove what no longer is."""
    for case in CASES:
        folder = HERE / case / "expected"
        folder.mkdir(exist_ok=True)
        before, after = files_of(case), expected_of(case)
        for name in before.keys() - after.keys():
            (folder / name).unlink()
        for name, text in after.items():
            if before.get(name) != text:
                (folder / name).write_text(text)
        changed = sum(before.get(name) != text for name, text in after.items())
        print(f"{case}: {len(after)} objects, {changed} changed, {len(before.keys() - after.keys())} removed")


if __name__ == "__main__":
    main()
