"""A Presto with its cache: it waits for the cluster, follows it, and stands near its workers."""

from __future__ import annotations

from typing import Any

from tests.support.builders import NAMESPACE
from tests.support.presto import HIVE, NAME, World, client, cluster, resource


def with_cache(**over: Any) -> World:
    world = World(resource(alluxio={"clusterRef": {"name": "small"}}, catalogs=[HIVE], **over))
    world.kube.put(cluster())
    world.kube.put(client())
    return world


def test_it_waits_for_the_cluster_and_says_so():
    world = World(resource(alluxio={"clusterRef": {"name": "small"}}, catalogs=[HIVE]))
    outcome = world.reconcile()

    assert world.objects() == set()
    assert world.condition("AlluxioConnected")["reason"] == "ClusterNotFound"
    assert "AlluxioCluster small, which doesn't exist" in world.status["summary"]
    assert outcome.requeue_after is not None

    world.kube.put(cluster(ready=False))
    world.kube.put(client())
    world.reconcile()
    assert world.objects() == {"ConfigMap/small-client"}
    assert world.condition("AlluxioConnected")["reason"] == "ClusterNotReady"

    world.kube.put(cluster())
    world.settle()
    assert world.phase == "Ready"


def test_a_reference_to_nobody_leaves_what_runs_and_its_numbers():
    world = World()
    world.settle()
    before = world.deployment("prestoworker"), world.status["replicas"]
    world.edit_spec(alluxio={"clusterRef": {"name": "nobody"}})
    world.reconcile()

    assert world.phase == "Degraded"
    assert "AlluxioCluster nobody, which doesn't exist" in world.condition("AlluxioConnected")["message"]
    assert (world.deployment("prestoworker"), world.status["replicas"]) == before
    assert world.status["workers"] == {"ready": 1, "wanted": 1, "active": 1}
    assert world.condition("WorkersActive")["status"] == "True"
    assert world.condition("ServicesPublished")["reason"] == "Kept"

    world.edit_spec()
    world.settle()


def test_its_clients_configuration_follows_the_cluster_and_restarts_the_servers():
    world = with_cache()
    world.settle()
    before = world.hash_of("coordinator"), world.hash_of("prestoworker")

    world.kube.put(client(port=29998))
    world.settle()

    data = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoalluxio")["data"]
    assert "alluxio.master.rpc.port=29998" in data["alluxio-site.properties"]
    assert "alluxio.hadoop.FileSystem" in data["core-site.xml"]
    assert all(
        one != other
        for one, other in zip(before, (world.hash_of("coordinator"), world.hash_of("prestoworker")), strict=True)
    )


def test_servers_log_in_at_the_cache_as_the_user_who_works_there():
    world = with_cache()
    world.edit_spec(alluxio={"clusterRef": {"name": "small"}, "user": "etl"}, catalogs=[HIVE])
    world.settle()

    site = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoalluxio")["data"]["alluxio-site.properties"]
    assert "alluxio.security.login.username=etl" in site.splitlines()
    for role in ("coordinator", "prestoworker"):
        [container] = world.deployment(role)["spec"]["template"]["spec"]["containers"]
        # Another name here would be one for which the first asks to act, and that is refused.
        assert {"name": "HADOOP_USER_NAME", "value": "etl"} in container["env"]


def test_a_missing_cluster_is_reported_and_leaves_presto_scalable():
    world = with_cache()
    world.settle()
    before = world.hash_of("prestoworker")
    world.kube.remove(f"/apis/alluxio-operator.io/v1alpha1/namespaces/{NAMESPACE}/alluxioclusters/small")
    world.kube.remove(f"/api/v1/namespaces/{NAMESPACE}/configmaps/small-client")
    world.reconcile()

    assert world.phase == "Degraded"
    assert world.condition("AlluxioConnected")["reason"] == "ClusterNotFound"
    assert world.condition("Ready")["status"] == "False"
    assert world.hash_of("prestoworker") == before

    world.start_operator()
    world.edit_spec(alluxio={"clusterRef": {"name": "small"}}, catalogs=[HIVE], workers={"replicas": 2})
    world.reconcile()
    assert world.deployment("prestoworker")["spec"]["replicas"] == 2
    assert world.hash_of("prestoworker") == before, "what was known of the cluster is on record"


def test_another_cluster_of_the_same_name_is_followed_only_when_it_is_ready():
    world = with_cache()
    world.settle()
    before = world.hash_of("coordinator")
    world.kube.put(cluster(ready=False, uid="another"))
    world.kube.put(client(port=39998))
    world.reconcile()
    assert world.hash_of("coordinator") == before

    world.kube.put(cluster(uid="another"))
    world.settle()
    assert world.hash_of("coordinator") != before


def test_workers_are_brought_to_the_clusters_own_and_read_through_its_sockets():
    world = with_cache()
    short = {"policy": "Uuid", "path": "/var/lib/alluxio-operator/sockets"}
    world.kube.put(cluster(shortCircuit=short))
    world.settle()
    pod = world.deployment("prestoworker")["spec"]["template"]["spec"]

    [preferred] = pod["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert preferred["podAffinityTerm"]["labelSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "alluxio",
        "app.kubernetes.io/instance": "small",
        "app.kubernetes.io/component": "worker",
    }
    [sockets] = [volume for volume in pod["volumes"] if volume["name"] == "sockets"]
    assert sockets["hostPath"]["path"] == f"/var/lib/alluxio-operator/sockets/{NAMESPACE}/small"
    coordinator = world.deployment("coordinator")["spec"]["template"]["spec"]
    assert "affinity" not in coordinator
    assert all(volume["name"] != "sockets" for volume in coordinator["volumes"])


def test_a_users_affinity_stands_beside_the_one_to_the_cache():
    world = with_cache(workers={"affinity": {"nodeAffinity": {"some": "rule"}}})
    world.settle()
    affinity = world.deployment("prestoworker")["spec"]["template"]["spec"]["affinity"]

    assert set(affinity) == {"nodeAffinity", "podAffinity"}


def test_colocation_can_be_required_or_left():
    world = with_cache()
    world.settle()
    world.edit_spec(alluxio={"clusterRef": {"name": "small"}, "colocate": "Required"}, catalogs=[HIVE])
    world.settle()
    pod = world.deployment("prestoworker")["spec"]["template"]["spec"]
    assert "requiredDuringSchedulingIgnoredDuringExecution" in pod["affinity"]["podAffinity"]

    world.edit_spec(alluxio={"clusterRef": {"name": "small"}, "colocate": "None"}, catalogs=[HIVE])
    world.settle()
    assert "affinity" not in world.deployment("prestoworker")["spec"]["template"]["spec"]
