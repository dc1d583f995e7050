"""Apply and prune against an API server in memory: what is written, what is left alone, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.support.fake_kube import FakeKube

from alluxio_operator.api.status import InventoryItem
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.apply import ObjectCache, apply, compare, invalidate, is_news, prune
from alluxio_operator.engine.render import Manifest
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.errors import ApiError, Conflict, Refused
from alluxio_operator.kube.kinds import KINDS, Ref

Json = dict[str, Any]

OWNER = {"alluxio-operator.io/owner-kind": "AlluxioCluster", "alluxio-operator.io/owner": "one"}
LABELS = {**OWNER, "app.kubernetes.io/component": "master"}
OWNED_BY = {"apiVersion": "alluxio-operator.io/v1alpha1", "kind": "AlluxioCluster", "name": "one", "uid": "owner-uid"}
NS = "data"


def wanted(kind: str = "ConfigMap", name: str = "settings", order: int = 10, **content: Any) -> Manifest:
    obj: Json = {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": NS,
            "labels": dict(LABELS),
            "annotations": {"ours": "1"},
            "ownerReferences": [dict(OWNED_BY)],
        },
    }
    return Manifest(order, {**obj, **(content or {"spec": {"size": 1}})})


class Applier:
    """Applies to one API server with one memory, as a reconciler does."""

    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.memory: ObjectCache = {}
        self.absent: set[Ref] = set()

    def __call__(
        self,
        *manifests: Manifest,
        children: Iterable[Ref] = (),
        everything: bool = False,
        anew: Mapping[Ref, str] | None = None,
    ) -> Applied:
        named = frozenset(ChildRef(ref.kind, ref.name) for ref in children)
        invalidate(self.memory, Request(OwnerKey("AlluxioCluster", NS, "one"), Reason.CHILD, named, everything))
        return apply(self.kube, NS, manifests, self.memory, OWNER, self.absent, anew or {})  # type: ignore[arg-type]

    def edit(self, manifest: Manifest, change: Callable[[Json], None]) -> None:
        self.kube.edit(manifest.ref.kind, NS, manifest.ref.name, change)

    def live(self, manifest: Manifest) -> Json:
        return self.kube.object(manifest.ref.kind, NS, manifest.ref.name)


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


def data_edited(obj: Json) -> None:
    obj["data"]["x"] = "drifted"


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


# --- the operator's own writes come back as events ----------------------------------------------------------------


def told(manifest: Manifest, live: Json, reason: Reason = Reason.CHILD, **options: Any) -> Request:
    """Return the request that an event of an object makes, with the version that the event tells."""
    version = f"{live['metadata']['uid']}/{live['metadata']['resourceVersion']}"
    child = ChildRef(manifest.ref.kind, manifest.ref.name, version)
    return Request(OwnerKey("AlluxioCluster", NS, "one"), reason, frozenset({child}), **options)


def test_an_event_of_its_own_write_is_no_news_and_makes_no_doubt(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    request = told(one, applier.live(one))
    kube.calls.clear()

    assert not is_news(applier.memory, request)
    invalidate(applier.memory, request)
    applier(one)

    assert kube.calls == []


@pytest.mark.parametrize("change", ["edited", "made anew", "deleted", "everything", "unknown", "by a person"])
def test_whatever_else_an_event_tells_is_news(change: str, applier: Applier, kube: FakeKube):
    one, live = wanted(data={"x": "1"}), {}
    if change != "unknown":
        applier(one)
        live = applier.live(one)
    request = told(one, live or {"metadata": {"uid": "u", "resourceVersion": "1"}})
    match change:
        case "edited":
            applier.edit(one, data_edited)
            request = told(one, applier.live(one))
        case "made anew":
            request = told(one, {"metadata": {**live["metadata"], "uid": "another"}})
        case "deleted":
            request = replace(request, children=frozenset({ChildRef("ConfigMap", "settings")}))
        case "everything":
            request = replace(request, everything=True)
        case "by a person":
            request = replace(request, reason=Reason.EDIT)

    assert is_news(applier.memory, request)


def test_a_workload_is_always_news_since_its_status_counts(applier: Applier):
    one = wanted("StatefulSet", "w")
    applier(one)

    assert is_news(applier.memory, told(one, applier.live(one)))


def test_one_of_several_that_is_news_is_enough(applier: Applier):
    one, two = wanted(name="one", data={"x": "1"}), wanted(name="two", data={"x": "1"})
    applier(one, two)
    known = told(one, applier.live(one))
    applier.edit(two, data_edited)
    both = replace(known, children=known.children | told(two, applier.live(two)).children)

    assert is_news(applier.memory, both)
    invalidate(applier.memory, both)
    assert applier(one, two).changed == [two.ref]


# --- doubts outlive what comes in between -------------------------------------------------------------------------


def test_what_an_event_named_is_still_looked_at_after_a_refusal_before_it(applier: Applier, kube: FakeKube):
    first, second = wanted(name="first"), wanted(name="second", data={"x": "1"})
    applier(first, second)
    applier.edit(second, data_edited)
    foreign = wanted("Service", "foreign")
    kube.put({**foreign.obj, "metadata": {"name": "foreign", "namespace": NS}})

    assert applier(first, foreign, second, children=[second.ref]).refused
    kube.remove(KINDS["Service"].path(NS, "foreign"))

    assert applier(first, foreign, second).changed == [second.ref]


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


# --- Jobs can't be changed, only made anew ------------------------------------------------------------------------


def job(image: str) -> Manifest:
    return wanted("Job", "once", spec={"template": {"image": image}})


def test_a_job_whose_template_changed_is_made_anew_under_its_name(applier: Applier, kube: FakeKube):
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


def test_a_claim_that_cannot_be_changed_is_never_made_anew(applier: Applier, kube: FakeKube):
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
        return compare(kube, NS, [sized(size)], {}, OWNER).held  # type: ignore[arg-type]

    assert [held(size) for size in ("1Gi", "2Gi", "3Gi")] == [[], [], [sized("3Gi").ref]]


def set_with(size: str) -> Manifest:
    template = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": size}}}}
    return wanted("StatefulSet", "s", spec={"volumeClaimTemplates": [template]})


def test_only_what_is_on_record_is_made_anew(applier: Applier, kube: FakeKube):
    applier(set_with("1Gi"))
    uid = applier.live(set_with("1Gi"))["metadata"]["uid"]

    assert applier(set_with("2Gi")).refused
    assert applier(set_with("2Gi"), anew={set_with("2Gi").ref: "another"}).refused
    assert applier.live(set_with("1Gi"))["metadata"]["uid"] == uid

    applied = applier(set_with("2Gi"), wanted(), anew={set_with("2Gi").ref: uid})

    assert (applied.refused, applied.changed) == ({}, [set_with("2Gi").ref])
    assert applier.live(set_with("2Gi"))["metadata"]["uid"] != uid


def test_what_is_somebody_elses_isnt_made_anew(applier: Applier, kube: FakeKube):
    theirs = kube.put({**set_with("1Gi").obj, "metadata": {"name": "s", "namespace": NS}})

    applied = applier(set_with("2Gi"), anew={set_with("2Gi").ref: theirs["metadata"]["uid"]})

    assert "doesn't belong to this resource" in applied.refused[set_with("2Gi").ref]
    assert all(verb != "delete" for verb, _ in kube.calls)


def test_what_is_not_gone_yet_holds_up_nothing_and_is_deleted_once(applier: Applier, kube: FakeKube):
    applier(set_with("1Gi"))
    uid = applier.live(set_with("1Gi"))["metadata"]["uid"]

    def stays(path: str) -> bool:
        kube.objects[path]["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
        return True

    kube.orphaned = stays
    anew = {set_with("2Gi").ref: uid}
    for _ in range(2):
        applied = applier(set_with("2Gi"), wanted(), anew=anew)
        assert (applied.refused, applied.present) == ({}, [wanted().ref])
        assert applied.live[set_with("2Gi").ref]["metadata"]["uid"] == uid, "its pods are told of as before"
    assert [verb for verb, path in kube.calls if path.endswith("/s")].count("delete") == 1

    kube.remove(KINDS["StatefulSet"].path(NS, "s"))
    assert applier(set_with("2Gi"), anew=anew).created == [set_with("2Gi").ref]


# --- prune --------------------------------------------------------------------------------------------------------


def recorded(*refs: Ref) -> tuple[InventoryItem, ...]:
    return tuple(ref.item for ref in refs)


def pruned(kube: FakeKube, inventory: Iterable[InventoryItem], rendered: Iterable[Ref] = ()) -> list[Ref]:
    return prune(kube, NS, inventory, set(rendered), {}, OWNER)  # type: ignore[arg-type]


def test_what_is_no_longer_rendered_is_deleted_and_the_rest_stays(applier: Applier, kube: FakeKube):
    stays, goes = wanted(name="stays"), wanted("StatefulSet", "goes")
    applier(stays, goes)

    assert pruned(kube, recorded(stays.ref, goes.ref), [stays.ref]) == [goes.ref]
    assert kube.of_kind("ConfigMap") == ["stays"]
    assert kube.of_kind("StatefulSet") == []


def test_a_claim_is_never_deleted(applier: Applier, kube: FakeKube):
    claim = wanted("PersistentVolumeClaim", "journal")
    applier(claim)

    assert pruned(kube, recorded(claim.ref)) == []
    assert kube.of_kind("PersistentVolumeClaim") == ["journal"]
    assert all(verb != "delete" for verb, _ in kube.calls)


def test_what_lost_our_labels_is_left_to_whom_it_belongs(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    applier.edit(one, lambda obj: obj["metadata"]["labels"].update({"alluxio-operator.io/owner": "two"}))

    assert pruned(kube, recorded(one.ref)) == []
    assert kube.of_kind("ConfigMap") == ["settings"]


def test_what_somebody_made_anew_between_look_and_deletion_survives(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)

    def replace(verb: str, path: str) -> None:
        if verb == "delete":
            kube.edit("ConfigMap", NS, "settings", lambda obj: obj["metadata"].update(uid="another"))

    kube.before_call = replace
    with pytest.raises(Conflict):
        pruned(kube, recorded(one.ref))

    assert kube.of_kind("ConfigMap") == ["settings"]


def test_what_is_gone_already_is_no_trouble(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)

    def remove(verb: str, path: str) -> None:
        if verb == "delete":
            kube.remove(path)

    kube.before_call = remove
    assert pruned(kube, recorded(one.ref)) == []
    assert pruned(kube, recorded(one.ref)) == []


def test_a_kind_that_this_version_doesnt_know_is_left_alone(kube: FakeKube):
    item = InventoryItem(api_version="v9", kind="Novelty", name="x")

    assert pruned(kube, [item]) == []
    assert kube.calls == []


def test_what_was_pruned_and_is_wanted_again_is_applied_again(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    prune(kube, NS, recorded(one.ref), set(), applier.memory, OWNER)  # type: ignore[arg-type]

    assert applier(one).created == [one.ref]
