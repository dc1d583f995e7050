"""Kinds that a server-side apply alone doesn't bring to what is rendered."""

from __future__ import annotations

import pytest
from tests.support.applier import NS, Applier, Json, scope, wanted
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.apply import compare
from alluxio_operator.engine.render import Manifest
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS, Ref


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def applier(kube: FakeKube) -> Applier:
    return Applier(kube)


# --- Jobs can't be changed, only recreated ------------------------------------------------------------------------


def job(image: str) -> Manifest:
    return wanted("Job", "once", spec={"template": {"image": image}})


def test_a_job_whose_template_changed_is_recreated_under_its_name(applier: Applier, kube: FakeKube):
    applier(job("no-such-image"))
    before = applier.live(job(""))["metadata"]["uid"]

    applied = applier(job("right-image"))

    assert applied.refused == {}
    assert applied.changed == [Ref("Job", "once")]
    live = applier.live(job(""))
    assert live["spec"]["template"] == {"image": "right-image"}
    assert live["metadata"]["uid"] != before
    assert kube.of_kind("Job") == ["once"]


def test_a_job_that_is_refused_for_another_reason_is_left_alone(applier: Applier, kube: FakeKube):
    applier(job("one"))
    before = applier.live(job(""))

    def refuse(verb: str, path: str) -> None:
        if verb == "apply":
            raise Refused("PATCH", 403, "exceeded quota")

    kube.before_call = refuse
    applied = applier(job("two"))

    assert applied.refused == {Ref("Job", "once"): "Job once was refused: exceeded quota"}
    assert applier.live(job("")) == before


def test_a_claim_that_cannot_be_changed_is_never_recreated(applier: Applier, kube: FakeKube):
    applier(wanted("PersistentVolumeClaim", "data", spec={"accessModes": ["ReadWriteOnce"]}))

    applied = applier(wanted("PersistentVolumeClaim", "data", spec={"accessModes": ["ReadWriteMany"]}))

    assert "immutable" in applied.refused[Ref("PersistentVolumeClaim", "data")]
    assert ("delete", KINDS["PersistentVolumeClaim"].path(NS, "data")) not in kube.calls


def sized(size: str, kind: str = "PersistentVolumeClaim", **labels: str) -> Manifest:
    made = wanted(kind, "data", spec={"resources": {"requests": {"storage": size}}})
    made.obj["metadata"]["labels"] |= labels  # type: ignore[index]
    return made


