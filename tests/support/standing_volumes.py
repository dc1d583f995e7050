"""Clusters with volumes that wait for something that doesn't come."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from tests.support.builders import resource
from tests.support.standing_clusters import (
    PVC,
    case,
    goes_on,
    refuse,
)
from tests.support.volumes import VolumesWorld, sized
from tests.support.world import World

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
OTHER: Json = {"properties": {"alluxio.user.metrics.collection.enabled": "true"}}


@cache
def _settled_volumes() -> VolumesWorld:
    world = VolumesWorld(resource(**sized()))
    world.settle()
    return world


def _volumes() -> VolumesWorld:
    world, settled = VolumesWorld(resource(**sized())), _settled_volumes()
    world.kube.objects = deepcopy(settled.kube.objects)
    world.kube._applied = deepcopy(settled.kube._applied)
    world.kube._version = settled.kube._version
    world.start_operator()
    world.turn()
    return world


def _grown() -> VolumesWorld:
    world = _volumes()
    world.grows = False
    world.edit_spec(**sized(ssd="6Gi"))
    return world


@case("VolumesExpanded", "Expanding")
def volumes_that_never_expand() -> World:
    return goes_on(_grown())


@case("VolumesExpanded", "ClassCannotExpand")
def class_that_can_not_expand() -> World:
    world = _grown()
    world.kube.classes_that_cannot_expand = {"fast"}
    return world


@case("VolumesExpanded", "ExpansionRefused")
def expansion_that_is_refused() -> World:
    world = _grown()
    refuse(world, "merge", "/persistentvolumeclaims/")
    return world


@case("VolumesExpanded", "NotManaged")
def volumes_without_labels() -> World:
    world = _grown()
    for name in ("tier-ssd-small-worker-0", "tier-ssd-small-worker-1"):
        world.kube.edit(PVC, "data", name, lambda claim: claim["metadata"].pop("labels"))
    refuse(world, "merge", "/persistentvolumeclaims/")
    return world


@case("VolumesExpanded", "ResizeFailed")
def volumes_whose_driver_fails() -> World:
    world = goes_on(_grown())
    failed = {"allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}}
    for name in ("tier-ssd-small-worker-0", "tier-ssd-small-worker-1"):
        world.edit_claim(name, {"status": failed})
    return world


@case("VolumesExpanded", "Expanding")
def statefulset_that_is_not_deleted() -> World:
    world = _volumes()
    world.edit_spec(**sized(journal="2Gi"))
    refuse(world, "delete", "/statefulsets/")
    return world


def _lost(world: VolumesWorld, name: str) -> VolumesWorld:
    world.kube.remove(KINDS[PVC].path("data", name))
    return world


@case("VolumesAvailable", "VolumeTerminating", "small-ufs")
@case("VolumesAvailable", "VolumeTerminating", "small-logs")
def volume_that_is_being_deleted(name: str) -> World:
    world = _volumes()
    world.edit_claim(name, {"metadata": {"deletionTimestamp": stamp(world.now)}})
    return world


@case("VolumesAvailable", "VolumeMissing", "small-ufs")
@case("VolumesAvailable", "VolumeMissing", "journal-small-master-0")
@case("VolumesAvailable", "VolumeMissing", "tier-ssd-small-worker-1")
def volume_that_is_gone(name: str) -> World:
    return _lost(_volumes(), name)


@case("VolumesAvailable", "VolumeLost")
def volume_whose_persistent_volume_is_gone() -> World:
    world = _volumes()
    world.edit_claim("small-ufs", {"status": {"phase": "Lost"}})
    return world


@case("VolumesAvailable", "VolumeReplaced", "small-ufs", "Bound")
@case("VolumesAvailable", "VolumeReplaced", "tier-ssd-small-worker-1", "Pending")
@case("VolumesAvailable", "Available", "tier-ssd-small-worker-1", "Bound", writes=2)
def volume_that_was_replaced(name: str, phase: str) -> World:
    world = _volumes()
    claim = world.kube.object(PVC, "data", name)
    claim["spec"]["volumeName"] = "another"
    claim["status"]["phase"] = phase
    del claim["metadata"]["uid"]
    _lost(world, name)
    world.kube.put(claim)
    return world


@case("VolumesAvailable", "Replacing")
def accepted_loss_that_is_not_replaced() -> World:
    world = _volumes()
    [record] = [one for one in world.status["claims"] if one["name"] == "small-ufs"]
    accepted = {"alluxio-operator.io/accept-empty-volume": record["uid"]}
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["metadata"].update(annotations=accepted))
    return _lost(world, "small-ufs")


@case("UpToDate", "WaitingForOperation")
def change_that_waits_for_a_volume() -> World:
    world = _volumes()
    world.edit_spec(**sized(), **OTHER)
    world.edit_claim("small-ufs", {"metadata": {"deletionTimestamp": stamp(world.now)}})
    return world
