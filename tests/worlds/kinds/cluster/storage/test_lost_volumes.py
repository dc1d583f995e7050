"""PVCs with data that are deleted: the loss is announced, never hidden, and never replaced by an empty root mount."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.crashes import Stopped, run, stop_at, stopped_at_each
from tests.support.three_masters import Three, deleted
from tests.support.volumes import VolumesWorld, sized
from tests.worlds.kinds.cluster.masters.test_hung_master import SILENT, hang

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.child_filters import MANAGED_BY_LABEL
from alluxio_operator.kinds.cluster.storage.observe import MAX_READS
from alluxio_operator.kinds.cluster.storage.records import ACCEPT, POLL, REPORTED_FOR
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
ROOT, JOURNAL, LOGS, TIER = "small-ufs", "journal-small-master-0", "small-logs", "tier-ssd-small-worker-1"
PVC = "PersistentVolumeClaim"


class LossWorld(VolumesWorld):
    """Keeps a PVC that is being deleted while `in_use`, as Kubernetes does for one that a pod mounts."""

    in_use = True

    def turn(self, **works: bool) -> None:
        # The base removes everything that is being deleted.
        kept = {p: o for p, o in self.kube.objects.items() if o["kind"] == PVC and "deletionTimestamp" in o["metadata"]}
        super().turn(**works)
        if self.in_use:
            self.kube.objects.update(kept)

    def delete_claim(self, name: str) -> None:
        """Delete a PVC that is in use, as `kubectl delete pvc` does."""
        self.edit_claim(name, {"metadata": {"deletionTimestamp": "2030-01-01T00:00:00Z"}})

    def lose_claim(self, name: str) -> None:
        """Remove a PVC at once."""
        self.kube.remove(KINDS[PVC].path(self.namespace, name))

    def claim(self, name: str) -> Json:
        return self.kube.object(PVC, self.namespace, name)

    def uid_of(self, name: str) -> str:
        return str(self.claim(name)["metadata"]["uid"])

    def has(self, name: str) -> bool:
        return name in self.kube.of_kind(PVC)

    def record(self, name: str) -> Json:
        return next(one for one in self.status["claims"] if one["name"] == name)

    def annotate(self, **annotations: str) -> None:
        self.kube.edit(
            "AlluxioCluster",
            "data",
            "small",
            lambda obj: obj["metadata"].setdefault("annotations", {}).update(annotations),
        )

    def volumes(self) -> tuple[str, str]:
        gate = self.condition("VolumesAvailable")
        return gate["status"], gate["reason"]

    def rounds(self, count: int = 3, **works: bool) -> None:
        # An event announces the deletion of a PVC.
        self.reconcile(everything=True)
        for _ in range(count):
            self.reconcile()
            self.turn(**works)
        self.reconcile()


class LossOfThree(LossWorld, Three):
    """Three masters whose PVCs can be deleted."""


def running(**over: Any) -> LossWorld:
    world = LossWorld(resource(**sized(**over)))
    world.settle()
    world.rounds()
    return world


def restored(world: LossWorld, before: Json, **spec: Any) -> Json:
    """Return a PVC that a user creates in place of a lost one, without any label."""
    metadata = {"name": before["metadata"]["name"], "namespace": "data"}
    return {**before, "metadata": metadata, "spec": {**before["spec"], **spec}, "status": before["status"]}


# --- the record ----------------------------------------------------------------------------------------------------


def test_every_bound_claim_is_on_record_before_it_is_needed():
    world = running()

    assert {one["name"]: one["volume"] for one in world.status["claims"]} == {
        ROOT: "root-mount",
        JOURNAL: "journal",
        LOGS: "logs",
        TIER: "tier-ssd",
        "tier-ssd-small-worker-0": "tier-ssd",
    }
    assert (world.record(ROOT)["uid"], world.record(ROOT)["persistentVolume"]) == (
        world.uid_of(ROOT),
        world.claim(ROOT)["spec"]["volumeName"],
    )
    assert world.volumes() == ("True", "Available")


def test_the_claims_of_tiers_get_the_labels_of_watched_objects():
    world = running()

    labels = world.claim(TIER)["metadata"]["labels"]

    assert MANAGED_BY_LABEL.items() <= labels.items()
    assert labels["alluxio-operator.io/owner"] == "small"
    written = len(world.kube.writes)
    world.rounds()
    assert len(world.kube.writes) == written


def without_labels(world: LossWorld, name: str) -> None:
    world.kube.edit(PVC, world.namespace, name, lambda obj: obj["metadata"].update(labels={}))


@pytest.mark.parametrize("name", [ROOT, JOURNAL, LOGS, TIER])
def test_a_claim_that_only_lost_its_labels_is_not_lost_and_gets_them_back(name: str):
    world = running()
    before, uid = world.claim(name)["metadata"]["labels"], world.uid_of(name)
    without_labels(world, name)

    world.reconcile(everything=True)

    assert world.volumes() == ("True", "Available")
    world.rounds()
    assert world.volumes() == ("True", "Available")
    assert world.uid_of(name) == uid
    assert world.claim(name)["metadata"]["labels"] == before


def test_a_tier_that_is_lost_is_reported_beside_others_that_lost_their_labels():
    world = running()
    without_labels(world, "tier-ssd-small-worker-0")
    world.lose_claim(TIER)

    world.reconcile(everything=True)

    status, reason = world.volumes()
    assert (status, reason) != ("True", "Available")
    message = world.condition("VolumesAvailable")["message"]
    assert TIER in message
    assert "tier-ssd-small-worker-0" not in message


def test_the_claims_of_many_workers_without_labels_are_not_lost_either():
    count = MAX_READS + 5
    world = running(workers={"replicas": count})
    for ordinal in range(count):
        without_labels(world, f"tier-ssd-small-worker-{ordinal}")
    world.kube.calls.clear()

    world.reconcile(everything=True)

    assert world.volumes() == ("True", "Available")
    assert not [path for verb, path in world.kube.calls if verb == "get" and "/tier-ssd-" in path]
    world.rounds()
    claims = [world.claim(f"tier-ssd-small-worker-{ordinal}") for ordinal in range(count)]
    assert all(MANAGED_BY_LABEL.items() <= one["metadata"]["labels"].items() for one in claims)


def test_a_cluster_of_an_earlier_version_adopts_what_is_bound():
    world = running()
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["status"].pop("claims"))
    world.start_operator()

    world.rounds()

    assert world.record(ROOT)["uid"] == world.uid_of(ROOT)
    assert world.volumes() == ("True", "Available")


def test_a_root_mount_that_was_lost_before_the_upgrade_is_not_replaced_either():
    world = running()
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["status"].pop("claims"))
    world.lose_claim(ROOT)
    world.start_operator()

    world.rounds(pods=False)

    assert not world.has(ROOT)
    assert world.volumes() == ("False", "VolumeMissing")
    assert f"{ACCEPT}={ROOT}" in world.condition("VolumesAvailable")["message"]


# --- a claim that is being deleted -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ROOT, JOURNAL])
def test_a_terminating_claim_is_named_while_its_data_can_be_saved(name: str):
    world = running()
    volume = world.record(name)["persistentVolume"]
    world.delete_claim(name)

    world.rounds()

    assert world.volumes() == ("False", "VolumeTerminating")
    message = world.condition("VolumesAvailable")["message"]
    assert name in message
    assert f"kubectl patch pv {volume}" in message
    assert "don't restart" in message
    assert world.condition("Ready")["status"] == "False"
    assert world.condition("Degraded")["reason"] == "VolumeTerminating"
    assert "VolumeTerminating" in world.events()


@pytest.mark.parametrize("name", [LOGS, TIER])
def test_a_terminating_claim_without_which_the_cluster_serves_is_named_too(name: str):
    world = running()
    world.delete_claim(name)

    world.rounds()

    assert world.volumes() == ("False", "VolumeTerminating")
    assert name in world.condition("VolumesAvailable")["message"]
    assert world.condition("Ready")["status"] == "True"
    assert "VolumeTerminating" in world.events()


@pytest.mark.parametrize("name", [ROOT, JOURNAL, TIER])
def test_a_rollout_ends_no_pod_while_a_volume_is_being_deleted(name: str):
    world = running()
    before = world.uids()
    world.delete_claim(name)
    world.edit_spec(**sized(properties={"alluxio.user.file.metadata.sync.interval": "1min"}))

    world.rounds(6)

    assert world.uids() == before
    assert world.condition("UpToDate")["reason"] == "WaitingForOperation"
    assert world.status["operations"][0]["name"] == "volume-protection"


@pytest.mark.parametrize("name", [ROOT, JOURNAL])
def test_a_hanging_master_is_not_restarted_while_a_volume_is_being_deleted(name: str):
    world = running()
    hang(world)
    world.alluxio.master = SILENT
    world.delete_claim(name)
    world.reconcile(everything=True)

    for _ in range(30):
        world.pass_time(60)
        world.reconcile()

    assert deleted(world) == [], "its pod may be the last use of the volume"
    assert world.status["operations"][0]["name"] == "volume-protection"
    assert {"name": "heal", "waitsFor": "volume-protection"}.items() <= world.status["operations"][1].items()


def test_a_rollout_goes_on_once_the_volume_is_safe():
    world = running()
    before = world.uids()
    world.delete_claim(TIER)
    world.edit_spec(**sized(properties={"alluxio.user.file.metadata.sync.interval": "1min"}))
    world.rounds(3)
    world.in_use = False
    world.turn()

    world.rounds(12)

    assert world.condition("UpToDate")["status"] == "True"
    assert world.uids()["small-master-0"] != before["small-master-0"]


# --- a lost root mount ---------------------------------------------------------------------------------------------


def test_a_lost_root_mount_is_never_replaced_by_an_empty_volume():
    world = running()
    lost = world.uid_of(ROOT)
    world.lose_claim(ROOT)

    world.rounds(6)

    assert not world.has(ROOT)
    assert not [path for verb, path in world.kube.writes if verb == "apply" and path.endswith(ROOT)][1:]
    assert world.volumes() == ("False", "VolumeMissing")
    ready = world.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("False", "VolumeMissing")
    assert f"{ACCEPT}={lost}" in world.condition("VolumesAvailable")["message"]
    assert world.record(ROOT)["uid"] == lost


@pytest.mark.parametrize("moment", ["get", "apply"])
def test_a_claim_that_vanishes_between_two_calls_is_not_created(moment: str):
    world = running()
    path = KINDS[PVC].path("data", ROOT)

    def vanish(verb: str, called: str) -> None:
        if verb == moment and called == path and world.has(ROOT):
            world.lose_claim(ROOT)

    world.kube.edit(PVC, "data", ROOT, lambda obj: obj["metadata"]["labels"].update({"app.kubernetes.io/name": "x"}))
    world.kube.before_call = vanish
    world.reconcile((PVC, ROOT))
    world.kube.before_call = lambda verb, called: None

    assert not world.has(ROOT)
    world.rounds()
    assert not world.has(ROOT)
    assert world.volumes() == ("False", "VolumeMissing")


def test_a_restarted_operator_knows_the_lost_volume():
    world = running()
    world.lose_claim(ROOT)
    world.start_operator()

    world.rounds()

    assert not world.has(ROOT)
    assert world.volumes() == ("False", "VolumeMissing")


def test_the_lost_volume_comes_back_with_its_first_persistent_volume():
    world = running()
    before = world.claim(ROOT)
    world.lose_claim(ROOT)
    world.rounds()
    world.kube.put(restored(world, before))

    world.rounds()

    assert world.volumes() == ("True", "Available")
    assert world.phase == "Ready"
    assert world.record(ROOT)["uid"] == world.uid_of(ROOT) != before["metadata"]["uid"]
    assert world.claim(ROOT)["metadata"]["labels"]["alluxio-operator.io/owner"] == "small", "its labels are back"


def test_another_volume_under_the_name_has_to_be_accepted():
    world = running()
    before = world.claim(ROOT)
    world.lose_claim(ROOT)
    world.rounds()
    world.kube.put(restored(world, before, volumeName="from-a-backup"))
    world.rounds()
    assert world.volumes() == ("False", "VolumeReplaced")
    assert world.condition("Ready")["status"] == "False"
    assert "from-a-backup" in world.condition("VolumesAvailable")["message"]

    world.annotate(**{ACCEPT: before["metadata"]["uid"]})
    world.rounds()

    assert world.volumes() == ("True", "Available")
    assert world.phase == "Ready"
    assert world.record(ROOT)["persistentVolume"] == "from-a-backup"


def test_a_user_who_wants_an_empty_volume_says_so_for_one_loss_only():
    world = running()
    first = world.uid_of(ROOT)
    world.lose_claim(ROOT)
    world.rounds()

    world.annotate(**{ACCEPT: first})
    world.rounds()

    assert world.has(ROOT)
    assert world.volumes() == ("True", "Available")
    assert world.phase == "Ready"
    world.lose_claim(ROOT)
    world.rounds()
    assert not world.has(ROOT), "the annotation names the first loss"
    assert world.volumes() == ("False", "VolumeMissing")


def test_a_volume_whose_persistent_volume_was_deleted_is_named():
    world = running()
    world.edit_claim(ROOT, {"status": {"phase": "Lost"}})

    world.reconcile()

    assert world.volumes() == ("False", "VolumeLost")
    assert world.record(ROOT)["persistentVolume"] in world.condition("VolumesAvailable")["message"]
    assert world.condition("Ready")["status"] == "False"


@pytest.mark.parametrize("loss", [LossWorld.lose_claim, LossWorld.delete_claim])
def test_a_claim_that_the_spec_names_is_watched_over_too(loss: Callable[[LossWorld, str], None]):
    mount = {"volume": {"claimName": "mine", "size": None, "storageClassName": None, "accessModes": None}}
    world = LossWorld(resource(rootMount=mount))
    mine = {"name": "mine", "namespace": "data"}
    spec = {"accessModes": ["ReadWriteMany"], "volumeName": "pv-mine", "resources": {"requests": {"storage": "1Gi"}}}
    world.kube.put({"apiVersion": "v1", "kind": PVC, "metadata": mine, "spec": spec, "status": {"phase": "Bound"}})
    world.settle()
    world.rounds()
    assert world.record("mine")["persistentVolume"] == "pv-mine"
    assert world.reconcile().requeue_after == POLL.seconds, "no event announces its deletion"

    loss(world, "mine")
    world.rounds()

    assert world.volumes()[0] == "False"
    assert world.condition("Ready")["status"] == "False"
    assert not world.has("mine") or "labels" not in world.claim("mine")["metadata"]


def test_a_paused_cluster_is_not_ready_without_its_root_mount():
    world = running()
    world.edit_spec(**sized(paused=True))
    world.rounds()
    world.lose_claim(ROOT)

    world.rounds()

    assert world.volumes() == ("False", "VolumeMissing")
    assert world.condition("Ready")["status"] == "False"
    assert not world.has(ROOT)
    assert ROOT not in world.condition("Paused")["message"], "it isn't created after the pause either"


def test_a_cluster_with_an_invalid_spec_is_not_ready_without_its_root_mount():
    world = running()
    world.edit_spec(**sized(masters={"resources": {"limits": {"memory": "1Mi"}}}))
    world.rounds()
    assert world.condition("SpecValid")["status"] == "False"
    assert world.condition("Ready")["status"] == "True"
    world.lose_claim(ROOT)

    world.rounds()

    assert world.volumes() == ("False", "VolumeMissing")
    assert world.condition("Ready")["status"] == "False"


# --- other volumes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [LOGS, TIER])
def test_the_loss_of_other_volumes_is_named_for_an_hour(name: str):
    world = running()
    world.lose_claim(name)

    world.rounds()

    assert world.has(name), "it may be recreated"
    assert world.volumes() == ("False", "VolumeReplaced")
    assert name in world.condition("VolumesAvailable")["message"]
    assert world.condition("Ready")["status"] == "True"
    assert "VolumeReplaced" in world.events()

    world.now += REPORTED_FOR + timedelta(seconds=1)
    world.rounds()
    assert world.volumes() == ("True", "Available")


def test_a_lost_journal_stays_on_record_until_its_master_runs_again():
    world = running()
    world.lose_claim(JOURNAL)
    world.kube.remove(KINDS["Pod"].path("data", "small-master-0"))

    world.rounds(pods=False, serves=False)

    # The StatefulSet has created an empty one.
    assert world.volumes() == ("False", "VolumeReplaced")
    assert world.condition("Ready")["status"] == "False"
    assert not [c for c in world.status["conditions"] if c["reason"] == "Refused"]


def test_a_master_that_still_runs_on_a_removed_volume_hides_no_loss():
    world = running()
    before = world.claim(JOURNAL)
    ready = [{"type": "Ready", "status": "True", "lastTransitionTime": "2029-12-31T00:00:00Z"}]
    world.kube.edit("Pod", "data", "small-master-0", lambda obj: obj["status"].update(conditions=ready))
    world.lose_claim(JOURNAL)
    world.kube.put(restored(world, before, volumeName="an-empty-one"))

    world.reconcile((PVC, JOURNAL))

    assert world.volumes() == ("False", "VolumeReplaced")
    assert world.condition("Ready")["status"] == "False"


def test_a_restored_journal_is_known_by_its_persistent_volume():
    world = running()
    before = world.claim(JOURNAL)
    world.lose_claim(JOURNAL)
    world.kube.put(restored(world, before))

    world.rounds()

    assert world.volumes() == ("True", "Available")
    assert world.record(JOURNAL)["uid"] == world.uid_of(JOURNAL) != before["metadata"]["uid"]
    assert world.claim(JOURNAL)["metadata"]["labels"]["alluxio-operator.io/owner"] == "small"


def test_the_name_of_a_volume_proves_nothing_for_a_tier():
    world = running()
    before = world.claim(TIER)
    world.lose_claim(TIER)
    world.kube.put({**restored(world, before), "metadata": {**before["metadata"], "uid": "recreated"}})

    world.reconcile((PVC, TIER))

    assert world.volumes() == ("False", "VolumeReplaced")


def test_the_lost_journal_of_one_of_three_masters_blocks_nothing():
    world = LossOfThree()
    world.settle()
    world.rounds()
    world.delete_claim(JOURNAL)

    world.rounds()

    assert world.volumes() == ("False", "VolumeTerminating")
    assert world.condition("Ready")["reason"] != "VolumeTerminating"


def test_claims_of_workers_that_were_scaled_in_may_be_deleted():
    world = running()
    world.edit_spec(**sized(workers={"replicas": 1}))
    world.rounds()
    world.lose_claim(TIER)

    world.rounds()

    assert world.volumes() == ("True", "Available")


def test_a_new_cluster_of_the_name_has_claims_of_its_own():
    earlier = {"apiVersion": API_VERSION, "kind": "AlluxioCluster", "name": "small", "uid": "earlier"}
    world = running(deletionPolicy="Delete")
    labels = world.claim(TIER)["metadata"]["labels"]
    kept = world.claim(ROOT)
    renewed = LossWorld(resource(uid="0b1b2c3d-another", **sized(deletionPolicy="Delete")))
    leaving = {"name": TIER, "namespace": "data", "labels": labels, "ownerReferences": [earlier]}
    renewed.kube.put({**world.claim(TIER), "metadata": {**leaving, "deletionTimestamp": "2030-01-01T00:00:00Z"}})
    renewed.kube.put({**kept, "metadata": {"name": ROOT, "namespace": "data", "labels": kept["metadata"]["labels"]}})
    renewed.in_use = False

    renewed.settle()
    renewed.rounds()

    assert renewed.volumes() == ("True", "Available"), "what leaves with the earlier cluster is no loss of this one"
    assert renewed.record(ROOT)["uid"] == renewed.uid_of(ROOT)


def test_a_foreign_claim_of_the_name_is_not_taken_over():
    world = LossWorld(resource(**sized()))
    theirs = {"name": ROOT, "namespace": "data"}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    world.kube.put({"apiVersion": "v1", "kind": PVC, "metadata": theirs, "spec": spec, "status": {"phase": "Bound"}})

    world.rounds()

    assert "labels" not in world.claim(ROOT)["metadata"]
    assert world.condition("ConfigurationApplied")["reason"] == "Refused"
    assert ROOT not in [one["name"] for one in world.status.get("claims", ())]


# --- the operator stopped at each write ----------------------------------------------------------------------------


def accepting() -> LossWorld:
    """Return a world whose user has just accepted the loss of the root mount."""
    world = running()
    lost = world.uid_of(ROOT)
    world.lose_claim(ROOT)
    world.rounds()
    world.annotate(**{ACCEPT: lost})
    return world


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_accepted_loss_ends_in_one_new_volume_wherever_the_operator_stops(after: bool):
    undisturbed = accepting()
    written = len(undisturbed.kube.writes)
    run(undisturbed, 12)
    writes = [one for one in undisturbed.kube.writes[written:] if one[0] != ""]
    assert writes

    for world, where in stopped_at_each(accepting, writes, 12, after=after):
        made = [path for verb, path in world.kube.writes if verb == "apply" and path.endswith(f"/{ROOT}")]
        assert world.record(ROOT)["uid"] == world.uid_of(ROOT), where
        assert world.volumes() == ("True", "Available"), where
        assert 2 <= len(made) <= 3, where


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_loss_at_each_write_of_a_change_brings_no_empty_volume(after: bool):
    undisturbed = running()
    undisturbed.start_operator()
    undisturbed.edit_spec(**sized(properties={"alluxio.user.x": "1"}))
    written = len(undisturbed.kube.writes)
    run(undisturbed, 20)
    count = len(undisturbed.kube.writes) - written

    for write in range(1, count + 1):
        world = running()
        world.edit_spec(**sized(properties={"alluxio.user.x": "1"}))
        stop_at(world, write, after=after)
        with contextlib.suppress(Stopped):
            for _ in range(20):
                world.reconcile()
                world.turn()
        world.kube.before_call = world.kube.after_write = lambda verb, path: None
        world.lose_claim(ROOT)
        world.start_operator()

        world.rounds()

        assert not world.has(ROOT), write
        assert world.condition("Ready")["status"] == "False", write
