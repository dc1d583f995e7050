"""Scenarios in whose midst a backup replaces the names of the cluster, while masters and the operator end."""

from __future__ import annotations

import random

from tests.simulation.actions import Action, Scenario, scenario


def with_restore(seed: int) -> Scenario:
    """Return the scenario of a seed with a confirmed restore in place, and losses of masters around it."""
    given = scenario(seed, story_share=0.3)
    rng = random.Random(f"restore {seed}")
    at = rng.randint(0, len(given.actions))
    restore = [
        Action("restore_in_place", rng.uniform(2, 40), {}),
        Action("confirm_restore", rng.uniform(2, 20), {}),
        *([Action("interrupt_restore", 1, {})] * rng.randint(0, 2)),
        *(
            Action(*rng.choice(DISTURBS), {"role": "master", "index": rng.randint(0, 2)})
            for _ in range(rng.randint(0, 4))
        ),
        *(
            [Action("stop_operator", rng.uniform(1, 20), {"writes": rng.randint(1, 5), "done": rng.random() < 0.5})]
            if rng.random() < 0.5
            else []
        ),
        *([Action("confirm_restore", rng.uniform(2, 60), {})] if rng.random() < 0.3 else []),
    ]
    actions = (Action("settle", 0, {}), *given.actions[:at], *restore, *given.actions[at:])
    return Scenario(given.seed, given.nodes, given.cluster, given.presto, actions)


DISTURBS = (("crash_container", 8.0), ("crash_container", 3.0), ("delete_pod", 10.0))
