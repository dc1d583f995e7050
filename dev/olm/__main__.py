"""The command line: python -m dev.olm bundle | catalog | yaml | submission | up | down."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.tools import LIFECYCLE_TOOLS, OLM_TOOLS
from dev.olm import bundle, catalog, install_yaml, releases, submission
from dev.olm.lifecycle import Lifecycle
from dev.olm.programs import Programs
from dev.tasks.shell import ROOT, StepFailed

TOOLS = {"catalog": LIFECYCLE_TOOLS, "up": LIFECYCLE_TOOLS, "down": LIFECYCLE_TOOLS, "yaml": ()}
"""The tools that a command needs in addition to kubectl; every other command needs all of the bundle's."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options, Programs.built(TOOLS.get(options.command, OLM_TOOLS)))
    except (StepFailed, ClusterError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.olm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("bundle", help="generate bundle/ from config/")
    make.add_argument("--check", action="store_true", help="only check bundle/ for drift from config/")
    make.add_argument("--image", help="the operator's image; default: the one in config/manager")
    commands.add_parser("catalog", help="generate the catalog of the released versions below build/")
    commands.add_parser("yaml", help="write the operator as one file below build/")
    submit = commands.add_parser("submission", help="write a version for a community catalog below build/")
    submit.add_argument("version")
    submit.add_argument("image")
    commands.add_parser("up", help="run the Operator Lifecycle Manager and the catalog on the local cluster")
    commands.add_parser("down", help="stop both")
    return parser


def _run(options: argparse.Namespace, programs: Programs) -> int:
    if options.command == "bundle":
        return _bundle(programs, check=options.check, image=options.image)
    if options.command == "submission":
        print(submission.write(programs, options.version, options.image).relative_to(ROOT))
    elif options.command == "yaml":
        print(install_yaml.write(programs).relative_to(ROOT))
    elif options.command == "catalog":
        print(_catalog(programs).relative_to(ROOT))
    else:
        lifecycle = Lifecycle.here(programs, lambda line: print(line, flush=True))
        if options.command == "down":
            lifecycle.down()
            return 0
        lifecycle.up()
        lifecycle.serve(_catalog(programs))
    return 0


def _bundle(programs: Programs, *, check: bool, image: str | None) -> int:
    if not check:
        bundle.generate(programs, image=image)
        return 0
    changed = bundle.differences(programs)
    for file in changed:
        print(f"error: {file} differs from config/: run `make bundle` and commit the result", file=sys.stderr)
    return 1 if changed else 0


def _catalog(programs: Programs) -> Path:
    documents = catalog.released()
    return catalog.write(programs, documents, releases.bundles(documents))


if __name__ == "__main__":
    sys.exit(main())
