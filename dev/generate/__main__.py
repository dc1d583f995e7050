"""Command line of the generator."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alluxio_operator.kinds.discovery import descriptors
from dev.cluster.paths import REPOSITORY
from dev.generate import checks, files


def main(arguments: Sequence[str] | None = None) -> int:
    """Write generated files, or with --check only compare them; return 1 if they differ."""
    parser = argparse.ArgumentParser(prog="python -m dev.generate", description=main.__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("root", type=Path, nargs="?", default=REPOSITORY, help="default: this repository")
    options = parser.parse_args(arguments)
    kinds = descriptors()
    wanted = files.generated(kinds)
    if not options.check:
        files.write(options.root, wanted)
        return 0
    found = [*files.differences(options.root, wanted), *checks.problems(options.root, kinds)]
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
