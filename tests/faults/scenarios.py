"""What operators are disturbed at: each scenario is a preparation that is left in peace, and an act that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.api.stage import Json
from tests.faults import volumes
from tests.faults.world import NAME, PRESTO, World, says

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
    """Return True if the cluster is Ready and the journal's Jobs, which stay for a while, are complete."""
    jobs = f"/apis/batch/v1/namespaces/{world.namespace}/jobs"
    found = world.api.call("GET", jobs, ok=True).body["items"]
    return world.is_ready() and all(job.get("status", {}).get("succeeded") for job in found)


def create_three(world: World) -> None:
    """Wish for three masters."""
    world.create(masters={"replicas": 3})


def ready_with_a_leader(world: World) -> bool:
    """Have the first of several masters lead and the others follow it, and tell whether the cluster is Ready."""
    leader = f"{NAME}-master-0.{NAME}-master.{world.namespace}.svc.cluster.local"
    first = f"{NAME}-master-0"
    modes = {at: "serves" if name == first else "standby" for name, at in world.addresses("master").items()}
    world.behave(modes, follows=leader)
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
    # Pods end last: before that, a look needs no list of everything, for which all worlds would wait.
    return not world.get() and not world.has_pods() and all(ref.startswith(KEPT) for ref in world.end_state())


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


def create_presto(world: World) -> None:
    """Wish for a Presto on the cluster of the same name."""
    world.create(kind=PRESTO)


def presto_ready(world: World) -> bool:
    """Tell whether the Presto is Ready, and the cluster at rest."""
    return world.is_ready(kind=PRESTO) and ready(world)


def presto_installed(world: World) -> None:
    """Have a Presto that is Ready, without a cluster."""
    world.create(kind=PRESTO, alluxio=None, catalogs=[{"name": "tpch", "tpch": {}}])
    world.first.start()
    world.until(lambda: world.is_ready(kind=PRESTO))


def edit_presto(world: World) -> None:
    """Wish otherwise at once: another port, more memory, a number of workers by the clock.

    Nothing that replaces workers: each waits for 25 s before the next one goes.
    """
    # One of them is open whenever this runs, and for months: nothing about it changes meanwhile.
    first, second = "0 0 1 1 *", "0 0 1 7 *"
    halves = [
        {"name": name, "timeZone": "UTC", "start": start, "end": end, "replicas": 2}
        for name, start, end in (("spring", first, second), ("autumn", second, first))
    ]
    world.edit(
        kind=PRESTO,
        coordinator={"ports": {"http": 8081}, "jvm": {"heap": "640Mi"}},
        service={"annotations": {"example.com/team": "data"}},
        autoscaling={"maxReplicas": 2, "schedules": halves},
    )


def presto_edited(world: World) -> bool:
    """Tell whether the Presto is Ready, with both workers."""
    found = world.get(kind=PRESTO)
    return says(found, "Ready") and found["status"].get("workers", {}).get("ready") == 2


def delete_presto(world: World) -> None:
    """Delete the Presto."""
    world.delete(kind=PRESTO)


def presto_gone(world: World) -> bool:
    """Tell whether nothing is left."""
    return not world.get(kind=PRESTO) and gone(world)


def _sized(journal: str, tier: str, logs: str) -> Json:
    claim = {"size": tier, "storageClassName": volumes.CLASS}
    return {
        "masters": {"journal": {"storage": {"size": journal, "storageClassName": volumes.CLASS}}},
        "workers": {"tiers": [{"name": "SSD", "quota": "1Gi", "storage": {"claim": claim}}]},
        "logServer": {"storage": {"size": logs, "storageClassName": volumes.CLASS}},
    }


def on_volumes(world: World) -> None:
    """Have a cluster that is Ready, on volumes of a class that lets them grow."""
    volumes.make_class(world.api)
    world.create(**_sized("1Gi", "2Gi", "1Gi"))
    world.first.start()
    world.until(lambda: volumes.bind(world.api, world.namespace) and world.is_ready())
    world.noted["pods"] = world.pods("master", "worker")


def grow(world: World) -> None:
    """Wish for larger volumes."""
    world.edit(**_sized("2Gi", "3Gi", "4Gi"))


def grown(world: World) -> bool:
    """Play the resizer, and tell whether all volumes have grown; no pod may be another one."""
    volumes.resize(world.api, world.namespace)
    found = [one["status"].get("capacity", {}).get("storage") for one in volumes.claims(world.api, world.namespace)]
    cluster = world.get()
    if sorted(map(str, found)) != ["2Gi", "3Gi", "4Gi"] or not says(cluster, "Ready"):
        return False
    pods = world.pods("master", "worker")
    assert pods == world.noted["pods"], f"pods were replaced: {world.noted['pods']} by {pods}"
    return says(cluster, "VolumesExpanded") and not cluster["status"].get("recreating")


SCENARIOS = (
    Scenario("install", World.create, ready),
    Scenario("edit", edit, ready, installed),
    Scenario("delete", World.delete, gone, installed),
    # Under the name of a cluster that was deleted: the journal on its volume is taken over.
    Scenario("come-back", World.create, ready, deleted, journals=2),
    Scenario("three-masters", create_three, ready_with_a_leader, masters=3),
    Scenario("change-masters", change_masters, ready_with_a_leader, three_installed, masters=3),
    Scenario("stop-masters", stop_masters, stopped, three_installed, masters=3),
    Scenario("grow-volumes", grow, grown, on_volumes),
    # What was known of the cache is on record before it is used.
    Scenario("presto-on-a-cluster", create_presto, presto_ready, installed),
    Scenario("presto-edit", edit_presto, presto_edited, presto_installed, journals=0),
    Scenario("presto-delete", delete_presto, presto_gone, presto_installed, journals=0),
)
