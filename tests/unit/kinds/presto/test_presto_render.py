"""What has to hold for the objects of any Presto: pod security, references, ports, what is secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.golden.prestos import manifests
from tests.support.builders import ROOT
from tests.support.crds import unknown_fields
from tests.support.presto import resource

from alluxio_operator.api import crd
from alluxio_operator.kinds.presto.kind import DESCRIPTOR

Json = dict[str, Any]
SAMPLES = sorted((ROOT / "config" / "samples" / "presto").glob("*.yaml"))
[VERSION] = crd.custom_resource_definition(DESCRIPTOR)["spec"]["versions"]
EVERYTHING: Json = resource(
    alluxio={"clusterRef": {"name": "small"}, "colocate": "Required"},
    catalogs=[
        {"name": "hive", "hive": {"thrift": {"uris": ["thrift://m:9083"]}}},
        {"name": "files", "hive": {"file": {"directory": "alluxio://small:19998/meta"}, "writable": False}},
        {"name": "tpch", "tpch": {}},
        {"name": "memory", "memory": {}},
        {
            "name": "pg",
            "connector": "postgresql",
            "properties": {"connection-url": "jdbc:postgresql://pg/x"},
            "propertiesFrom": [{"name": "connection-password", "secretKeyRef": {"name": "pg", "key": "password"}}],
        },
    ],
    image={"pullSecrets": [{"name": "registry"}]},
    service={"type": "NodePort", "nodePorts": {"http": 30080}, "annotations": {"a": "b"}},
    coordinator={"ports": {"http": 8081}, "env": [{"name": "TZ", "value": "UTC"}]},
    workers={
        "replicas": 3,
        "volumes": [{"name": "spill", "emptyDir": {}}],
        "volumeMounts": [{"name": "spill", "mountPath": "/spill"}],
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "presto", "operator": "Exists"}],
        "topologySpreadConstraints": [{"topologyKey": "zone"}],
        "priorityClassName": "high",
        "podLabels": {"team": "data"},
        "podAnnotations": {"scrape": "true"},
    },
)
CASES: dict[str, Json] = {
    "smallest": resource(),
    "everything": EVERYTHING,
    "no-catalog": resource(catalogs=[]),
    **{path.stem: yaml.safe_load(path.read_text()) for path in SAMPLES},
}


def objects(case: str, *kinds: str) -> list[Json]:
    found = [dict(manifest.obj) for manifest in manifests(CASES[case])]
    return [obj for obj in found if not kinds or obj["kind"] in kinds]


def templates(case: str) -> Iterator[tuple[str, Json]]:
    for obj in objects(case, "Deployment"):
        yield obj["metadata"]["name"], obj["spec"]["template"]


def containers(template: Json) -> list[Json]:
    return [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]


@pytest.mark.parametrize("case", CASES)
def test_pods_meet_the_restricted_standard_but_for_the_sockets(case: str):
    for where, template in templates(case):
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        of_node = [volume["name"] for volume in pod["volumes"] if "hostPath" in volume]
        assert of_node in ([], ["sockets"]), where
        for container in containers(template):
            context = container["securityContext"]
            assert context == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@pytest.mark.parametrize("case", CASES)
def test_every_mount_has_its_volume_and_every_volume_its_mount(case: str):
    for where, template in templates(case):
        volumes = [volume["name"] for volume in template["spec"]["volumes"]]
        mounted = {mount["name"] for container in containers(template) for mount in container["volumeMounts"]}
        assert len(volumes) == len(set(volumes)), where
        assert set(volumes) == mounted, where
        for container in containers(template):
            paths = [mount["mountPath"] for mount in container["volumeMounts"]]
            assert len(paths) == len(set(paths)), where


@pytest.mark.parametrize("case", CASES)
def test_what_a_pod_refers_to_is_rendered_before_it(case: str):
    found = objects(case)
    made = [(obj["kind"], obj["metadata"]["name"]) for obj in found]
    for index, obj in enumerate(found):
        if obj["kind"] != "Deployment":
            continue
        before = set(made[:index])
        pod = obj["spec"]["template"]["spec"]
        assert ("ServiceAccount", pod["serviceAccountName"]) in before
        for volume in pod["volumes"]:
            sources = [volume, *volume.get("projected", {}).get("sources", ())]
            for source in sources:
                if "configMap" in source:
                    assert ("ConfigMap", source["configMap"]["name"]) in before
    assert len(made) == len(set(made))


@pytest.mark.parametrize("case", CASES)
def test_ports_of_services_are_those_of_pods(case: str):
    [coordinator] = [t for name, t in templates(case) if name.endswith("-coordinator")]
    [port] = coordinator["spec"]["containers"][0]["ports"]
    for service in objects(case, "Service"):
        spec = service["spec"]
        assert spec["selector"].items() <= coordinator["metadata"]["labels"].items()
        assert [one["targetPort"] for one in spec["ports"]] == ["http"]
    client = next(s for s in objects(case, "Service") if s["metadata"]["name"].endswith("-presto"))
    assert client["spec"]["ports"][0]["port"] == port["containerPort"]


@pytest.mark.parametrize("case", CASES)
def test_selectors_match_their_own_pods_alone_and_nothing_of_an_alluxio_cluster(case: str):
    labels = {name: template["metadata"]["labels"] for name, template in templates(case)}
    for obj in objects(case, "Deployment", "PodDisruptionBudget"):
        selector = obj["spec"]["selector"]["matchLabels"]
        matched = [name for name, found in labels.items() if selector.items() <= found.items()]
        assert matched == [obj["metadata"]["name"]]
        assert selector["app.kubernetes.io/name"] == "presto"


@pytest.mark.parametrize("case", CASES)
def test_everything_goes_with_its_owner(case: str):
    for obj in objects(case):
        [owner] = obj["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["controller"]) == ("Presto", True)
        assert obj["metadata"]["labels"]["alluxio-operator.io/owner-kind"] == "Presto"


def test_the_drain_fits_into_the_pods_grace():
    for _, template in templates("day-and-night"):
        assert template["spec"]["terminationGracePeriodSeconds"] == 10 + 300 + 10 + 10


def test_a_coordinator_gets_queries_once_it_has_made_up_its_mind_about_its_workers():
    # It looks for workers, and for those to be watched, every 5 s each.
    for name, template in templates("smallest"):
        [container] = template["spec"]["containers"]
        probe = container["readinessProbe"]
        waits = probe["periodSeconds"] * (probe.get("successThreshold", 1) - 1)
        assert waits >= 10 if name.endswith("-coordinator") else waits == 0
    [config] = [obj for obj in objects("smallest", "ConfigMap") if obj["metadata"]["name"].endswith("-prestoconfig")]
    assert "failure-detector.warmup-interval=0s" in config["data"]["coordinator.properties"]
    assert "failure-detector" not in config["data"]["worker.properties"]


def test_budgets_are_for_several_workers_only():
    assert objects("smallest", "PodDisruptionBudget") == []
    [budget] = objects("everything", "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    assert [budget["spec"] for budget in objects("day-and-night", "PodDisruptionBudget")], "the most, not the present"


def test_what_comes_from_secrets_is_in_no_text():
    for obj in objects("everything", "ConfigMap"):
        assert "connection-password" not in yaml.safe_dump(obj)
    for _, template in templates("everything"):
        [init] = [one for one in template["spec"]["initContainers"] if one["name"] == "secret-properties"]
        assert init["args"][-3:] == ["pg.properties", "connection-password", "PROPERTY_1"]
        [volume] = [v for v in template["spec"]["volumes"] if v["name"] == "catalogs"]
        assert volume["emptyDir"]["medium"] == "Memory"


def test_the_names_of_a_cluster_and_a_presto_of_the_same_name_never_meet():
    from tests.golden.clusters import CASES as CLUSTERS
    from tests.golden.clusters import manifests_of, resource_of

    for case in CLUSTERS:
        name = resource_of(case)["metadata"]["name"]
        theirs = {(m.ref.kind, m.ref.name) for m in manifests_of(case)}
        CASES["same-name"] = {**EVERYTHING, "metadata": {"name": name}}
        ours = {(obj["kind"], obj["metadata"]["name"]) for obj in objects("same-name")}
        del CASES["same-name"]
        assert not ours & theirs


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_has_only_fields_that_exist(path: Any):
    made = yaml.safe_load(path.read_text())
    assert made["metadata"]["name"] == path.stem
    schema = VERSION["schema"]["openAPIV3Schema"]
    assert unknown_fields(schema["properties"]["spec"], made["spec"], "spec") == []


def configs(case: str) -> Json:
    [found] = [obj for obj in objects(case, "ConfigMap") if obj["metadata"]["name"].endswith("-prestoconfig")]
    data: Json = found["data"]
    return data


def test_trino_is_given_no_property_with_which_it_does_not_start():
    for role in ("coordinator", "worker"):
        for unknown in ("discovery-server.enabled", "query.max-total-memory-per-node"):
            assert unknown in "".join(configs("everything").values())
            assert unknown not in configs("trino")[f"{role}.properties"]
    assert configs("trino")["log.properties"] == "io.trino=INFO\n"


def test_a_property_of_a_users_own_is_never_left_out():
    key = "query.max-total-memory-per-node"
    CASES["own-property"] = resource(engine="Trino", version="476", properties={key: "1GB"})
    assert f"{key}=1GB" in configs("own-property")["worker.properties"]
    del CASES["own-property"]


def test_only_the_operator_may_tell_a_server_of_trino_to_leave():
    data = configs("trino")
    for _, template in templates("trino"):
        [container] = template["spec"]["containers"]
        [conf] = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "conf"]
        [source] = [one["projected"] for one in template["spec"]["volumes"] if one["name"] == "conf"]
        placed = {item["path"] for one in source["sources"] for item in one["configMap"].get("items", ())}
        for text, key in (
            (data["coordinator.properties"], "access-control.config-files"),
            (data["worker.properties"], "access-control.config-files"),
            (data["access-control.properties"], "security.config-file"),
        ):
            [path] = [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]
            assert path.removeprefix(f"{conf}/") in placed
    [rule] = json.loads(data["access-control.json"])["system_information"]
    assert (rule["user"], rule["allow"]) == ("alluxio-operator", ["read", "write"])
    assert "access-control" not in yaml.safe_dump_all(objects("everything")), "it is none of Presto's"


def test_a_catalog_of_trino_reaches_alluxio_by_its_own_file_system():
    [catalogs] = [obj for obj in objects("trino", "ConfigMap") if obj["metadata"]["name"].endswith("-prestocatalogs")]
    hive = catalogs["data"]["hive.properties"].splitlines()
    assert {"connector.name=hive", "fs.alluxio.enabled=true"} <= set(hive)
    assert not [line for line in hive if line.startswith("hive.config.resources")]


def test_each_server_is_drained_in_its_own_way_as_the_one_that_the_operator_is():
    words = {
        ("day-and-night", "coordinator"): '"SHUTTING_DOWN"',
        ("day-and-night", "prestoworker"): '"SHUTTING_DOWN"',
        ("trino", "coordinator"): "GET /v1/query ",
        ("trino", "prestoworker"): '"DRAINING"',
    }
    for (case, role), word in words.items():
        [template] = [found for name, found in templates(case) if name.endswith(f"-{role}")]
        [container] = template["spec"]["containers"]
        command = container["lifecycle"]["preStop"]["exec"]["command"]
        assert word in command[2]
        assert command[5:] == (["X-Trino-User", "11"] if case == "trino" else ["X-Presto-User"])
        assert "$header: alluxio-operator" in command[2]


def test_the_image_follows_from_engine_and_version_unless_it_is_named():
    CASES["own-image"] = resource(engine="Trino", version="476", image={"repository": "team/trino", "tag": "476-1"})
    images = {
        case: {t["spec"]["containers"][0]["image"] for _, t in templates(case)} for case in ("own-image", "trino")
    }
    del CASES["own-image"]
    assert images == {"own-image": {"team/trino:476-1"}, "trino": {"trinodb/trino:476"}}


@pytest.mark.parametrize(
    ("engine", "version", "writable", "words"),
    [
        ("Presto", "0.287", True, {"hive.allow-drop-table=true", "hive.non-managed-table-writes-enabled=true"}),
        ("Presto", "0.287", False, set()),
        ("Trino", "476", True, {"hive.non-managed-table-writes-enabled=true"}),
        ("Trino", "476", False, {"hive.security=read-only"}),
    ],
)
def test_who_may_write_to_a_catalog_is_said_in_the_words_of_the_engine(
    engine: str, version: str, writable: bool, words: set[str]
):
    file = {"name": "h", "hive": {"file": {"directory": "file:/x"}, "writable": writable}}
    CASES["rights"] = resource(engine=engine, version=version, catalogs=[file])
    [catalogs] = [obj for obj in objects("rights", "ConfigMap") if obj["metadata"]["name"].endswith("-prestocatalogs")]
    del CASES["rights"]
    said = {line for line in catalogs["data"]["h.properties"].splitlines() if "metastore" not in line}
    rights = {line for line in said if line.startswith("hive.")}
    assert words <= rights
    assert bool(rights) == bool(words)
