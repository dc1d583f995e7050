"""The throw-away cluster: like the cluster where a restore needs it, and unable to write."""

import re
from typing import Any

import pytest
from tests.support import builders
from tests.support.drill import NAME, UID, drill

from alluxio_operator.api.alluxiocluster import LONGEST_NAME, ClusterSpec
from alluxio_operator.kinds.cluster.names import MASTER
from alluxio_operator.kinds.cluster.names import Names as ClusterNames
from alluxio_operator.kinds.cluster.objects import properties
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kinds.drill.names import Names
from alluxio_operator.kinds.drill.throw_away import DROPPED, QUIET, manifest

Json = dict[str, Any]
NAMES = Names(NAME, builders.NAMESPACE)
OWN = NAMES.throw_away(builders.NAME, UID)


def made(**over: Any) -> Json:
    live = builders.resource(**over)
    spec = ClusterSpec.model_validate(live["spec"])
    return dict(manifest(spec, builders.NAME, drill(), NAMES, OWN))


def accepted(**over: Any) -> Cluster:
    """Return the throw-away cluster as its own reconciler reads it."""
    found = made(**over)
    cluster = validate({**found, "metadata": {**found["metadata"], "uid": "u", "generation": 1}})
    assert isinstance(cluster, Cluster), cluster
    return cluster


VARIANTS: list[Json] = [
    {},
    {"masters": {"replicas": 3}},
    {"workers": {"workload": "DaemonSet"}},
    {"rootMount": {"uri": "/data/ufs", "volume": {"claimName": "lake", "size": None}}},
    {"fuse": {"enabled": True}, "proxy": {"enabled": True}},
    {"jobService": {"enabled": True}, "logServer": {"enabled": True}},
    {"backup": {"schedules": [{"name": "daily", "schedule": "0 3 * * *"}], "drill": {"schedule": "0 5 * * 0"}}},
    {"security": {"identity": "Fixed", "runAsUser": 2000, "runAsGroup": 2000, "fsGroup": 2000}},
    {"masters": {"resources": {"limits": {"memory": "4Gi"}}, "jvm": {"heap": "2Gi"}}},
]


@pytest.mark.parametrize("over", VARIANTS)
def test_it_is_valid_small_and_can_not_write(over):
    spec = accepted(**over).spec
    assert spec.root_mount.read_only
    assert spec.masters.replicas == 1
    assert (spec.workers.workload, spec.workers.count) == ("StatefulSet", 1)
    others = (spec.job_service, spec.log_server, spec.proxy, spec.fuse)
    assert not any(role.enabled for role in others)
    assert not spec.backup.schedules
    assert spec.backup.drill is None
    assert spec.deletion_policy == "Delete"
    assert spec.paused
    for given in (spec.properties, spec.masters.properties, spec.workers.properties):
        assert given.items() >= QUIET.items()


def test_it_takes_over_what_a_restore_depends_on():
    given = {"masters": {"jvm": {"heap": "2Gi"}, "nodeSelector": {"disk": "fast"}}, "version": "2.9.3"}
    spec = accepted(**given).spec
    assert spec.version == "2.9.3"
    assert spec.masters.jvm.heap == "2Gi"
    assert spec.masters.node_selector == {"disk": "fast"}


def test_the_volume_that_the_operator_made_for_the_cluster_is_not_made_again():
    mount = made(rootMount={"volume": {"size": "5Gi"}})["spec"]["rootMount"]
    assert mount["volume"] == {"claimName": "small-ufs"}


QUIET_KEY = "alluxio.master.ttl.checker.interval"


