"""What operators are disturbed at: each scenario is a preparation that is left in peace, and an act that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.world import World

KEPT = ("PersistentVolumeClaim", "ServiceAccount/default", "ConfigMap/kube-root-ca.crt")
"""What is there after a deletion: volumes by the deletion policy, and what every namespace has."""


@dataclass(frozen=True)
class Scenario:
    """`prepare` leads to a world at rest, `act` is what the operator then has to follow until `done`.

    `journals` is how many Jobs for the journal there may be from the preparation to the end: one for each resource.
    """

    name: str
    act: Callable[[World], None]
    done: Callable[[World], bool]
    prepare: Callable[[World], None] | None = None
    journals: int = 1


JOB = "jobs/small-journal"


def installed(world: World) -> None:
    """Have a cluster that is Ready."""
    world.create()
    world.first.start()
    world.wait_until_ready()


def ready(world: World) -> bool:
    """Tell whether the cluster is Ready and the journal's Job is gone."""
    jobs = f"/apis/batch/v1/namespaces/{world.namespace}/jobs"
    return world.is_ready() and not world.api.call("GET", jobs, ok=True).body["items"]


def gone(world: World) -> bool:
    """Tell whether nothing is left but what is kept."""
    return not world.get() and all(ref.startswith(KEPT) for ref in world.end_state())


def edit(world: World) -> None:
    """Wish much otherwise at once: a role less, a worker more, a property, another policy."""
    world.edit(
        jobService={"enabled": False},
        deletionPolicy="Delete",
        masters={"properties": {"alluxio.master.ttl.checker.interval": "1m"}},
        workers={"replicas": 2},
    )


def deleted(world: World) -> None:
    """Have a cluster that was deleted; its volumes stayed."""
    installed(world)
    world.first.wait_until_it_leads()
    world.delete()
    world.until_settled(gone)


SCENARIOS = (
    Scenario("install", World.create, ready),
    Scenario("edit", edit, ready, installed),
    Scenario("delete", World.delete, gone, installed),
    # Under the name of a cluster that was deleted: the journal on its volume is taken over.
    Scenario("come-back", World.create, ready, deleted, journals=2),
)
