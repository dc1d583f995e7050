"""An API server that lets no client change the owner of what it may not delete, as OpenShift's does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.volumes import VolumesWorld, sized

from alluxio_operator.engine.quirks import OWNERS_REFUSED
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
JOURNAL, PVC = "journal-small-master-0", "PersistentVolumeClaim"
MAY_NOT_DELETE = ("PersistentVolumeClaim", "ServiceAccount")


class Enforcing(VolumesWorld):
    """Refuses to change owner references of PVCs and service accounts, once `enforces`."""

    enforces = True

    def __init__(self, made: Mapping[str, Any]) -> None:
        super().__init__(made)
        apply = self.kube.apply

        def checked(namespace: str, obj: Mapping[str, Any], *, absent: bool = False, dry_run: bool = False) -> Json:
            path = KINDS[obj["kind"]].path(namespace, obj["metadata"]["name"])
            live = self.kube.objects.get(path)
            if live is not None and obj["kind"] in MAY_NOT_DELETE and self.enforces and not dry_run:
                after = apply(namespace, obj, dry_run=True)
                if after["metadata"].get("ownerReferences") != live["metadata"].get("ownerReferences"):
                    raise Refused(f"PATCH {path}", 403, f'"{obj["metadata"]["name"]}" is forbidden: {OWNERS_REFUSED}')
            return apply(namespace, obj, absent=absent, dry_run=dry_run)

        self.kube.apply = checked  # type: ignore[method-assign]


def running(policy: str) -> Enforcing:
    world = Enforcing(resource(**sized(deletionPolicy=policy)))
    world.settle()
    rounds(world)
    return world


def rounds(world: Enforcing) -> None:
    world.reconcile(everything=True)
    for _ in range(3):
        world.turn()
        world.reconcile()


def owned(world: Enforcing) -> bool:
    return bool(world.kube.object(PVC, "data", JOURNAL)["metadata"].get("ownerReferences"))


def warning(world: Enforcing) -> tuple[str, str]:
    found = world.condition("SpecValid")
    assert found["status"] == "True"
    return found["reason"], found["message"]


SWITCHES = pytest.mark.parametrize(("before", "after"), [("Delete", "Retain"), ("Retain", "Delete")])


@SWITCHES
def test_a_switch_of_the_policy_blocks_nothing_and_says_what_is_not_in_effect(before: str, after: str):
    world = running(before)

    world.edit_spec(**sized(deletionPolicy=after, workers={"replicas": 3}))
    rounds(world)

    assert owned(world) == (before == "Delete")
    assert world.kube.object("StatefulSet", "data", "small-worker")["spec"]["replicas"] == 3
    assert world.condition("ConfigurationApplied")["status"] == "True"
    assert world.phase == "Ready"
    reason, message = warning(world)
    assert reason == "Tolerated"
    assert message.startswith(f'spec.deletionPolicy "{after}" isn\'t in effect for PVC {JOURNAL}')
    assert ("kubectl -n data patch pvc" in message) == (after == "Retain")


@SWITCHES
def test_without_the_plugin_the_policy_is_in_effect_at_once(before: str, after: str):
    world = running(before)
    world.enforces = False

    world.edit_spec(**sized(deletionPolicy=after))
    world.reconcile()

    assert owned(world) == (after == "Delete")
    assert warning(world)[0] == "Valid"


def test_the_command_of_the_message_ends_the_warning():
    world = running("Delete")
    world.edit_spec(**sized(deletionPolicy="Retain"))
    rounds(world)
    assert warning(world)[0] == "Tolerated"

    world.kube.edit(PVC, "data", JOURNAL, lambda one: one["metadata"].pop("ownerReferences"))
    rounds(world)

    assert warning(world)[0] == "Valid"
    assert not owned(world)


def test_other_changes_of_the_same_claim_are_applied():
    world = running("Delete")
    world.kube.edit(PVC, "data", JOURNAL, lambda one: one["metadata"].pop("annotations"))

    world.edit_spec(**sized(deletionPolicy="Retain"))
    world.start_operator()
    rounds(world)

    assert "argocd.argoproj.io/sync-options" in world.kube.object(PVC, "data", JOURNAL)["metadata"]["annotations"]


def test_a_service_account_that_lost_its_owner_blocks_nothing():
    world = running("Retain")
    world.kube.edit("ServiceAccount", "data", "small", lambda one: one["metadata"].pop("ownerReferences"))

    world.start_operator()
    rounds(world)

    assert world.condition("ConfigurationApplied")["status"] == "True"


def test_another_refusal_of_a_claim_is_still_one():
    world = running("Delete")

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and path.endswith(JOURNAL):
            raise Refused(f"PATCH {path}", 403, "denied by a policy")

    world.edit_spec(**sized(deletionPolicy="Retain"))
    world.kube.before_call = refuse
    world.reconcile()

    assert "denied by a policy" in world.condition("ConfigurationApplied")["message"]