@pytest.mark.parametrize("size", ["1Gi", "3Gi"])
def test_an_apply_never_changes_the_size_of_a_claim_and_all_else_of_it(size: str, applier: Applier, kube: FakeKube):
    applier(sized("2Gi"))

    applied = applier(sized(size, more="1"), wanted())

    assert applied.refused == {}
    assert applier.live(sized("2Gi"))["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert applier.live(sized("2Gi"))["metadata"]["labels"]["more"] == "1"


def test_a_comparison_holds_a_claim_that_is_to_be_larger_and_no_other(applier: Applier, kube: FakeKube):
    applier(sized("2Gi"))

    def held(size: str) -> list[Ref]:
        return compare(scope(kube), [sized(size)], {}).held

    assert [held(size) for size in ("1Gi", "2Gi", "3Gi")] == [[], [], [sized("3Gi").ref]]


def set_with(size: str) -> Manifest:
    template = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": size}}}}
    return wanted("StatefulSet", "s", spec={"volumeClaimTemplates": [template]})


def test_only_what_is_on_record_is_recreated(applier: Applier, kube: FakeKube):
    applier(set_with("1Gi"))
    uid = applier.live(set_with("1Gi"))["metadata"]["uid"]

    assert applier(set_with("2Gi")).refused
    assert applier(set_with("2Gi"), recreate={set_with("2Gi").ref: "another"}).refused
    assert applier.live(set_with("1Gi"))["metadata"]["uid"] == uid

    applied = applier(set_with("2Gi"), wanted(), recreate={set_with("2Gi").ref: uid})

    assert (applied.refused, applied.changed) == ({}, [set_with("2Gi").ref])
    assert applier.live(set_with("2Gi"))["metadata"]["uid"] != uid


def test_what_is_somebody_elses_isnt_recreated(applier: Applier, kube: FakeKube):
    theirs = kube.put({**set_with("1Gi").obj, "metadata": {"name": "s", "namespace": NS}})

    applied = applier(set_with("2Gi"), recreate={set_with("2Gi").ref: theirs["metadata"]["uid"]})

    assert "doesn't belong to this resource" in applied.refused[set_with("2Gi").ref]
    assert all(verb != "delete" for verb, _ in kube.calls)


def test_what_is_not_gone_yet_holds_up_nothing_and_is_deleted_once(applier: Applier, kube: FakeKube):
    applier(set_with("1Gi"))
    uid = applier.live(set_with("1Gi"))["metadata"]["uid"]

    def stays(path: str) -> bool:
        kube.objects[path]["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
        return True

    kube.orphaned = stays
    recreate = {set_with("2Gi").ref: uid}
    for _ in range(2):
        applied = applier(set_with("2Gi"), wanted(), recreate=recreate)
        assert (applied.refused, applied.present) == ({}, [wanted().ref])
        assert applied.live[set_with("2Gi").ref]["metadata"]["uid"] == uid, "its pods are told of as before"
    assert [verb for verb, path in kube.calls if path.endswith("/s")].count("delete") == 1

    kube.remove(KINDS["StatefulSet"].path(NS, "s"))
    assert applier(set_with("2Gi"), recreate=recreate).created == [set_with("2Gi").ref]


# --- Services -----------------------------------------------------------------------------------------------------


def service(port: int) -> Manifest:
    return wanted("Service", "client", spec={"ports": [{"name": "rpc", "port": port}, {"name": "web", "port": 19999}]})


def refuse_once(kube: FakeKube) -> None:
    """Refuse the next apply, as the API server does for two ports of one name."""
    said = iter([Refused("PATCH", 422, 'spec.ports[2].name: Duplicate value: "rpc"')])

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and (error := next(said, None)):
            raise error

    kube.before_call = refuse


def test_renumbered_ports_are_replaced_as_a_whole_and_keep_their_node_ports(
    applier: Applier, kube: FakeKube, monkeypatch: pytest.MonkeyPatch
):
    patches: list[Json] = []
    merge = kube.merge
    monkeypatch.setattr(kube, "merge", lambda path, patch: (patches.append(patch), merge(path, patch))[1])
    applier(service(19998))
    drifted = [{"name": "rpc", "port": 1, "nodePort": 30001}, {"name": "web", "port": 19999}]
    applier.edit(service(19998), lambda obj: obj["spec"].update(ports=drifted))
    refuse_once(kube)

    applied = applier(service(19998), children=[service(19998).ref])

    assert applied.refused == {}
    assert [verb for verb, _ in kube.calls][-3:] == ["apply", "merge", "apply"]
    rpc, web = {"name": "rpc", "port": 19998, "nodePort": 30001}, {"name": "web", "port": 19999}
    assert patches == [{"spec": {"ports": [rpc, web]}}]


def test_a_kind_without_a_remedy_keeps_its_refusal(applier: Applier, kube: FakeKube):
    applier(wanted(data={"x": "1"}))
    refuse_once(kube)

    applied = applier(wanted(data={"x": "2"}))

    assert list(applied.refused) == [wanted().ref]
    assert [verb for verb, _ in kube.calls][-1] == "apply"


def test_only_kinds_that_need_it_are_recreated(applier: Applier, kube: FakeKube):
    applier(wanted(data={"x": "1"}))
    uid = applier.live(wanted())["metadata"]["uid"]

    applier(wanted(data={"x": "2"}), recreate={wanted().ref: uid})

    assert applier.live(wanted())["metadata"]["uid"] == uid
