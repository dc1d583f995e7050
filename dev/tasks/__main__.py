"""The command line: python -m dev.tasks demo | deploy | test [SUITE...]."""

from __future__ import annotations

import argparse
import sys

from dev.tasks import demo, suites
from dev.tasks.deploy import deploy


def main() -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.tasks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="from nothing to a file read through Alluxio")
    place = commands.add_parser("deploy", help="put the operator into the local cluster")
    place.add_argument("--form", default="default", choices=("default", "namespaced"), help="folder below config/")
    test = commands.add_parser("test", help="run every suite within its budget")
    test.add_argument("suites", nargs="*", choices=[*(suite.name for suite in suites.SUITES), []], metavar="SUITE")
    test.add_argument(
        "--full",
        action="store_true",
        help="all of them, or those that are named, and keep what comes of it in docs/test-report.md",
    )
    options = parser.parse_args()
    if options.command == "demo":
        return demo.main()
    if options.command == "deploy":
        deploy(options.form)
        return 0
    return suites.run_all(options.suites, full=options.full)


if __name__ == "__main__":
    sys.exit(main())
