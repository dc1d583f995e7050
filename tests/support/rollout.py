"""Pods of a cluster by an old and a new spec, and the step of a rollout that is next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.builders import container_status, info, initialized, later, observed, pod, ready_pod

from alluxio_operator.alluxio.answers import Answer, Standby
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, ReplacedPod, RolloutStatus
from alluxio_operator.api.upgrade import Upgrade
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH, Roles
from alluxio_operator.kinds.cluster.rollout.pre_upgrade import NO_BACKUP, PreUpgradeBackup
from alluxio_operator.kinds.cluster.rollout.rollout import RolloutStep, next_rollout_step

Json = dict[str, Any]
OLD, NEW = {CONFIG_HASH: "old"}, {CONFIG_HASH: "new"}
FOLLOWS_0 = Standby("small-master-0.small-master.data.svc")
WELL: Mapping[int, Answer] = {0: info(), 1: FOLLOWS_0, 2: FOLLOWS_0}
HASHES = {"master": "new", "jobmaster": "new", "worker": "new"}
WITH_FUSE = {**HASHES, "fuse": "new"}
CRASHES = container_status("worker", waiting={"reason": "CrashLoopBackOff", "message": "back-off"})


def made(role: str, ordinal: int = 0, by: Json = OLD, **options: Any) -> Json:
    """Return a pod that is well."""
    return ready_pod(role, f"small-{role}-{ordinal}", uid=f"{role}-{ordinal}", annotations=by, **options)


def broken(role: str, ordinal: int = 0, by: Json = OLD, **options: Any) -> Json:
    """Return a pod that isn't ready."""
    options = {"containers": [CRASHES], **options}
    return pod(role, f"small-{role}-{ordinal}", uid=f"{role}-{ordinal}", annotations=by, **options)


def unready(role: str, ordinal: int = 0, by: Json = OLD, **options: Any) -> Json:
    """Return a pod that runs and isn't ready, as Kubernetes reports one whose node is cut off."""
    container = {**container_status(role, running={}), "started": True}
    options = {"uid": f"{role}-{ordinal}", "containers": [container], **options}
    return pod(role, f"small-{role}-{ordinal}", annotations=by, **options)


def served(one: Json) -> Json:
    """Return a pod that has been ready for an hour, and hasn't been for a minute."""
    [ready] = [found for found in one["status"]["conditions"] if found["type"] == "Ready"]
    ready["lastTransitionTime"] = stamp(later(-60))
    one["status"]["startTime"] = one["metadata"]["creationTimestamp"] = stamp(later(-3660))
    return one


def masters(*by: Json) -> list[Json]:
    return [made("master", ordinal, one) for ordinal, one in enumerate(by)]


def begun(role: str, *uids: str, since: float = 0, by: str = "new") -> RolloutStatus:
    pods = tuple(ReplacedPod(name=f"small-{uid.removesuffix('-before')}", uid=uid) for uid in uids)
    return RolloutStatus(role=role, pods=pods, since=stamp(later(since)), hash=by)


def step(
    pods: list[Json],
    answers: Mapping[int, Answer] = WELL,
    *,
    members: Any = 3,
    rollout: RolloutStatus | None = None,
    job_master: bool = True,
    workers: int | None = None,
    mounts: int = 0,
    hashes: Mapping[str, str] = HASHES,
    after: float = 10,
    counts: Mapping[str, int] | None = None,
    daemonsets: frozenset[str] = frozenset({"fuse"}),
    backup: PreUpgradeBackup = NO_BACKUP,
    **upgrade: Any,
) -> RolloutStep:
    found = observed(
        *pods,
        ClusterStatus(journal=initialized(members=members), rollout=rollout),
        answers={f"small-master-{ordinal}": answer for ordinal, answer in answers.items() if ordinal < members},
        job_master=job_master,
    )
    wanted = sum(one["metadata"]["name"].startswith("small-worker") for one in pods) if workers is None else workers
    counts = {"worker": wanted, "fuse": mounts, **(counts or {})}
    roles = Roles(found, quorum_of(found, members), hashes, counts, later(after), daemonsets)
    return next_rollout_step(roles, Upgrade.model_validate(upgrade), later(after), backup)


def deleted(found: RolloutStep) -> list[str]:
    return [one.name for one in found.delete]