def test_no_property_of_the_cluster_makes_it_write():
    loud = {
        QUIET_KEY: "1s",
        "alluxio.underfs.cleanup.enabled": "true",
        "alluxio.job.master.rpc.addresses": "live:20001",
    }
    role = {"properties": loud, "jvm": {"options": [f"-D{QUIET_KEY}=1s", "-XX:+UseG1GC"]}}
    spec = accepted(properties=loud, masters=role, workers=role).spec
    for given in (spec.properties, spec.masters.properties, spec.workers.properties):
        assert given.items() >= QUIET.items()
        assert not any(key.startswith(DROPPED) for key in given.keys() - QUIET.keys())
    assert spec.masters.jvm.options == ("-XX:+UseG1GC",)
    assert spec.workers.jvm.options == ()


@pytest.mark.parametrize("uri", ["s3://lake/x", "hdfs://nn:8020/x"])
def test_a_restore_that_fails_writes_no_backup_into_the_storage(uri):
    """Alluxio writes an emergency backup past the mount, read-only or not."""
    loud = {"alluxio.master.journal.backup.when.corrupted": "true", "alluxio.master.backup.directory": "/backups"}
    live = builders.resource()
    live["spec"] = {**live["spec"], "rootMount": {"uri": uri}, "properties": loud}
    found = manifest(ClusterSpec.model_validate(live["spec"]), builders.NAME, drill(), NAMES, OWN)
    spec = ClusterSpec.model_validate(found["spec"])
    site = properties.for_role(spec, ClusterNames(OWN, builders.NAMESPACE), MASTER)
    assert site["alluxio.master.mount.table.root.readonly"] == "true"
    assert site["alluxio.master.journal.backup.when.corrupted"] == "false"
    assert site["alluxio.master.backup.directory"] == "/tmp/alluxio-drill-backups"


def test_a_rehearsal_evicts_no_pod_of_production():
    role = {"priorityClassName": "system-cluster-critical"}
    spec = made(masters=role, workers=role)["spec"]
    assert "priorityClassName" not in spec["masters"]
    assert "priorityClassName" not in spec["workers"]


def test_its_worker_has_the_cpu_that_a_quota_may_demand():
    amounts = {"requests": {"cpu": "200m", "memory": "9Gi"}, "limits": {"cpu": "2", "memory": "9Gi"}}
    found = accepted(workers={"resources": amounts}).spec.workers.resources
    assert (found.requests.cpu, found.limits.cpu) == ("200m", "2")
    assert (found.requests.memory, found.limits.memory) == (None, None)


def test_volumes_of_users_are_mounted_read_only_but_for_scratch():
    volumes = [{"name": "extra", "persistentVolumeClaim": {"claimName": "extra"}}, {"name": "scratch", "emptyDir": {}}]
    mounts = [{"name": "extra", "mountPath": "/mnt/extra"}, {"name": "scratch", "mountPath": "/mnt/scratch"}]
    role = {"volumes": volumes, "volumeMounts": mounts}
    spec = made(masters=role, workers=role)["spec"]
    for found in (spec["masters"], spec["workers"]):
        assert [one.get("readOnly", False) for one in found["volumeMounts"]] == [True, False]


def test_no_label_of_users_leads_their_clients_to_it():
    spec = made(masters={"podLabels": {"team": "lake"}}, workers={"podLabels": {"team": "lake"}})["spec"]
    assert "podLabels" not in spec["masters"]
    assert "podLabels" not in spec["workers"]


def test_only_the_drill_reaches_it():
    access = made()["spec"]["access"]
    assert access == {"enabled": True, "from": [{"podSelector": {"matchLabels": dict(NAMES.instance_labels)}}]}


@pytest.mark.parametrize("cluster", ["a", "small", "a" * LONGEST_NAME, "a" * 26 + "-" + "b" * 13, "a-b-c" * 8])
def test_the_name_stays_valid(cluster):
    name = NAMES.throw_away(cluster, UID)
    assert len(name) <= LONGEST_NAME
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name)
    assert name != NAMES.throw_away(cluster, "another")


def test_names_of_a_long_drill_stay_valid():
    names = Names("d" * 63, builders.NAMESPACE)
    found = {names.job("prepare"), names.job("read"), names.access}
    assert len(found) == 3
    assert all(len(name) <= 63 for name in found)
