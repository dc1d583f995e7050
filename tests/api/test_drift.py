"""What others change: put right where it is ours, left alone where it isn't."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.stage import Stage, until
from tests.support.builders import merged

from alluxio_operator.kube.kinds import Ref
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]

JOURNAL = "journal-small-master-0"


def same(one: Json, other: Json) -> bool:
    """Tell whether two versions of an object say the same, but for the server's bookkeeping and the status."""

    def plain(obj: Json) -> Json:
        dropped = ("resourceVersion", "generation", "managedFields", "uid", "creationTimestamp")
        meta = {key: value for key, value in obj["metadata"].items() if key not in dropped}
        annotations = {k: v for k, v in meta.get("annotations", {}).items() if k != "deployment.kubernetes.io/revision"}
        meta["annotations"] = annotations
        return {key: value for key, value in {**obj, "metadata": meta}.items() if key != "status"}

    return plain(one) == plain(other)


def container(**fields: Any) -> Callable[[Json], Json]:
    """Return a patch of a workload's first container: a merge patch replaces lists as a whole."""

    def patch(live: Json) -> Json:
        containers = list(live["spec"]["template"]["spec"]["containers"])
        containers[0] = {**containers[0], **fields}
        return {"spec": {"template": {"spec": {"containers": containers}}}}

    return patch


def port(**fields: Any) -> Callable[[Json], Json]:
    def patch(live: Json) -> Json:
        ports = list(live["spec"]["ports"])
        ports[0] = {**ports[0], **fields}
        return {"spec": {"ports": ports}}

    return patch


def says(**patch: Any) -> Callable[[Json], Json]:
    return lambda live: patch


NO_COMPONENT = {"metadata": {"labels": {"app.kubernetes.io/component": None}}}
DRIFTS: list[tuple[str, str, Callable[[Json], Json]]] = [
    ("ConfigMap", "masterconf", says(data={"alluxio-site.properties": "alluxio.master.rpc.port=1"})),
    ("ConfigMap", "jvm", says(data={"worker": None})),
    ("ConfigMap", "client", says(metadata={"ownerReferences": None})),
    ("Service", "client", port(port=12345)),
    ("Service", "client", says(spec={"selector": {"app.kubernetes.io/component": "worker"}})),
    ("Service", "master", says(spec={"publishNotReadyAddresses": False})),
    ("Service", "worker", says(**NO_COMPONENT)),
    ("ServiceAccount", "small", says(automountServiceAccountToken=True)),
    ("StatefulSet", "worker", says(spec={"replicas": 4})),
    ("StatefulSet", "master", container(image="other:1")),
    ("StatefulSet", "jobmaster", says(**NO_COMPONENT)),
    ("StatefulSet", "jobmaster", says(metadata={"ownerReferences": None})),
    ("Deployment", "logserver", container(args=["something-else"])),
    ("Deployment", "logserver", says(spec={"replicas": 0})),
    ("PersistentVolumeClaim", JOURNAL, says(metadata={"annotations": {"alluxio-operator.io/journal": None}})),
    ("PersistentVolumeClaim", "ufs", says(**NO_COMPONENT)),
]


@pytest.mark.parametrize(("kind", "suffix", "change"), DRIFTS, ids=lambda value: getattr(value, "__name__", value))
def test_drift_is_put_right(kind: str, suffix: str, change: Callable[[Json], Json], installed: Stage):
    before = installed.get(kind, suffix)
    answer = installed.api.merge(installed.at(kind, suffix), change(before))
    assert answer.status == 200, answer.message
    assert not same(before, answer.body), "the change is one"

    outcome = installed.reconcile(Ref(kind, before["metadata"]["name"]))

    assert outcome.changed
    assert same(before, installed.get(kind, suffix))


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("ConfigMap", "masterconf"), ("Service", "client"), ("ServiceAccount", "small"), ("Deployment", "logserver")],
)
def test_what_was_deleted_comes_back(kind: str, suffix: str, installed: Stage):
    before = installed.get(kind, suffix)
    installed.api.call("DELETE", installed.at(kind, suffix), ok=True)

    installed.reconcile(Ref(kind, before["metadata"]["name"]))

    after = installed.get(kind, suffix)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert after["metadata"]["ownerReferences"] == before["metadata"]["ownerReferences"]


