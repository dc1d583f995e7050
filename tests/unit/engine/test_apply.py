"""Apply against an API server in memory: what is written, what is left alone, what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.applier import LABELS, NS, OWNED_BY, OWNER, Applier, Json, data_edited, wanted
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.rules import ApplyRules
from alluxio_operator.kube.errors import ApiError, Conflict, Refused
from alluxio_operator.kube.kinds import KINDS, Ref


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def applier(kube: FakeKube) -> Applier:
    return Applier(kube)


def writes(kube: FakeKube) -> list[str]:
    return [path.rsplit("/", 1)[1] for verb, path in kube.writes if verb == "apply"]


# --- order and lists ----------------------------------------------------------------------------------------------


def test_objects_are_applied_in_order_and_listed_as_created(applier: Applier, kube: FakeKube):
    first, second, third = wanted(name="a"), wanted("Service", "b"), wanted("StatefulSet", "c")

    applied = applier(first, second, third)

    assert writes(kube) == ["a", "b", "c"]
    assert applied.created == [first.ref, second.ref, third.ref]
    assert (applied.changed, applied.pruned, applied.refused) == ([], [], {})
    assert applied.live[third.ref]["metadata"]["generation"] == 1, "what the server returned, not what was sent"


def test_a_changed_object_is_listed_as_changed_and_the_others_as_nothing(applier: Applier):
    stays = wanted(name="stays")
    applier(stays, wanted(name="grows", data={"x": "1"}))

    applied = applier(stays, wanted(name="grows", data={"x": "2"}))

    assert applied.created == []
    assert applied.changed == [Ref("ConfigMap", "grows")]
    assert set(applied.present) == {Ref("ConfigMap", "stays"), Ref("ConfigMap", "grows")}


def test_an_apply_that_changes_nothing_is_listed_as_nothing(kube: FakeKube):
    Applier(kube)(wanted())

    restarted = Applier(kube)(wanted())

    assert (restarted.created, restarted.changed) == ([], [])


def test_a_write_of_the_servers_bookkeeping_alone_is_listed_as_nothing(kube: FakeKube):
    claim = wanted("PersistentVolumeClaim", "data")
    Applier(kube)(claim)

    def bump(verb: str, path: str) -> None:
        if verb == "apply":
            kube.objects[path]["metadata"].update(resourceVersion="999", managedFields=[{"manager": "us"}])

    kube.before_call = bump
    applied = Applier(kube)(claim)

    assert applied.live[claim.ref]["metadata"]["resourceVersion"] == "999"
    assert applied.changed == []


# --- what is unchanged is left alone ------------------------------------------------------------------------------


def test_what_is_known_to_be_unchanged_costs_no_call(applier: Applier, kube: FakeKube):
    applier(wanted(), wanted("Service", "s"))
    kube.calls.clear()

    applied = applier(wanted(), wanted("Service", "s"))

    assert kube.calls == []
    assert set(applied.present) == {Ref("ConfigMap", "settings"), Ref("Service", "s")}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Deployment"])
def test_a_workload_is_always_read_for_its_status_and_not_written(kind: str, applier: Applier, kube: FakeKube):
    one = wanted(kind, "w")
    applier(one)
    applier.edit(one, lambda obj: obj.update(status={"readyReplicas": 1}))
    kube.calls.clear()

    applied = applier(one)

    assert [verb for verb, _ in kube.calls] == ["get"]
    assert applied.live[one.ref]["status"] == {"readyReplicas": 1}
    assert applied.changed == []


def test_a_named_child_that_is_as_applied_is_read_and_not_written(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    kube.calls.clear()

    applier(one, children=[one.ref])

    assert [verb for verb, _ in kube.calls] == ["get"]


def test_a_changed_rendering_is_applied_though_nobody_named_it(applier: Applier):
    applier(wanted(data={"x": "1"}))

    applied = applier(wanted(data={"x": "2"}))

    assert applied.changed == [Ref("ConfigMap", "settings")]


# --- drift --------------------------------------------------------------------------------------------------------


def spec_edited(obj: Json) -> None:
    obj["spec"] = {"size": 7}


def label_gone(obj: Json) -> None:
    del obj["metadata"]["labels"]["app.kubernetes.io/component"]


def label_edited(obj: Json) -> None:
    obj["metadata"]["labels"]["app.kubernetes.io/component"] = "other"


def annotation_edited(obj: Json) -> None:
    obj["metadata"]["annotations"] = {"ours": "2"}


def owner_gone(obj: Json) -> None:
    del obj["metadata"]["ownerReferences"]


def owner_replaced(obj: Json) -> None:
    obj["metadata"]["ownerReferences"] = [{**OWNED_BY, "uid": "somebody-else", "name": "other"}]


DRIFTS = [spec_edited, label_gone, label_edited, annotation_edited, owner_gone, owner_replaced]


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("named", [True, False], ids=["named", "resync"])
@pytest.mark.parametrize("kind", ["Service", "StatefulSet", "Job"])
def test_drift_is_put_right(kind: str, named: bool, drift: Callable[[Json], None], applier: Applier):
    one = wanted(kind, "x", spec={"size": 1})
    applier(one)
    applier.edit(one, drift)

    applied = applier(one, children=[one.ref] if named else [], everything=not named)

    assert applied.changed == [one.ref]
    live = applier.live(one)
    assert live["spec"] == {"size": 1}
    assert LABELS.items() <= live["metadata"]["labels"].items()
    assert live["metadata"]["annotations"] == {"ours": "1"}
    assert OWNED_BY in live["metadata"]["ownerReferences"]


def test_drift_of_a_kind_without_a_generation_is_seen_by_its_resource_version(applier: Applier):
    one = wanted(data={"x": "1"})
    applier(one)
    applier.edit(one, data_edited)

    applied = applier(one, children=[one.ref])

    assert applied.changed == [one.ref]
    assert applier.live(one)["data"] == {"x": "1"}


def test_drift_that_nobody_named_waits_for_the_resync(applier: Applier):
    one = wanted(data={"x": "1"})
    applier(one)
    applier.edit(one, data_edited)

    assert applier(one).changed == []
    assert applier(one, everything=True).changed == [one.ref]


def test_an_object_that_was_deleted_and_made_again_by_others_is_applied(applier: Applier, kube: FakeKube):
    one = wanted("StatefulSet", "w", spec={"size": 1})
    applier(one)
    before = applier.live(one)
    kube.remove(KINDS["StatefulSet"].path(NS, "w"))
    meta = {**before["metadata"], "uid": "another"}
    kube.put({**before, "metadata": meta, "spec": {"size": 7}})

    applied = applier(one)

    assert applied.changed == [one.ref], "the same generation of another object is another version"


def test_a_deleted_object_comes_back_as_created(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    kube.remove(KINDS["ConfigMap"].path(NS, "settings"))

    assert applier(one, children=[one.ref]).created == [one.ref]


def test_fields_of_others_survive_a_repair(applier: Applier):
    one = wanted(data={"x": "1"})
    applier(one)

    def change(obj: Json) -> None:
        data_edited(obj)
        obj["data"]["theirs"] = "kept"
        obj["metadata"]["labels"]["team"] = "blue"
        obj["metadata"]["annotations"]["note"] = "kept"

    applier.edit(one, change)
    applier(one, children=[one.ref])

    live = applier.live(one)
    assert live["data"] == {"x": "1", "theirs": "kept"}
    assert live["metadata"]["labels"]["team"] == "blue"
    assert live["metadata"]["annotations"]["note"] == "kept"


# --- what isn't ours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [None, {}, {**OWNER, "alluxio-operator.io/owner": "two"}])
def test_an_object_of_somebody_else_is_refused_and_not_touched(labels: Json | None, applier: Applier, kube: FakeKube):
    theirs: Json = {"name": "settings", "namespace": NS}
    if labels is not None:
        theirs["labels"] = labels
    kube.put({"kind": "ConfigMap", "metadata": theirs, "data": {"x": "theirs"}})

    applied = applier(wanted(data={"x": "ours"}))

    assert kube.writes == []
    assert applied.present == []
    said = applied.refused[Ref("ConfigMap", "settings")]
    assert said.startswith("ConfigMap settings exists and doesn't belong to this resource")
    assert "rename this resource, or delete that object" in said


def test_what_is_thought_absent_is_made_without_a_look(applier: Applier, kube: FakeKube):
    one, two = wanted(name="a"), wanted(name="b")
    applier.absent = {one.ref, two.ref}

    assert applier(one).created == [one.ref]
    assert [verb for verb, _ in kube.calls] == ["apply"]
    assert applier.absent == {two.ref}


@pytest.mark.parametrize("labels", [None, {"alluxio-operator.io/owner": "another"}])
def test_what_was_thought_absent_and_is_somebody_elses_is_not_touched(
    labels: Json | None, applier: Applier, kube: FakeKube
):
    mine = wanted()
    theirs = kube.put({**mine.obj, "metadata": {"name": "settings", "namespace": NS, "labels": labels or {}}})
    applier.absent = {mine.ref}

    assert "exists and doesn't belong to this resource" in applier(mine).refused[mine.ref]
    assert applier.live(mine) == theirs


def test_what_was_thought_absent_and_is_ours_is_brought_up_to_date(applier: Applier, kube: FakeKube):
    applier(wanted(data={"x": "1"}))
    restarted = Applier(kube)
    restarted.absent = {wanted().ref}

    applied = restarted(wanted(data={"x": "2"}))

    assert (applied.created, applied.changed) == ([], [wanted().ref])
    assert restarted.live(wanted())["data"] == {"x": "2"}


def test_what_somebody_made_between_look_and_apply_is_not_taken_over(applier: Applier, kube: FakeKube):
    mine = wanted()
    theirs = {**mine.obj, "metadata": {"name": "settings", "namespace": NS}, "spec": {"size": 7}}
    kube.before_call = lambda verb, path: kube.put(theirs) and None if verb == "apply" else None

    with pytest.raises(Conflict):
        applier(mine)

    assert applier.live(mine)["spec"] == {"size": 7}
    kube.before_call = lambda verb, path: None
    assert mine.ref in applier(mine).refused


def test_an_answer_that_got_lost_makes_the_next_apply_look(applier: Applier, kube: FakeKube):
    mine = wanted()
    applier.absent = {mine.ref}

    def lost(verb: str, path: str) -> None:
        raise ApiError("PATCH", 0, "no answer")

    kube.after_write = lost
    with pytest.raises(ApiError):
        applier(mine)
    kube.after_write = lambda verb, path: None
    kube.calls.clear()

    applied = applier(mine)

    assert (applied.created, applied.changed, applied.refused) == ([], [], {})
    assert kube.calls[0][0] == "get"


def test_nothing_after_a_refusal_is_applied(applier: Applier, kube: FakeKube):
    kube.put({"kind": "ConfigMap", "metadata": {"name": "b", "namespace": NS}})

    applied = applier(wanted(name="a"), wanted(name="b"), wanted(name="c"))

    assert writes(kube) == ["a"]
    assert list(applied.refused) == [Ref("ConfigMap", "b")]
    assert applied.present == [Ref("ConfigMap", "a")]


def test_the_servers_own_sentence_is_kept_when_it_refuses(applier: Applier, kube: FakeKube):
    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and path.endswith("/b"):
            raise Refused("PATCH", 422, "spec.size: must be even")

    kube.before_call = refuse
    applied = applier(wanted(name="a"), wanted(name="b"), wanted(name="c"))

    assert applied.refused == {Ref("ConfigMap", "b"): "ConfigMap b was refused: spec.size: must be even"}
    assert applied.present == [Ref("ConfigMap", "a")]


@pytest.mark.parametrize("status", [0, 409, 429, 500])
def test_other_errors_are_raised_and_the_next_apply_completes(status: int, applier: Applier, kube: FakeKube):
    def fail(verb: str, path: str) -> None:
        if verb == "apply" and path.endswith("/b"):
            raise (Conflict if status == 409 else ApiError)("PATCH", status, "not now")

    kube.before_call = fail
    with pytest.raises(ApiError, match="not now"):
        applier(wanted(name="a"), wanted(name="b"))
    kube.before_call = lambda verb, path: None

    assert applier(wanted(name="a"), wanted(name="b")).created == [Ref("ConfigMap", "b")]


OPTIONAL = ApplyRules(
    optional={
        Ref("ConfigMap", "logs"): "log server",
        Ref("StatefulSet", "logs"): "log server",
        Ref("ConfigMap", "budget"): "budget",
    }
)


def test_an_optional_object_that_is_refused_holds_up_its_own_part_only(applier: Applier, kube: FakeKube):
    parts = [wanted(name="first"), wanted(name="logs"), wanted(name="budget"), wanted("StatefulSet", "logs")]
    kube.put({"kind": "ConfigMap", "metadata": {"name": "logs", "namespace": NS}})

    applied = applier(*parts, wanted(name="last"), rules=OPTIONAL)

    assert writes(kube) == ["first", "budget", "last"]
    assert list(applied.refused) == [Ref("ConfigMap", "logs")]
    assert (applied.skipped, applied.stopped) == ([Ref("StatefulSet", "logs")], False)


def test_a_needed_object_that_is_refused_stops_the_apply(applier: Applier, kube: FakeKube):
    for name in ("logs", "needed"):
        kube.put({"kind": "ConfigMap", "metadata": {"name": name, "namespace": NS}})

    applied = applier(*(wanted(name=name) for name in ("a", "logs", "b", "needed", "budget")), rules=OPTIONAL)

    assert writes(kube) == ["a", "b"]
    assert ([ref.name for ref in applied.refused], applied.stopped) == (["logs", "needed"], True)


@pytest.mark.parametrize("refused", ["ConfigMap", "StatefulSet"])
def test_the_workload_of_a_part_with_a_refused_object_is_read_for_its_status(
    refused: str, applier: Applier, kube: FakeKube
):
    conf, workload = wanted(name="logs"), wanted("StatefulSet", "logs")
    applier(conf, workload)

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and path == KINDS[refused].path(NS, "logs"):
            raise Refused("PATCH", 422, "no")

    kube.before_call = refuse
    changed = [wanted(name="logs", spec={"size": 2}), wanted("StatefulSet", "logs", spec={"size": 2})]
    applied = applier(*changed, rules=OPTIONAL)

    assert applied.live[workload.ref] == applier.live(workload)
    assert applied.live[workload.ref]["spec"] == {"size": 1}


def test_an_object_that_may_not_be_created_is_updated_and_held_once_it_is_gone(applier: Applier, kube: FakeKube):
    claim = wanted("PersistentVolumeClaim", "data")
    rules = ApplyRules(never_created=frozenset({claim.ref}))
    applier(claim)
    applier.edit(claim, lambda obj: obj["metadata"]["labels"].pop("app.kubernetes.io/component"))
    assert applier(claim, rules=rules, children=[claim.ref]).changed == [claim.ref]
    kube.remove(KINDS["PersistentVolumeClaim"].path(NS, "data"))

    applied = applier(claim, rules=rules, children=[claim.ref])

    assert (applied.held, applied.created, kube.of_kind("PersistentVolumeClaim")) == ([claim.ref], [], [])
