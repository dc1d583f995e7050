"""What the API server itself refuses, and with which sentence; nothing is stored, so one namespace serves all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.stage import Answer, Api, Stage
from tests.support.builders import merged

from alluxio_operator.api.ufs import OWN_FOLDERS
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]


def submit(stage: Stage, body: Json) -> Answer:
    """Submit a resource as kubectl does, without storing it."""
    path = KINDS["AlluxioCluster"].path(stage.namespace)
    return stage.api.call("POST", path, body, dryRun="All", fieldValidation="Strict")


def test_the_resource_of_these_tests_is_accepted(shared: Stage):
    answer = submit(shared, shared.body())

    assert answer.status == 201, answer.message
    assert answer.warning == ""


def own(property_name: str) -> Json:
    return {"properties": {property_name: "x"}}


def tier(name: str = "SSD", quota: str = "1Gi", medium: str | None = None, **storage: Json) -> Json:
    """Return a spec's part with one tier."""
    given = {"name": name, "quota": quota, "storage": storage, **({"medium": medium} if medium else {})}
    return {"workers": {"tiers": [given]}}


LIMITS: list[tuple[str, Json, str]] = [
    ("unknown field", {"masterz": {}}, 'unknown field "spec.masterz"'),
    ("unknown field below", {"workers": {"tierz": []}}, 'unknown field "spec.workers.tierz"'),
    ("missing root mount", {"rootMount": None}, "spec.rootMount: Required value"),
    ("version", {"version": "3.0.0"}, 'Unsupported value: "3.0.0": supported values: "2.9.3", "2.9.4"'),
    ("number of masters", {"masters": {"replicas": 2}}, "spec.masters.replicas: Unsupported value: 2"),
    ("number of workers", {"workers": {"replicas": -1}}, "should be greater than or equal to 0"),
    ("too many workers", {"workers": {"replicas": 1001}}, "should be less than or equal to 1000"),
    ("quantity", {"workers": {"tiers": [{"quota": "lots"}]}}, "spec.workers.tiers[0].quota: Invalid value"),
    ("negative quantity", {"masters": {"jvm": {"heap": "-1Gi"}}}, "spec.masters.jvm.heap: Invalid value"),
    ("fraction as a number", {"masters": {"resources": {"requests": {"cpu": 0.5}}}}, "masters.resources.requests.cpu"),
    ("window without an end", {"upgrade": {"maintenanceWindow": {"start": "0 2 * * *"}}}, "durationMinutes: Required"),
    ("three fields", {"upgrade": {"maintenanceWindow": {"start": "0 2 *", "durationMinutes": 60}}}, "Window.start"),
    ("no worker at a time", {"upgrade": {"maxUnavailable": 0}}, "should be greater than or equal to 1"),
    ("no tier", {"workers": {"tiers": []}}, "should have at least 1 items"),
    ("two tiers of one name", {"workers": {"tiers": [{"name": "MEM"}, {"name": "MEM"}]}}, "tiers"),
    ("medium", {"workers": {"tiers": [{"medium": "RAM"}]}}, 'supported values: "MEM", "SSD", "HDD"'),
    ("tier", {"workers": {"tiers": [{"name": "NVME"}]}}, 'supported values: "MEM", "SSD", "HDD"'),
    ("folder of the node", tier(hostPath={"path": "/data"}), "tiers[0].storage.hostPath.path: Invalid value"),
    ("claim without a size", tier(claim={}), "spec.workers.tiers[0].storage.claim.size: Required value"),
    ("volume twice", {"masters": {"volumes": [{"name": "a"}, {"name": "a"}]}}, "Duplicate value"),
    ("mount at the root", {"masters": {"volumeMounts": [{"name": "a", "mountPath": "/"}]}}, "mountPath: Invalid"),
    ("no proxy", {"proxy": {"replicas": 0}}, "should be greater than or equal to 1"),
    ("mount option", {"fuse": {"options": ["allow_other,x"]}}, "spec.fuse.options[0]: Invalid value"),
    ("path of a mount", {"fuse": {"alluxioPath": "/a b"}}, "spec.fuse.alluxioPath: Invalid value"),
    ("privileged port", {"masters": {"ports": {"rpc": 80}}}, "should be greater than or equal to 1024"),
    ("port", {"masters": {"ports": {"rpc": 70000}}}, "should be less than or equal to 65535"),
    ("relative path", {"rootMount": {"uri": "mnt/ufs"}}, "spec.rootMount.uri: Invalid value"),
    ("bare word with a colon", {"rootMount": {"uri": "s3:bucket"}}, "spec.rootMount.uri: Invalid value"),
    ("path with dots", {"rootMount": {"uri": "/mnt/../etc"}}, "a path must not contain . or .. as a part"),
    ("the root", {"rootMount": {"uri": "/"}}, "spec.rootMount.uri: Invalid value"),
    ("option with a blank", {"masters": {"jvm": {"options": ["-Da=b c"]}}}, "masters.jvm.options[0]: Invalid value"),
    ("option of a shell", {"masters": {"jvm": {"options": ["-Da=$(id)"]}}}, "masters.jvm.options[0]: Invalid value"),
    ("variable", {"masters": {"env": [{"name": "A-B", "value": "x"}]}}, "spec.masters.env[0].name: Invalid value"),
    ("variable twice", {"masters": {"env": [{"name": "A"}, {"name": "A"}]}}, "Duplicate value"),
    ("image", {"image": {"repository": "Upper/Case"}}, "spec.image.repository: Invalid value"),
    ("tag", {"image": {"tag": "a b"}}, "spec.image.tag: Invalid value"),
    ("long property", {"properties": {"a": "x" * 4097}}, "spec.properties.a: Too long: may not be more than 4096"),
    ("many properties", {"properties": {f"p{i}": "" for i in range(257)}}, "must have at most 256 items"),
    ("type of service", {"service": {"type": "ExternalName"}}, "spec.service.type: Unsupported value"),
    ("grace", {"masters": {"terminationGracePeriodSeconds": 0}}, "should be greater than or equal to 1"),
    ("policy", {"deletionPolicy": "Orphan"}, 'supported values: "Retain", "Delete"'),
]  # fmt: skip


