"""What users add to pods: handed through as it is, and refused where it meets what the operator has there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.golden.clusters import CASES, manifests_of, resource_of
from tests.support.builders import cluster_spec

from alluxio_operator.kinds.cluster.objects import user_volumes
from alluxio_operator.kinds.cluster.objects.user_volumes import OWN_MOUNTS
from alluxio_operator.workloads.user_volumes import SPREAD_OVER_NODES, mounts_of, spread_of, volumes_of

SELECTOR = {"app.kubernetes.io/component": "worker"}
DATA = {"name": "data", "hostPath": {"path": "/data", "type": "Directory"}}
MOUNT = {"name": "data", "mountPath": "/data", "readOnly": True, "subPath": "a"}


def problems(**over: Any) -> list[tuple[str, str]]:
    return [(problem.field, problem.message) for problem in user_volumes.problems(cluster_spec(**over))]


def test_volumes_and_mounts_are_handed_through_as_they_are():
    spec = cluster_spec(masters={"volumes": [DATA], "volumeMounts": [MOUNT]})

    assert volumes_of(spec.masters) == [DATA]
    assert mounts_of(spec.masters) == [MOUNT]


# --- spread -------------------------------------------------------------------------------------------------------


def spread(over_nodes: bool, **constraint: Any) -> list[dict[str, Any]]:
    given = {"topologySpreadConstraints": [constraint]} if constraint else {}
    return spread_of(cluster_spec(workers=given).workers, SELECTOR, over_nodes=over_nodes)


def test_nothing_said_spreads_over_nodes_where_that_is_asked_for():
    assert spread(over_nodes=False) == []
    assert spread(over_nodes=True) == [{"labelSelector": {"matchLabels": SELECTOR}, **SPREAD_OVER_NODES}]


def test_a_users_own_wins_and_counts_the_roles_pods_unless_it_says_which():
    zone = {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 3, "whenUnsatisfiable": "DoNotSchedule"}

    assert spread(over_nodes=True, **zone, minDomains=2) == [
        {"labelSelector": {"matchLabels": SELECTOR}, **zone, "minDomains": 2}
    ]
    others = {"matchLabels": {"app": "presto"}}
    assert spread(over_nodes=True, **zone, labelSelector=others) == [{"labelSelector": others, **zone}]


# --- problems -----------------------------------------------------------------------------------------------------


def test_what_meets_nothing_is_no_problem():
    given = {"volumes": [DATA], "volumeMounts": [MOUNT, {"name": "data", "mountPath": "/opt/alluxio/extensions"}]}

    assert problems(masters=given, workers=given, jobService={"worker": {"volumeMounts": [MOUNT]}}) == []


@pytest.mark.parametrize("name", ["scratch", "ufs", "journal", "tier-ssd", "master-conf"])
def test_a_volume_that_is_called_like_one_of_the_operators_is_refused(name: str):
    found = problems(masters={"volumes": [{"name": name, "emptyDir": {}}]})

    assert found == [(f"spec.masters.volumes[{name}].name", "is the name of one of the operator's own volumes")]


@pytest.mark.parametrize(
    ("path", "met"),
    [
        ("/etc/alluxio", "/etc/alluxio"),
        ("/etc/alluxio/more/", "/etc/alluxio"),
        ("/opt/alluxio", "/opt/alluxio/conf"),
        ("/tiers/ssd", "/tiers"),
        ("/opt//alluxio/./conf", "/opt/alluxio/conf"),
        ("/opt/alluxio/extensions/../conf", "/opt/alluxio/conf"),
        ("//etc/alluxio", "/etc/alluxio"),
        ("/x/../..", "/etc/alluxio"),
        ("/mnt", "/mnt/ufs"),
        ("/mnt/ufs/data", "/mnt/ufs"),
    ],
)
def test_a_mount_that_meets_one_of_the_operators_is_refused(path: str, met: str):
    found = problems(workers={"volumes": [DATA], "volumeMounts": [{"name": "data", "mountPath": path}]})

    assert found == [
        (
            f"spec.workers.volumeMounts[{path}].mountPath",
            f"overlaps {met}, where the container has a volume of the operator",
        )
    ]


@pytest.mark.parametrize("path", ["/etc/alluxio2", "/opt/alluxio/lib2", "/mnt/ufs2", "/tiers2"])
def test_a_mount_beside_one_of_the_operators_is_none_of_its_business(path: str):
    assert problems(workers={"volumes": [DATA], "volumeMounts": [{"name": "data", "mountPath": path}]}) == []


def test_a_mount_of_a_volume_that_is_not_there_is_refused():
    assert problems(proxy={"volumeMounts": [MOUNT]}) == [("spec.proxy.volumeMounts[/data].name", "names no volume")]


def test_a_job_worker_has_the_volumes_of_the_worker_in_whose_pod_it_runs():
    [problem] = user_volumes.problems(cluster_spec(jobService={"worker": {"volumeMounts": [MOUNT]}}))

    assert problem.field == "spec.jobService.worker.volumeMounts[/data].name"
    assert problem.remedy == "use the name of one of spec.workers.volumes, or add the volume there"


# --- the tables are those of the templates ------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_every_volume_and_mount_of_the_operator_is_in_the_tables(case: str):
    spec = cluster_spec(**resource_of(case)["spec"])
    # The Job with the backup to restore takes no volumes of users.
    theirs = {"extensions", "more", "source"}
    elsewhere = {spec.root_mount.uri, "/opt/alluxio/logs"}
    for manifest in manifests_of(case):
        pod = manifest.obj["spec"].get("template", {}).get("spec", {}) if "spec" in manifest.obj else {}
        for volume in pod.get("volumes", ()):
            if volume["name"] not in theirs:
                named = cluster_spec(masters={"volumes": [{"name": volume["name"], "emptyDir": {}}]})
                assert list(user_volumes.problems(named)), volume["name"]
        for container in pod.get("containers", ()):
            for mount in container["volumeMounts"]:
                if mount["name"] not in (*theirs, "fuse"):
                    path = mount["mountPath"]
                    assert path in elsewhere or path.startswith(OWN_MOUNTS), path
