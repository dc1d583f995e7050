"""What operators are disturbed at: each scenario is a preparation that is left in peace, and an act that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.world import NAME, World

KEPT = ("PersistentVolumeClaim", "ServiceAccount/default", "ConfigMap/kube-root-ca.crt")
"""What is there after a deletion: volumes by the deletion policy, and what every namespace has."""


@dataclass(frozen=True)
class Scenario:
    """`prepare` leads to a world at rest, `act` is what the operator then has to follow until `done`.

    `journals` is how often the journal may be initialised from the preparation to the end: once for each resource, by
    a Job for each of its `masters`.
    """

    name: str
    act: Callable[[World], None]
    done: Callable[[World], bool]
    prepare: Callable[[World], None] | None = None
    journals: int = 1
    masters: int = 1


def installed(world: World) -> None:
    """Have a cluster that is Ready."""
    world.create()
    world.first.start()
    world.wait_until_ready()


def ready(world: World) -> bool:
    """Tell whether the cluster is Ready and the journal's Job is gone."""
    jobs = f"/apis/batch/v1/namespaces/{world.namespace}/jobs"
    return world.is_ready() and not world.api.call("GET", jobs, ok=True).body["items"]


def create_three(world: World) -> None:
    """Wish for three masters."""
    world.create(masters={"replicas": 3})


def ready_with_a_leader(world: World) -> bool:
    """Have the first of several masters lead and the others follow it, and tell whether the cluster is Ready."""
    leader = f"{NAME}-master-0.{NAME}-master.{world.namespace}.svc.cluster.local"
    for name, address in world.addresses("master").items():
        world.behave(address, "serves" if name == f"{NAME}-master-0" else "standby", follows=leader)
    return ready(world)


def three_installed(world: World) -> None:
    """Have a cluster of three masters that is Ready."""
    create_three(world)
    world.first.start()
    world.until(lambda: ready_with_a_leader(world))


def change_masters(world: World) -> None:
    """Wish for something that every master has to start anew for."""
    world.edit(masters={"properties": {"alluxio.master.ttl.checker.interval": "1m"}})


def stop_masters(world: World) -> None:
    """Scale the masters to zero."""
    world.edit(masters={"replicas": 0})


def stopped(world: World) -> bool:
    """Tell whether the masters were stopped, with the cluster's own word for it."""
    status = world.get().get("status", {})
    return status.get("phase") == "Stopped" and not world.addresses("master")


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
    Scenario("three-masters", create_three, ready_with_a_leader, masters=3),
    Scenario("change-masters", change_masters, ready_with_a_leader, three_installed, masters=3),
    Scenario("stop-masters", stop_masters, stopped, three_installed, masters=3),
)
