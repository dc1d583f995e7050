"""What people and autoscalers use of the resource itself: scale, columns, short names."""

from __future__ import annotations

from tests.api.stage import Stage


def scaled(stage: Stage, replicas: int) -> None:
    """Scale the workers, and let the world catch up."""
    said = stage.api.kubectl("scale", "alx/small", f"--replicas={replicas}", "-n", stage.namespace)
    assert "scaled" in said
    stage.reconcile()
    assert stage.get("StatefulSet", "worker")["spec"]["replicas"] == replicas
    stage.start_pods()
    stage.serve(live=replicas)
    stage.reconcile_until(lambda: stage.status["phase"] == "Ready")


def test_a_statefulset_of_workers_is_scaled_by_its_resource(installed: Stage):
    scaled(installed, 2)
    scale = installed.api.call("GET", f"{installed.path}/scale", ok=True).body
    selector = scale["status"]["selector"]
    pods = installed.api.kubectl("get", "pods", "-n", installed.namespace, "-l", selector, "-o", "name")
    scaled(installed, 1)

    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (2, 2)
    assert sorted(pods.split()) == ["pod/small-worker-0", "pod/small-worker-1"]


def test_the_columns_show_what_people_look_at_first(installed: Stage):
    wide = installed.api.kubectl("get", "alx", "-n", installed.namespace, "-o", "wide").splitlines()
    narrow = installed.api.kubectl("get", "alluxio", "-n", installed.namespace).splitlines()

    assert narrow[0].split() == ["NAME", "PHASE", "VERSION", "MASTERS", "WORKERS", "CAPACITY", "AGE"]
    assert wide[0].split() == [*narrow[0].split(), "LEADER", "USED", "SUMMARY"]
    assert wide[1].split()[:6] == ["small", "Ready", "2.9.4", "1/1", "1", "1Gi"]
    assert "small-master-0" in wide[1]
    assert wide[1].endswith("1 workers, 1Gi of cache")


def test_a_cluster_without_a_number_of_workers_can_be_scaled(stage: Stage):
    stage.create(workers={"replicas": None})

    stage.api.kubectl("scale", "alx/small", "--replicas=3", "-n", stage.namespace)

    assert stage.resource["spec"]["workers"]["replicas"] == 3


def test_a_daemonset_cannot_be_scaled_and_says_why(stage: Stage):
    stage.create(workers={"workload": "DaemonSet", "replicas": None})

    said = stage.api.kubectl("scale", "alx/small", "--replicas=3", "-n", stage.namespace, check=False)

    assert "a DaemonSet runs one worker per node and has no replicas" in said


def test_conditions_can_be_waited_for_and_fields_explained(installed: Stage):
    waited = ("--for=condition=Ready", "--timeout=20s", "-n", installed.namespace)
    assert "condition met" in installed.api.kubectl("wait", "alx/small", *waited)

    explained = installed.api.kubectl("explain", "alluxiocluster.spec.workers.tiers.quota")
    assert "Capacity of the tier on each worker" in explained
