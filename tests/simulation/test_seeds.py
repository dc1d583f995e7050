"""No seed breaks a rule, but for the known faults."""

from __future__ import annotations

from tests.simulation.actions import scenario
from tests.simulation.run import run


def test_no_rule_is_broken(seeds: range):
    broken = [
        f"{failure}\n  replay it: python -m tests.simulation --seed {seed}"
        for seed in seeds
        if (failure := run(scenario(seed)))
    ]

    assert not broken, "\n".join(broken)
