"""From where a drill fetches the backup, and with what it compares files, for each kind of storage."""

from typing import Any

import pytest
from tests.support import builders
from tests.support.drill import NAME, DrillWorld, verified_backup

Json = dict[str, Any]
FILE = ".alluxio-backups/small-0a1b2c3d/nightly-55667788/alluxio-backup-1.gz"
S3: Json = {
    "uri": "s3://lake/warehouse",
    "volume": None,
    "s3": {"endpoint": "http://s3:9000", "pathStyle": True, "credentials": {"secretName": "lake-keys"}},
}
STATUS: Json = {"masters": {"leader": "small-master-0", "version": "2.9.4"}}


def live(mount: Json | None) -> Json:
    made = builders.resource(status=STATUS)
    return {**made, "spec": {**made["spec"], "rootMount": {k: v for k, v in (mount or {}).items() if v is not None}}}


def world(mount: Json | None = None, location: str = "", destination: Json | None = None) -> DrillWorld:
    made = DrillWorld(live(mount) if mount else None)
    backup = verified_backup(**({"file": {"location": location}} if location else {}))
    made.kube.put({**backup, "spec": {**backup["spec"], **({"destination": destination} if destination else {})}})
    return made


def pod_of(made: DrillWorld, component: str) -> Json:
    made.runs_jobs = component == "read"
    for _ in range(7):
        made.reconcile()
        made.turn()
        if f"{NAME}-{component}" in made.kube.of_kind("Job"):
            break
    spec: Json = made.kube.object("Job", builders.NAMESPACE, f"{NAME}-{component}")["spec"]["template"]["spec"]
    return spec


def words(container: Json) -> str:
    return " ".join([*container["command"], *container["args"]])


def variables(container: Json) -> dict[str, str]:
    return {one["name"]: one["valueFrom"]["secretKeyRef"]["name"] for one in container.get("env", ())}


def test_a_backup_in_a_volume_is_read_from_it():
    made = world(location="backups:small-0a1b2c3d/nightly.gz", destination={"volume": {"claimName": "backups"}})
    spec = pod_of(made, "prepare")
    assert {"name": "source", "persistentVolumeClaim": {"claimName": "backups"}} in spec["volumes"]
    assert "check /source/small-0a1b2c3d/nightly.gz" in words(spec["containers"][0])
    assert "initContainers" not in spec


def test_a_backup_in_a_bucket_of_its_own_is_fetched_with_its_keys():
    bucket = {"bucket": "safe", "endpoint": "https://s3.example", "credentials": {"secretName": "backup-keys"}}
    made = world(location="s3://safe/small-0a1b2c3d/nightly.gz", destination={"s3": bucket})
    spec = pod_of(made, "prepare")
    [fetch] = spec["initContainers"]
    assert "store get /work/backup.gz --key small-0a1b2c3d/nightly.gz --bucket safe" in words(fetch)
    assert set(variables(fetch).values()) == {"backup-keys"}
    policy = made.kube.object("NetworkPolicy", builders.NAMESPACE, f"{NAME}-drillaccess")
    assert {"ports": [{"port": 443, "protocol": "TCP"}]} in policy["spec"]["egress"]


def test_a_backup_in_the_bucket_of_the_root_mount_needs_no_cluster():
    spec = pod_of(world(S3, f"s3://lake/warehouse/{FILE}"), "prepare")
    [fetch] = spec["initContainers"]
    assert f"store get /work/backup.gz --key warehouse/{FILE} --bucket lake" in words(fetch)
    assert "--endpoint http://s3:9000 --path-style" in words(fetch)
    assert set(variables(fetch).values()) == {"lake-keys"}


@pytest.mark.parametrize(
    ("mount", "location"),
    [
        ({"uri": "hdfs://name-node:8020/alluxio"}, f"hdfs://name-node:8020/alluxio/{FILE}"),
        ({"uri": "s3://lake/warehouse"}, f"s3://lake/warehouse/{FILE}"),
        (
            {**S3, "optionsFrom": [{"name": "s3a.accessKeyId", "secretKeyRef": {"name": "x", "key": "y"}}]},
            f"s3://lake/warehouse/{FILE}",
        ),
    ],
)
def test_a_backup_in_another_storage_comes_through_the_cluster(mount, location):
    spec = pod_of(world(mount, location), "prepare")
    [fetch] = spec["initContainers"]
    folder, _, name = FILE.rpartition("/")
    assert fetch["args"][-1] == f"/{folder}"
    assert f"check /work/in/{name}" in words(spec["containers"][0])
    assert {"name": "client", "configMap": {"name": "small-client"}} in spec["volumes"]


def test_files_of_a_bucket_are_compared_with_the_bucket():
    spec = pod_of(world(S3, f"s3://lake/warehouse/{FILE}"), "read")
    [read] = spec["containers"]
    assert "--bucket lake --region us-east-1 --endpoint http://s3:9000 --path-style" in words(read)
    assert "--volume" not in words(read)
    assert set(variables(read).values()) == {"lake-keys"}


def test_files_of_another_storage_are_compared_with_their_length():
    mount = {"uri": "hdfs://name-node:8020/alluxio"}
    spec = pod_of(world(mount, f"hdfs://name-node:8020/alluxio/{FILE}"), "read")
    [read] = spec["containers"]
    assert "--bucket" not in words(read)
    assert "--volume" not in words(read)
    assert "volumes" not in spec


def test_the_volume_of_the_root_mount_is_read_only_in_every_job():
    for component in ("prepare", "read"):
        spec = pod_of(world(), component)
        mounts = [one for one in spec["containers"][0]["volumeMounts"] if one["name"] in ("source", "ufs")]
        assert [one["readOnly"] for one in mounts] == [True]
