"""Presto's Alluxio client comes from the image of the cluster: which one, when it changes, what is said without it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAMESPACE, NOW
from tests.support.presto import HIVE, NAME, World, client, cluster, resource
from tests.support.rendering import RENDERER

from alluxio_operator.api.presto_status import PrestoStatus
from alluxio_operator.engine.kept_template import KEPT
from alluxio_operator.kinds.presto.cache import values
from alluxio_operator.kinds.presto.context import context_of
from alluxio_operator.kinds.presto.hashes import baseline_of
from alluxio_operator.kinds.presto.objects import user_volumes
from alluxio_operator.kinds.presto.validate import Presto, validate

Json = dict[str, Any]
REF: Json = {"clusterRef": {"name": "small"}}
SERVERS = ("coordinator", "prestoworker")


def with_cache(made: Json | None = None, **over: Any) -> World:
    world = World(resource(**{"alluxio": REF, "catalogs": [HIVE], **over}))
    world.kube.put(made or cluster())
    world.kube.put(client())
    world.settle()
    return world


def of_image(image: Json, *, up_to_date: bool = True, version: str = "2.9.4", **over: Any) -> Json:
    found = cluster(**over)
    found["spec"] |= {"version": version, "image": image}
    found["status"]["observedGeneration"] = 9
    found["status"]["conditions"].append({"type": "UpToDate", "status": "True" if up_to_date else "False"})
    return found


def pod(world: World, server: str = "prestoworker") -> Json:
    found: Json = world.deployment(server)["spec"]["template"]["spec"]
    return found


def inits(world: World, server: str = "prestoworker") -> dict[str, Json]:
    return {one["name"]: one for one in pod(world, server).get("initContainers", ())}


def plugins_of(world: World, file: str) -> str:
    data = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoconfig")["data"][file]
    [line] = [line for line in data.splitlines() if line.startswith("plugin.dir=")]
    return str(line.removeprefix("plugin.dir="))


@pytest.mark.parametrize("server", SERVERS)
def test_the_client_is_taken_from_the_clusters_image_before_the_server_starts(server: str):
    world = with_cache(of_image({"repository": "registry.example/alluxio", "pullPolicy": "Always"}))

    assert list(inits(world, server)) == ["alluxio-client", "plugins"], "in this order"
    take, link = inits(world, server).values()
    assert (take["image"], take["imagePullPolicy"]) == ("registry.example/alluxio:2.9.4", "Always")
    assert (link["image"], link["imagePullPolicy"]) == ("prestodb/presto:0.287", "IfNotPresent")
    [container] = pod(world, server)["containers"]
    for one in (take, link):
        assert one["resources"] == container["resources"], "a pod asks for no more than its server"
        assert one["volumeMounts"] == [{"name": "alluxio-client", "mountPath": "/var/lib/alluxio-client"}]
    [mount] = [one for one in container["volumeMounts"] if one["name"] == "alluxio-client"]
    assert mount == {"name": "alluxio-client", "mountPath": "/var/lib/alluxio-client", "readOnly": True}
    assert plugins_of(world, f"{server.removeprefix('presto')}.properties") == "/var/lib/alluxio-client/plugin"


def test_the_credentials_of_both_registries_are_there_once():
    given = {"pullSecrets": [{"name": "shared"}, {"name": "alluxio"}]}
    world = with_cache(of_image(given), image={"pullSecrets": [{"name": "presto"}, {"name": "shared"}]})

    assert pod(world)["imagePullSecrets"] == [{"name": "presto"}, {"name": "shared"}, {"name": "alluxio"}]


@pytest.mark.parametrize(
    "over",
    [
        {"alluxio": {**REF, "client": "Image"}},
        {"engine": "Trino", "version": "476"},
        {"alluxio": None, "catalogs": [{"name": "tpch", "tpch": {}}]},
    ],
)
def test_a_server_that_has_its_own_client_or_no_cache_gets_none(over: Json):
    world = with_cache(of_image({"pullSecrets": [{"name": "alluxio"}]}), **over)

    for server in SERVERS:
        assert inits(world, server) == {}
        assert "imagePullSecrets" not in pod(world, server)
        assert "alluxio-client" not in [volume["name"] for volume in pod(world, server)["volumes"]]
    home = "/usr/lib/trino" if "engine" in over else "/opt/presto-server"
    assert plugins_of(world, "worker.properties") == f"{home}/plugin"


def test_another_image_of_the_cluster_replaces_the_servers():
    world = with_cache(of_image({}, version="2.9.3"))
    before = world.hash_of("coordinator"), world.hash_of("prestoworker")

    world.kube.put(of_image({}))
    world.settle()

    assert inits(world)["alluxio-client"]["image"] == "alluxio/alluxio:2.9.4"
    after = world.hash_of("coordinator"), world.hash_of("prestoworker")
    assert all(one != other for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize(
    "state",
    [
        {"observedGeneration": 9, "conditions": [{"type": "UpToDate", "status": "False"}]},
        {"observedGeneration": 9, "conditions": [{"type": "SpecValid", "status": "False"}]},
        {"observedGeneration": 1, "conditions": [{"type": "UpToDate", "status": "True"}]},
    ],
)
def test_an_image_that_has_yet_to_prove_itself_in_the_cluster_restarts_nothing(state: Json):
    world = with_cache(of_image({}, version="2.9.3"))
    before = world.deployment("coordinator")["spec"], world.deployment("prestoworker")["spec"]

    conditions = [{"type": "Ready", "status": "True"}, *state["conditions"]]
    world.kube.put({**of_image({"tag": "broken"}), "status": {**state, "conditions": conditions}})
    world.settle()

    assert (world.deployment("coordinator")["spec"], world.deployment("prestoworker")["spec"]) == before
    assert world.status["alluxio"]["clientImage"]["name"] == "alluxio/alluxio:2.9.3"


def test_new_addresses_of_a_changing_cluster_are_followed_with_the_known_image():
    world = with_cache(of_image({}, version="2.9.3"))

    world.kube.put(of_image({}, up_to_date=False))
    world.kube.put(client(port=29998))
    world.settle()

    data = world.kube.object("ConfigMap", NAMESPACE, f"{NAME}-prestoalluxio")["data"]
    assert "alluxio.master.rpc.port=29998" in data["alluxio-site.properties"]
    assert inits(world)["alluxio-client"]["image"] == "alluxio/alluxio:2.9.3"


def test_without_the_cluster_the_last_known_image_serves():
    world = with_cache(of_image({"repository": "registry.example/alluxio"}))
    before = pod(world)
    world.kube.remove(f"/apis/alluxio-operator.io/v1alpha1/namespaces/{NAMESPACE}/alluxioclusters/small")
    world.kube.remove(f"/api/v1/namespaces/{NAMESPACE}/configmaps/small-client")
    world.start_operator()

    world.edit_spec(alluxio=REF, catalogs=[HIVE], workers={"replicas": 2})
    world.reconcile()

    assert pod(world) == before
    assert world.deployment("prestoworker")["spec"]["replicas"] == 2


def test_a_presto_of_an_older_operator_gets_the_client_with_its_next_change():
    world = with_cache()
    known = {key: value for key, value in world.status["alluxio"].items() if key != "clientImage"}
    world.kube.edit("Presto", NAMESPACE, NAME, lambda obj: obj["status"].update(alluxio=known))
    there = cluster()
    world.kube.remove(f"/apis/alluxio-operator.io/v1alpha1/namespaces/{NAMESPACE}/alluxioclusters/small")
    world.start_operator()
    world.reconcile()
    assert inits(world) == {}, "nothing is known of an image"

    world.kube.put(there)
    world.settle()
    assert inits(world) == {}, "its own client may work"

    world.edit_spec(alluxio=REF, catalogs=[HIVE], properties={"query.max-run-time": "1h"})
    world.settle()
    assert list(inits(world)) == ["alluxio-client", "plugins"]


def test_an_image_without_a_client_is_named_with_its_remedy():
    world = with_cache()
    world.turn()
    said = "AlluxioClientMissing: image mine:1 has no /opt/alluxio/client/a*.jar: give AlluxioCluster small one"
    ended = {"exitCode": 1, "reason": "Error", "message": f"{said}\n"}
    for state in ({"terminated": ended}, {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}):
        stuck = {"name": "alluxio-client", "ready": False, "state": state, "lastState": {"terminated": ended}}

        def crash(obj: Json, stuck: Json = stuck) -> None:
            obj["status"] |= {
                "phase": "Pending",
                "podIP": "",
                "initContainerStatuses": [stuck],
                "containerStatuses": [],
            }
            obj["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

        world.kube.edit("Pod", NAMESPACE, f"{NAME}-coordinator-0", crash)
        world.reconcile()

        found = world.condition("CoordinatorServing")
        assert (found["status"], found["reason"]) == ("False", "AlluxioClientMissing"), "it doesn't alternate"
        assert found["message"].startswith(f"pod {NAME}-coordinator-0: image mine:1 has no /opt/alluxio/client")
        assert "give AlluxioCluster small one" in world.condition("Degraded")["message"]
        assert world.phase == "Degraded"


# --- volumes of the user where the client goes -----------------------------------------------------------------------

VOLUME: Json = {"volumes": [{"name": "alluxio-client", "emptyDir": {}}]}
FOLDER: Json = {
    "volumes": [{"name": "mine", "emptyDir": {}}],
    "volumeMounts": [{"name": "mine", "mountPath": "/var/lib/alluxio-client/x"}],
}


@pytest.mark.parametrize(("workers", "field"), [(VOLUME, "volumes[alluxio-client].name"), (FOLDER, "mountPath")])
def test_a_presto_of_an_older_operator_keeps_its_own_volume_there(
    monkeypatch: pytest.MonkeyPatch, workers: Json, field: str
):
    with monkeypatch.context() as patched:
        # An operator that had no volume for the client.
        patched.setattr(user_volumes, "client_problems", lambda _spec: ())
        patched.setattr(values, "client", lambda *_: None)
        world = with_cache(workers=workers)
    world.start_operator()

    world.settle()

    assert world.phase == "Ready"
    valid = world.condition("SpecValid")
    assert (valid["status"], valid["reason"]) == ("True", "Tolerated")
    assert field in valid["message"]
    assert "alluxio-client" not in inits(world), "Presto uses the client of its image"


@pytest.mark.parametrize("workers", [VOLUME, FOLDER])
def test_a_new_presto_with_such_a_volume_is_refused(workers: Json):
    world = World(resource(alluxio=REF, catalogs=[HIVE], workers=workers))

    world.reconcile()

    assert world.phase == "Invalid"


# --- an upgrade of the operator ------------------------------------------------------------------------------------


def made_by_an_older_operator(world: World) -> None:
    """Leave status and Deployments as an operator does that hashed only what a server reads, and took no client."""

    def forget(obj: Json) -> None:
        obj["status"].pop("hashBaseline")
        obj["status"].get("alluxio", {}).pop("clientImage", None)

    world.kube.edit("Presto", NAMESPACE, NAME, forget)
    presto = validate(world.kube.object("Presto", NAMESPACE, NAME), NOW)
    assert isinstance(presto, Presto)
    known = PrestoStatus.model_validate(world.status).alluxio
    older = context_of(presto, known, 1, baseline_of(context_of(presto, known, 1)))
    rendered = {one.obj["metadata"]["name"]: one.obj for one in RENDERER.render("presto", older)}
    for server in SERVERS:
        template = rendered[f"{NAME}-{server}"]["spec"]["template"]
        # Its templates had another text, too.
        template["spec"]["containers"][0]["args"] = ["as", "before"]

        def made(obj: Json, template: Json = template) -> None:
            obj["metadata"]["annotations"].pop(KEPT)
            obj["spec"]["template"] = template

        world.kube.edit("Deployment", NAMESPACE, f"{NAME}-{server}", made)


def test_an_upgrade_of_the_operator_replaces_no_server_and_the_next_change_does():
    resources = {"requests": {"cpu": "250m"}}
    over: Json = {"alluxio": REF, "catalogs": [HIVE], "workers": {"resources": resources}}
    world = with_cache(**over)
    made_by_an_older_operator(world)
    before = {server: world.deployment(server)["spec"]["template"] for server in SERVERS}

    world.start_operator()
    world.settle()
    world.settle()
    assert {server: world.deployment(server)["spec"]["template"] for server in SERVERS} == before

    world.edit_spec(**{**over, "workers": {"resources": {"requests": {"cpu": "500m"}}}})
    world.settle()
    for server in SERVERS:
        assert world.deployment(server)["spec"]["template"] != before[server], "both get the cluster's client"
    assert pod(world)["containers"][0]["resources"]["requests"]["cpu"] == "500m"