@pytest.mark.parametrize(("over", "said"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_what_is_out_of_bounds_is_refused(over: Json, said: str, shared: Stage):
    answer = submit(shared, shared.body(**over))

    assert answer.status in (400, 422), answer.body
    assert said in answer.message


NAMES = "property names may contain letters, digits, dots, dashes and underscores"
CREDENTIALS = "a spec must not hold credentials"
HEAP = "set heap and direct memory by jvm.heap and jvm.directMemory"
VOLUME = "give either claimName (an existing PVC) or size (a PVC to create): exactly one of them"
REPLICAS = "a DaemonSet runs one worker per node and has no replicas"
LABELS = "the operator sets the labels below app.kubernetes.io/ and alluxio-operator.io/"
ORDER = "list tiers from fast to slow: MEM, then SSD, then HDD"
ONE_STORAGE = "a tier has one storage: give only one of emptyDir, hostPath and claim"
QUOTA = "the quota of a tier can't be larger than its PVC"
ON_DISK = "a PVC can't hold a tier in memory: set medium to SSD or HDD, or use emptyDir instead of claim"
DOTS = "a path must not contain . or .. as a part"
NODE_PORTS = "a Service of type ClusterIP has no node ports"
CLASS = "only a Service of type LoadBalancer has a loadBalancerClass"
MOUNT_PATH = "the node or the container needs the folder above the mount"
TIER = "spec.workers.tiers[0]"
ONE_SOURCE = (
    "give either spec.bootstrap.restore.backupName, spec.bootstrap.restore.uri or spec.bootstrap.restore.volume: "
    "exactly one of them"
)
IN_VOLUME = {"claimName": "exported", "path": "a.gz"}
COUNT = "spec.bootstrap.restore.expectedEntries belongs to uri"
DOTS_IN_URI = "spec.bootstrap.restore.uri must not contain . or .. as a part"


def restores(**given: object) -> Json:
    return {"bootstrap": {"restore": given}}


RULES: list[tuple[str, Json, str, str]] = [
    ("replicas of a DaemonSet", {"workers": {"workload": "DaemonSet"}}, "spec.workers.replicas", REPLICAS),
    ("claim and size", {"rootMount": {"volume": {"claimName": "x"}}}, "spec.rootMount.volume", VOLUME),
    ("neither claim nor size", {"rootMount": {"volume": {"size": None}}}, "spec.rootMount.volume", VOLUME),
    ("restore of nothing", restores(), "spec.bootstrap.restore", ONE_SOURCE),
    ("two sources", restores(backupName="a", uri="/mnt/ufs/a.gz"), "spec.bootstrap.restore", ONE_SOURCE),
    ("a volume and a uri", restores(volume=IN_VOLUME, uri="/mnt/ufs/a.gz"), "spec.bootstrap.restore", ONE_SOURCE),
    (
        "path that leaves the volume",
        restores(volume={**IN_VOLUME, "path": "a/../b"}),
        "spec.bootstrap.restore.volume.path",
        "spec.bootstrap.restore.volume.path: Invalid value: \"object\": path must not contain . or .. as a part",
    ),
    (
        "number of a backup",
        restores(backupName="a", expectedEntries=3),
        "spec.bootstrap.restore.expectedEntries",
        COUNT,
    ),
    ("dots in a file", restores(uri="/mnt/ufs/../a.gz"), "spec.bootstrap.restore.uri", DOTS_IN_URI),
    ("property with a blank", own("a b"), "spec.properties", NAMES),
    ("property that begins with a dot", {"masters": own(".a")}, "spec.masters.properties", NAMES),
    ("empty property", {"workers": own("")}, "spec.workers.properties", NAMES),
    ("long property name", {"logServer": own("a" * 257)}, "spec.logServer.properties", NAMES),
    ("label of ours", {"masters": {"podLabels": {"app.kubernetes.io/name": "x"}}}, "spec.masters.podLabels", LABELS),
    ("owner's label", {"workers": {"podLabels": {"alluxio-operator.io/owner": "x"}}}, "spec.workers.podLabels", LABELS),
    *(
        (f"credential {name}", own(name), "spec.properties", CREDENTIALS)
        for name in (
            "s3a.accessKeyId", "s3a.secretKey", "aws.accessKeyId", "aws.secretKey", "fs.oss.accessKeyId",
            "fs.oss.accessKeySecret", "fs.gcs.accessKeyId", "fs.gcs.secretAccessKey", "fs.cos.secret.key",
            "fs.azure.account.key.x.blob.core.windows.net", "alluxio.underfs.option.aws.secretKey",
            "alluxio.network.tls.keystore.password",
        )
    ),
    (
        "credential as an option",
        {"workers": {"jvm": {"options": ["-Daws.secretKey=x"]}}},
        "spec.workers.jvm.options",
        CREDENTIALS,
    ),
    ("credential of a role", {"workers": own("aws.secretKey")}, "spec.workers.properties", CREDENTIALS),
    *(
        (f"option {option}", {"workers": {"jvm": {"options": [option]}}}, "spec.workers.jvm.options", HEAP)
        for option in ("-Xmx1g", "-Xms1g", "-XX:MaxDirectMemorySize=1g", "-XX:MaxHeapSize=1g", "-XX:InitialHeapSize=1g")
    ),
    *(
        (f"root mount {path}", {"rootMount": {"uri": path}}, "spec.rootMount.uri", "the containers need")
        for path in (*OWN_FOLDERS, "/journal/below", "/opt", "/etc", "/tiers/mem/x")
    ),
    ("order of tiers", {"workers": {"tiers": [{"name": "HDD"}, {"name": "SSD"}]}}, "spec.workers.tiers", ORDER),
    ("two storages", tier(emptyDir={}, claim={"size": "1Gi"}), f"{TIER}.storage", ONE_STORAGE),
    ("quota beyond the claim", tier(quota="1025Mi", claim={"size": "1Gi"}), f"{TIER}.quota", QUOTA),
    ("quota as a number", tier(quota="1073741825", claim={"size": 1073741824}), f"{TIER}.quota", QUOTA),
    ("claim in memory", tier(name="MEM", claim={"size": "1Gi"}), f"{TIER}.storage", ON_DISK),
    ("claim as memory", tier(medium="MEM", claim={"size": "1Gi"}), f"{TIER}.storage", ON_DISK),
    ("folder with dots", tier(hostPath={"path": "/data/../etc"}), f"{TIER}.storage.hostPath.path", DOTS),
    ("ports of nodes", {"service": {"nodePorts": {"rpc": 30998}}}, "spec.service.nodePorts", NODE_PORTS),
    ("ports of nodes of the proxy", {"proxy": {"service": {"nodePorts": {"web": 1}}}}, "spec.proxy.service.nodePorts",
     NODE_PORTS),
    ("class without a balancer", {"service": {"type": "NodePort", "loadBalancerClass": "a/b"}},
     "spec.service.loadBalancerClass", CLASS),
    ("one port for two", {"service": {"type": "NodePort", "nodePorts": {"rpc": 31000, "web": 31000}}},
     "spec.service.nodePorts", "rpc and web need different ports"),
    ("sources' names", {"fuse": {"options": ["fsname=x"]}}, "spec.fuse.options", "Alluxio sets fsname and subtype"),
    *(
        (f"mount at {path}", {"fuse": {"mountPath": path}}, "spec.fuse.mountPath", MOUNT_PATH)
        for path in ("/var/lake", "/var/lib/lake", "/opt/lake", "/home/alice", "/usr/share/lake", "/proc/1/root/x",
                     "/opt/alluxio/conf/x", "/tmp/lake", "/etc/alluxio/x")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("over", "field", "said"), [case[1:] for case in RULES], ids=[case[0] for case in RULES])
def test_what_contradicts_itself_is_refused_with_a_sentence(over: Json, field: str, said: str, shared: Stage):
    answer = submit(shared, shared.body(**over))

    assert answer.status == 422, answer.body
    assert said in answer.message
    assert field in [cause["field"] for cause in answer.body["details"]["causes"]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a" * 41, "metadata.name is longer than 40 characters"),
        ("1st", "metadata.name must start with a letter"),
        ("with.dots", "metadata.name must start with a letter"),
        ("-dash", "Invalid value"),
    ],
)
def test_a_name_that_leads_to_illegal_names_is_refused(name: str, said: str, shared: Stage):
    body = shared.body()
    body["metadata"]["name"] = name

    answer = submit(shared, body)

    assert answer.status == 422
    assert said in answer.message


def test_the_longest_name_is_accepted(shared: Stage):
    body = shared.body()
    body["metadata"]["name"] = "a" * 40

    assert submit(shared, body).status == 201


# --- what can't be changed ----------------------------------------------------------------------------------------

WORKLOAD = "spec.workers.workload can't be changed"
CLASS_OF_JOURNAL = "spec.masters.journal.storage.storageClassName can't be changed"
SMALLER_JOURNAL = "spec.masters.journal.storage.size can't be smaller than the volume"
MEMBERS = "spec.masters.ports.embeddedJournal can't be changed"
MOUNT = "spec.rootMount.uri and spec.rootMount.volume can't be changed"
CLASS_OF_LOGS = "spec.logServer.storage.storageClassName can't be changed while the log server is enabled"
SMALLER_LOGS = "spec.logServer.storage.size can't be smaller than the volume"
SMALLER_MOUNT = "spec.rootMount.volume.size can't be smaller than the volume"
RESTORE = "spec.bootstrap.restore can be removed, but neither added nor changed"
CHANGES: list[tuple[str, Json, str]] = [
    ("restore that is added", restores(backupName="a"), RESTORE),
    ("workload", {"workers": {"workload": "DaemonSet", "replicas": None}}, WORKLOAD),
    ("workload left out", {"workers": {"workload": None, "replicas": None}}, WORKLOAD),
    ("workers left out", {"workers": None}, WORKLOAD),
    ("size of the journal", {"masters": {"journal": {"storage": {"size": "2047Mi"}}}}, SMALLER_JOURNAL),
    ("size as a number", {"masters": {"journal": {"storage": {"size": 2147483647}}}}, SMALLER_JOURNAL),
    ("class of the journal", {"masters": {"journal": {"storage": {"storageClassName": "other"}}}}, CLASS_OF_JOURNAL),
    ("journal left out", {"masters": {"journal": None}}, SMALLER_JOURNAL),
    ("masters left out", {"masters": None}, SMALLER_JOURNAL),
    ("port of the journal", {"masters": {"ports": {"embeddedJournal": 19201}}}, MEMBERS),
    ("path", {"rootMount": {"uri": "/mnt/other"}}, MOUNT),
    ("volume", {"rootMount": {"volume": {"size": None, "claimName": "mine"}}}, MOUNT),
    ("size of the root mount", {"rootMount": {"volume": {"size": "900Mi"}}}, SMALLER_MOUNT),
    ("class of the root mount", {"rootMount": {"volume": {"storageClassName": "other"}}}, MOUNT),
    ("modes of the root mount", {"rootMount": {"volume": {"accessModes": ["ReadWriteMany"]}}}, MOUNT),
    ("volume of the logs", {"logServer": {"storage": {"size": "900Mi"}}}, SMALLER_LOGS),
    ("class of the logs", {"logServer": {"storage": {"storageClassName": "other"}}}, CLASS_OF_LOGS),
]  # fmt: skip


@pytest.mark.parametrize(
    ("restore", "status"),
    [({"backupName": "b"}, 422), ({"backupName": None, "uri": "/mnt/ufs/a.gz"}, 422), (None, 200)],
    ids=["another", "a file", "removed"],
)
def test_a_restore_can_be_removed_and_not_changed(
    restore: Json | None, status: int, api: Api, new_namespace: Callable[[], str]
):
    stage = Stage(api, new_namespace())
    stage.create(**restores(backupName="a"))

    answer = stage.api.merge(stage.path, {"spec": {"bootstrap": {"restore": restore}}}, dryRun="All")

    assert answer.status == status, answer.body
    assert status == 200 or RESTORE in answer.message


@pytest.mark.parametrize(
    ("paused", "change", "status"),
    [
        (True, {"expectedEntries": 7}, 200),
        (False, {"expectedEntries": 7}, 422),
        (True, {"expectedEntries": 7, "volume": {"path": "another.gz"}}, 422),
    ],
)
def test_a_paused_cluster_can_get_the_number_of_entries_to_restore(
    paused: bool, change: Json, status: int, api: Api, new_namespace: Callable[[], str]
):
    """So a drill starts its cluster, once the copy is counted."""
    stage = Stage(api, new_namespace())
    stage.create(**restores(volume={"claimName": "copy", "path": "restore.gz"}), paused=paused)
    body = {"spec": {"paused": False, "bootstrap": {"restore": change}}}

    answer = stage.api.merge(stage.path, body, dryRun="All")

    assert answer.status == status, answer.body
    assert status == 200 or RESTORE in answer.message


KEPT = "a tier on a PVC or hostPath can't be removed or moved"
SMALLER_CLAIM = "storage.claim.size of a tier can't be smaller than its volumes"
SMALLER_QUOTA = "the quota of a tier on a PVC or hostPath can't be lowered"
CLAIMS = "an existing StatefulSet can't get a new PVC template"
BALANCER = "loadBalancerClass can't be changed while the Service is a LoadBalancer"
MEM: Json = {"name": "MEM", "quota": "1Gi"}
SSD: Json = {"name": "SSD", "quota": "5Gi", "storage": {"claim": {"size": "10Gi", "storageClassName": "fast"}}}
HDD: Json = {"name": "HDD", "quota": "1Ti", "storage": {"hostPath": {"path": "/data/alluxio"}}}


def tiers(*given: Json) -> Json:
    return {"workers": {"tiers": list(given)}}


CHANGES_OF_TIERS: list[tuple[str, Json, str]] = [
    ("claim left out", tiers(MEM, HDD), KEPT),
    ("folder left out", tiers(MEM, SSD), KEPT),
    ("tiers left out", {"workers": {"tiers": None}}, KEPT),
    ("size of the claim", tiers(MEM, merged(SSD, {"storage": {"claim": {"size": "9Gi"}}}), HDD), SMALLER_CLAIM),
    ("mode of the claim", tiers(MEM, merged(SSD, {"storage": {"claim": {"accessMode": "ReadWriteMany"}}}), HDD), KEPT),
    ("class of the claim", tiers(MEM, merged(SSD, {"storage": {"claim": {"storageClassName": None}}}), HDD), KEPT),
    ("claim becomes a folder", tiers(MEM, {**SSD, "storage": HDD["storage"]}, HDD), KEPT),
    ("another folder", tiers(MEM, SSD, merged(HDD, {"storage": {"hostPath": {"path": "/data/other"}}})), KEPT),
    ("smaller on a claim", tiers(MEM, {**SSD, "quota": "4Gi"}, HDD), SMALLER_QUOTA),
    ("smaller on a folder", tiers(MEM, SSD, {**HDD, "quota": "1023Gi"}), SMALLER_QUOTA),
    ("class of the balancer", {"service": {"loadBalancerClass": "example.com/b"}}, BALANCER),
    ("class left out", {"service": {"loadBalancerClass": None}}, BALANCER),
    ("class of the proxy's", {"proxy": {"service": {"loadBalancerClass": "example.com/b"}}}, BALANCER),
]  # fmt: skip


@pytest.fixture(scope="module")
def tiered(api: Api, new_namespace: Callable[[], str]) -> Stage:
    """A resource with three tiers, and Services that have a class or none."""
    stage = Stage(api, new_namespace())
    balancer = {"type": "LoadBalancer", "loadBalancerClass": "example.com/a"}
    stage.create(**tiers(MEM, SSD, HDD), service=balancer, proxy={"service": {"type": "LoadBalancer"}})
    return stage


@pytest.mark.parametrize(
    ("over", "said"), [case[1:] for case in CHANGES_OF_TIERS], ids=[case[0] for case in CHANGES_OF_TIERS]
)
def test_what_would_drop_blocks_or_what_kubernetes_refuses_cannot_be_changed(over: Json, said: str, tiered: Stage):
    answer = tiered.api.merge(tiered.path, {"spec": over}, dryRun="All")

    assert answer.status == 422, answer.body
    assert said in answer.message


@pytest.mark.parametrize(
    "over",
    [
        tiers({**MEM, "quota": "512Mi"}, SSD, HDD),
        tiers(SSD, HDD),
        tiers(MEM, {**SSD, "quota": "10Gi"}, {**HDD, "quota": "2Ti"}),
        tiers(MEM, merged(SSD, {"quota": "20Gi", "storage": {"claim": {"size": "20Gi"}}}), HDD),
        {"service": {"type": "ClusterIP", "loadBalancerClass": None}},
        {"service": {"type": "NodePort", "loadBalancerClass": None, "nodePorts": {"rpc": 31000}}},
    ],
    ids=["memory may shrink", "memory may go", "quotas may grow", "claims may grow", "to ClusterIP", "to NodePort"],
)
def test_tiers_and_services_may_change_where_nothing_is_lost(over: Json, tiered: Stage):
    answer = tiered.api.merge(tiered.path, {"spec": over}, dryRun="All", fieldValidation="Strict")

    assert answer.status == 200, answer.message


def test_a_statefulset_gets_no_further_claims(stored: Stage):
    further = stored.api.merge(stored.path, {"spec": tiers(MEM, SSD)}, dryRun="All")
    folder = stored.api.merge(stored.path, {"spec": tiers(MEM, HDD)}, dryRun="All")

    assert further.status == 422
    assert CLAIMS in further.message
    assert folder.status == 200, folder.message


@pytest.fixture(scope="module")
def stored(shared: Stage) -> Stage:
    """A resource whose every unchangeable field has a value of its own."""
    shared.create(masters={"journal": {"storage": {"size": "2Gi"}}}, rootMount={"uri": "/mnt/one"})
    return shared


@pytest.mark.parametrize(("over", "said"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_what_the_volumes_and_the_cache_depend_on_cannot_be_changed(over: Json, said: str, stored: Stage):
    answer = stored.api.merge(stored.path, {"spec": over}, dryRun="All")

    assert answer.status == 422, answer.body
    assert said in answer.message


@pytest.mark.parametrize(
    "over",
    [
        {"workers": {"replicas": 7}},
        {"masters": {"replicas": 0}},
        {"version": "2.9.3"},
        {"logServer": {"enabled": False, "storage": {"size": "9Gi"}}},
        {"masters": {"jvm": {"heap": "2Gi"}}},
        {"deletionPolicy": "Delete"},
        {"service": {"type": "LoadBalancer"}},
    ],
)
def test_everything_else_can(over: Json, stored: Stage):
    answer = stored.api.merge(stored.path, {"spec": over}, dryRun="All", fieldValidation="Strict")

    assert answer.status == 200, answer.message


def test_leaving_the_spec_out_is_no_way_around_it(stored: Stage):
    body = merged(stored.resource, {"spec": {"masters": None, "workers": None}})

    answer = stored.api.call("PUT", stored.path, body, dryRun="All")

    assert answer.status == 422
    assert WORKLOAD in answer.message
    assert SMALLER_JOURNAL in answer.message


@pytest.mark.parametrize("replicas", [1, 5])
def test_the_number_of_masters_can_change_while_they_run(replicas: int, stage: Stage):
    stage.create(masters={"replicas": 3})
    stage.reconcile()

    answer = stage.api.merge(stage.path, {"spec": {"masters": {"replicas": replicas}}}, dryRun="All")

    assert answer.status == 200, answer.message


@pytest.mark.parametrize("replicas", [2, 4, 7])
def test_no_other_number_of_masters_is_one_of_a_quorum(replicas: int, stage: Stage):
    stage.create(masters={"replicas": 3})

    answer = stage.api.merge(stage.path, {"spec": {"masters": {"replicas": replicas}}}, dryRun="All")

    assert answer.status == 422
    assert "spec.masters.replicas" in answer.message


def test_masters_cannot_be_stopped_in_the_middle_of_a_change(stage: Stage):
    body = stage.create(masters={"replicas": 3})
    change = {"to": 3, "members": 2, "state": "Joining", "operation": "m1", "since": "2030-01-01T00:00:00Z"}
    journal = {"state": "Initialized", "operation": "by-hand", "members": 1, "hosts": "Service", "change": change}
    stage.api.call("PUT", f"{stage.path}/status", {**body, "status": {"journal": journal}}, ok=True)

    stopped = stage.api.merge(stage.path, {"spec": {"masters": {"replicas": 0}}}, dryRun="All")
    taken_back = stage.api.merge(stage.path, {"spec": {"masters": {"replicas": 1}}}, dryRun="All")

    assert stopped.status == 422
    assert "can't be set to 0 while the number of masters changes" in stopped.message
    assert taken_back.status == 200, taken_back.message


@pytest.mark.parametrize(("replicas", "status"), [(3, 200), (0, 200), (1, 422), (5, 422)])
def test_after_zero_only_the_number_that_the_journal_was_made_for_comes_back(replicas: int, status: int, stage: Stage):
    stage.create(masters={"replicas": 3})
    stage.reconcile()
    assert stage.status["journal"]["members"] == 3
    stage.edit(masters={"replicas": 0})

    answer = stage.api.merge(stage.path, {"spec": {"masters": {"replicas": replicas}}}, dryRun="All")

    assert answer.status == status, answer.message
    if status == 422:
        assert "the number of masters that the journal has" in answer.message


def test_a_status_is_never_refused_for_the_number_of_masters(stage: Stage):
    # As it could be after the rule came to resources that are there already.
    body = stage.create(masters={"replicas": 1})
    journal = {"state": "Initialized", "operation": "by-hand", "members": 3}

    answer = stage.api.call("PUT", f"{stage.path}/status", {**body, "status": {"journal": journal}})

    assert answer.status == 200, answer.message


def test_defaults_are_stored_so_that_what_runs_can_be_read(stored: Stage):
    spec = stored.resource["spec"]

    assert spec["jobService"]["worker"]["ports"] == {"rpc": 30001, "data": 30002, "web": 30003}
    assert spec["workers"]["tiers"] == [{"name": "MEM", "quota": "1Gi", "storage": {}}]
    assert spec["deletionPolicy"] == "Retain"
