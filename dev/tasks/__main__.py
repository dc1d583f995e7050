"""The command line: python -m dev.tasks demo | build | deploy | check | test [SUITE...]."""

from __future__ import annotations

import argparse
import signal
import sys

from dev.cluster.tools import TOOLS
from dev.tasks import demo, suites
from dev.tasks.build import Parts, build, every_image, names
from dev.tasks.check import LINT, UNIT, check
from dev.tasks.deploy import deploy
from dev.tasks.shell import StepFailed, say


def main() -> int:
    """Run one command; return the exit code."""
    options = command_line().parse_args()
    # Ends like Ctrl-C does, and so ends the jobs that run.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options)
    except StepFailed as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m dev.tasks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="from nothing to a file read through Alluxio")
    make = commands.add_parser("build", help="build tools and images side by side")
    make.add_argument("--tools", nargs="*", metavar="TOOL", help="folders of dev/tools; without a name: everyday's")
    make.add_argument("--images", nargs="*", metavar="IMAGE", help="as `python -m dev.images list` names them, or all")
    place = commands.add_parser("deploy", help="put the operator into the local cluster")
    place.add_argument("--form", default="default", choices=("default", "namespaced"), help="folder below config/")
    quick = commands.add_parser("check", help="lint, types, import contracts and unit tests, side by side")
    quick.add_argument("only", nargs="?", choices=("lint",), help="without the unit tests")
    test = commands.add_parser("test", help="run every suite within its budget")
    test.add_argument("suites", nargs="*", choices=[*(suite.name for suite in suites.SUITES), []], metavar="SUITE")
    test.add_argument(
        "--full",
        action="store_true",
        help="all of them, or those that are named, and keep what comes of it in docs/test-report.md",
    )
    return parser


def wanted_parts(options: argparse.Namespace) -> Parts:
    """Return what `build` builds. An option without a name stands for all that everyday's commands run."""
    chosen = names(TOOLS) if options.tools == [] else tuple(options.tools or ())
    images = every_image() if options.images == [] else tuple(options.images or ())
    return Parts(chosen, images)


def _run(options: argparse.Namespace) -> int:
    if options.command == "demo":
        return demo.main()
    if options.command == "build":
        build(wanted_parts(options), say)
        return 0
    if options.command == "deploy":
        deploy(options.form)
        return 0
    if options.command == "check":
        return check(LINT if options.only else (*LINT, UNIT))
    return suites.run_all(options.suites, full=options.full)


if __name__ == "__main__":
    sys.exit(main())