OTHERS: list[tuple[str, str, Json]] = [
    ("ConfigMap", "masterconf", {"data": {"theirs.properties": "x=1"}, "metadata": {"labels": {"team": "blue"}}}),
    ("Service", "client", {"metadata": {"annotations": {"theirs": "1"}, "labels": {"team": "blue"}}}),
    ("Service", "client", {"spec": {"sessionAffinity": "ClientIP"}}),
    ("ServiceAccount", "small", {"metadata": {"annotations": {"theirs": "1"}}}),
    (
        "StatefulSet",
        "worker",
        {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2030-01-01"}}}}},
    ),
    ("StatefulSet", "master", {"metadata": {"labels": {"team": "blue"}}, "spec": {"revisionHistoryLimit": 3}}),
    ("PersistentVolumeClaim", "ufs", {"metadata": {"annotations": {"theirs": "1"}}}),
]


@pytest.mark.parametrize(("kind", "suffix", "patch"), OTHERS)
def test_fields_and_labels_of_others_survive_a_repair(kind: str, suffix: str, patch: Json, installed: Stage):
    spoilt = {"metadata": {"labels": {"app.kubernetes.io/component": "spoilt"}}}
    theirs = installed.api.merge(installed.at(kind, suffix), merged(patch, spoilt))
    assert theirs.status == 200, theirs.message
    name = theirs.body["metadata"]["name"]

    assert installed.reconcile(Ref(kind, name)).changed

    after = installed.get(kind, suffix)
    assert after["metadata"]["labels"]["app.kubernetes.io/component"] != "spoilt"
    assert merged(after, patch) == after, "what they set is still there"


def test_a_role_that_is_switched_off_is_pruned_and_its_claim_stays(stage: Stage):
    stage.create()
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    assert {"StatefulSet/small-jobmaster", "Deployment/small-logserver"} <= set(stage.refs())

    stage.edit(jobService={"enabled": False}, logServer={"enabled": False})
    stage.reconcile()

    # The journal's Job is done and goes by its time to live.
    left = {ref for ref in stage.refs() if not ref.startswith("Job/")}
    assert not {ref for ref in left if "jobmaster" in ref or "jobworker" in ref or "logserver" in ref}
    assert "PersistentVolumeClaim/small-logs" in left
    assert {"StatefulSet/small-master", "StatefulSet/small-worker", "Service/small-master"} <= left
    recorded = {f"{item['kind']}/{item['name']}" for item in stage.status["inventory"]}
    # No master serves here, so what is for clients is on record only.
    clients = {"ConfigMap/small-client", "Service/small-client"}
    assert (left - {"PersistentVolumeClaim/small-logs"}) | clients == recorded
    assert "Pruned" in stage.events()
    until(lambda: not [p for p in stage.pods() if p["metadata"]["name"].startswith(("small-job", "small-log"))])

    stage.edit(logServer={"enabled": True})
    stage.reconcile()
    assert "Deployment/small-logserver" in stage.refs(), "and it comes back, over the claim that stayed"


def test_what_somebody_made_ours_by_name_only_is_not_pruned(stage: Stage):
    stage.create(logServer={"enabled": False})
    stage.reconcile()
    path = stage.at("ConfigMap", "jobmasterconf")
    stage.api.merge(path, {"metadata": {"labels": {"alluxio-operator.io/owner": "another"}}})

    stage.edit(jobService={"enabled": False})
    stage.reconcile()

    assert stage.api.call("GET", path).status == 200
    assert "ConfigMap/small-jobworkerconf" not in stage.refs()


def test_drift_that_no_event_told_of_is_found_by_metadata_alone(installed: Stage):
    installed.reconcile(everything=True)
    assert list(installed.reconciler.drifted([installed.namespace])) == []
    conf, worker = installed.at("ConfigMap", "workerconf"), installed.at("StatefulSet", "worker")
    before = installed.get("ConfigMap", "workerconf")["data"]
    installed.api.merge(conf, {"data": {"alluxio-site.properties": "spoilt=true"}})
    installed.api.merge(worker, {"metadata": {"labels": {"app.kubernetes.io/component": "spoilt"}}})

    [request] = installed.reconciler.drifted([installed.namespace])

    assert {child.name for child in request.children} == {"small-workerconf", "small-worker"}
    installed.reconciler(request, Deadline.after(30))
    assert list(installed.reconciler.drifted([installed.namespace])) == []
    assert installed.get("ConfigMap", "workerconf")["data"] == before
