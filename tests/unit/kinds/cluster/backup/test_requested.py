"""An AlluxioBackup that an operation of the cluster requests: its name, its manifest, and how it is judged."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.builders import NAME, NAMESPACE, NOW, UID, resource

from alluxio_operator.api.alluxiobackup import KIND, SCHEDULE_LABEL, BackupSpec
from alluxio_operator.api.alluxiobackup_destination import Destination
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.backup.requested import (
    BackupRequest,
    FoundBackup,
    Phase,
    judge,
    manifest_of,
    next_poll,
)
from alluxio_operator.kinds.cluster.backup.schedules import next_schedules_step
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.validate import Cluster, validate

CLUSTER = Names(NAME, NAMESPACE)
REQUEST = BackupRequest("upgrade", "2030-01-02T03:04:05Z")


def found(request: BackupRequest = REQUEST, *, labels=None, **status) -> FoundBackup:
    made = dict(manifest_of(request, CLUSTER, UID))
    meta = {**made["metadata"], "labels": labels if labels is not None else made["metadata"]["labels"]}
    return FoundBackup({**made, "metadata": meta, "status": status})


def completed(**over) -> FoundBackup:
    status = {"phase": "Completed", "finished": stamp(NOW), "verified": True, "clusterUid": UID}
    return found(**{**status, **over})


def judged(one: FoundBackup | None, request: BackupRequest = REQUEST, *, created: bool = True):
    return judge(request, CLUSTER, UID, one, created=created)


def test_the_same_request_has_the_same_name_and_another_one_another():
    others = [
        REQUEST,
        replace(REQUEST, operation="2030-01-02T03:04:06Z"),
        replace(REQUEST, purpose="restore"),
        replace(REQUEST, verify="Check"),
        replace(REQUEST, destination=Destination.model_validate({"volume": {"claimName": "backups"}})),
    ]
    assert len({one.name(NAME) for one in others}) == len(others)
    assert REQUEST.name(NAME) == replace(REQUEST).name(NAME)
    assert REQUEST.name(NAME).startswith("small-upgrade-")
    assert REQUEST.name(NAME) != REQUEST.name("smaller")


def test_a_name_fits_into_a_label():
    name = REQUEST.name("a-cluster-whose-name-is-as-long-as-it-may-be-and-ends-like-this.x")
    assert len(name) <= 63
    assert name[0].isalnum()
    assert "upgrade-" in name


def test_the_manifest_is_a_valid_backup_without_owner_and_schedule():
    made = manifest_of(replace(REQUEST, timeout_seconds=600, ttl_seconds=60), CLUSTER, UID)
    spec = BackupSpec.model_validate(made["spec"])
    assert (spec.cluster_ref.name, spec.verify, spec.timeout_seconds) == (NAME, "Restore", 600)
    assert spec.ttl_seconds_after_finished == 60
    assert "ownerReferences" not in made["metadata"]
    assert SCHEDULE_LABEL not in made["metadata"]["labels"]
    assert "ttlSecondsAfterFinished" not in manifest_of(REQUEST, CLUSTER, UID)["spec"]


@pytest.mark.parametrize(
    ("one", "created", "phase", "said"),
    [
        (None, False, Phase.UNREAD, "reads"),
        (FoundBackup(None), False, Phase.ABSENT, "about to be created"),
        (FoundBackup(None), True, Phase.MISSING, "deleted"),
        (found(), True, Phase.WAITING, "isn't complete yet"),
        (found(phase="Pending", summary="no master leads"), True, Phase.WAITING, "no master leads"),
        (completed(), True, Phase.COMPLETED, "complete"),
        (completed(), False, Phase.COMPLETED, "complete"),
        (completed(phase="Failed", summary="no space"), True, Phase.FAILED, "no space"),
        (completed(verified=False), True, Phase.FAILED, "no restore"),
        (completed(clusterUid="another"), True, Phase.FAILED, "this cluster"),
        (completed(removing=True), True, Phase.MISSING, "being removed"),
        (completed(labels={}), True, Phase.FAILED, "another client"),
        (found(phase="Invalid", summary="bad"), True, Phase.FAILED, "invalid: bad"),
        (completed(finished="yesterday"), True, Phase.COMPLETED, "complete"),
    ],
)
def test_a_requested_backup_is_judged_by_what_the_api_server_has(one, created, phase, said):
    state = judged(one, created=created)
    assert state.phase is phase
    assert said in state.message
    assert REQUEST.name(NAME) in state.message


def test_one_that_is_checked_only_is_complete_if_that_was_requested():
    request = replace(REQUEST, verify="Check")
    status = {"phase": "Completed", "finished": stamp(NOW), "clusterUid": UID}
    assert judged(found(request, **status), request).phase is Phase.COMPLETED


def test_masters_are_free_once_alluxio_has_written_the_file():
    assert not judged(found(phase="Running", run={"state": "Running"})).is_written
    assert judged(found(phase="Verifying", run={"state": "Completed"})).is_written


def test_the_longer_a_backup_takes_the_less_often_it_is_read():
    waits = [(next_poll(NOW, NOW + timedelta(seconds=s)).moment - NOW).total_seconds() - s for s in (0, 300, 9000)]
    assert waits == [1, 10, 15]


def test_no_rule_of_the_retention_removes_a_requested_backup():
    schedule = {"name": "often", "schedule": "*/10 * * * *"}
    cluster = validate(resource(backup={"schedules": [schedule], "retention": {"last": 1}}))
    assert isinstance(cluster, Cluster)
    backups = []
    for day in range(1, 6):
        request = replace(REQUEST, operation=str(day))
        one = completed(started=stamp(NOW - timedelta(days=day))).resource
        name = request.name(NAME)
        backups.append(
            {**one, "metadata": {**one["metadata"], "name": name, "uid": name, "creationTimestamp": stamp(NOW)}}
        )
    step = next_schedules_step(cluster, None, backups, NOW)
    assert step.remove == ()
    assert step.status is not None
    assert step.status.verified is not None, "it counts for the recovery point"
    assert {one["kind"] for one in backups} == {KIND}
