"""Runs seeds of the simulation: `python -m tests.simulation --seed 7` replays one, shows its trace, and shrinks it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.actions import Scenario, scenario
from tests.simulation.run import Failure, quick, run
from tests.simulation.shrink import shrunk


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments name; return 1 if a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this seed with its trace, and shrink it if it fails")
    parser.add_argument("--case", type=Path, help="run the scenario in a file, with its trace")
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FIRST", "LAST"), help="run a range of seeds")
    parser.add_argument("--no-shrink", action="store_true", help="show the trace of the whole scenario only")
    parser.add_argument("--save", type=Path, help="write the shrunk scenario to this file")
    given = parser.parse_args(arguments)
    with quick():
        if given.seeds:
            return _range(*given.seeds)
        one = scenario(given.seed) if given.case is None else Scenario.from_json(json.loads(given.case.read_text()))
        failure = run(one)
        if failure is None:
            print(f"seed {one.seed}: no rule was broken")
            return 0
        if not given.no_shrink:
            one, failure = shrunk(one, failure)
        _show(one, failure)
        if given.save:
            given.save.write_text(json.dumps({"rule": failure.rule, **one.as_json()}, indent=2) + "\n")
        return 1


def _range(first: int, last: int) -> int:
    began, failed = time.process_time(), 0
    for seed in range(first, last + 1):
        if failure := run(scenario(seed)):
            failed += 1
            print(f"seed {seed}: {failure}"[:300], flush=True)
    count = last - first + 1
    print(f"{count} seeds, {failed} failed, {(time.process_time() - began) / count:.3f} s of CPU each")
    return 1 if failed else 0


def _show(one: Scenario, failure: Failure) -> None:
    print("\n".join(failure.trace))
    print(f"\nseed {one.seed}, {one.nodes} nodes, cluster {json.dumps(one.cluster)}")
    if one.presto is not None:
        print(f"presto {json.dumps(one.presto)}")
    for action in one.actions:
        print(f"  {action}")
    print(f"\n{failure}")


sys.exit(main()) if __name__ == "__main__" else None
