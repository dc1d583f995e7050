"""Names: told apart between any two clusters, and legal for the longest one."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.builders import TEMPLATES, cluster

from alluxio_operator.api.alluxiocluster import LONGEST_NAME
from alluxio_operator.engine.render import Manifest, Renderer
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.names import Names

LONGEST = "a" + "b-" * 19 + "c"
RENDERER = Renderer(TEMPLATES)
DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")

SUFFIXES = sorted(
    {"master", "worker", "jobmaster", "jobworker", "logserver", "client", "ufs", "logs", "jvm", "journal"}
)
# Names that are made of the suffixes themselves are the ones that could meet.
PARTS = (*SUFFIXES, "job", "log", "server", "conf", "a", "0", "0a1b2c3dc")
WORDS = st.sampled_from(PARTS)
CLUSTERS = st.lists(WORDS, min_size=1, max_size=5).map("-".join).filter(lambda n: n[0].isalpha() and len(n) <= 40)
# Two of which one begins or ends like the other, as those that could meet do.
PAIRS = st.one_of(
    st.tuples(CLUSTERS, CLUSTERS),
    st.tuples(CLUSTERS, WORDS).map(lambda pair: (pair[0], "-".join(pair))),
    st.tuples(WORDS.filter(str.isalpha), CLUSTERS).map(lambda pair: ("-".join(pair), pair[1])),
)
OPERATIONS = st.text("0123456789abcdef", min_size=8, max_size=8).map(lambda text: text + "c")


def objects_of(name: str, operation: str = "0a1b2c3dc", **over: object) -> tuple[Manifest, ...]:
    context = context_of(cluster(name, **over), JournalValues(job="create", operation=operation))
    return RENDERER.render("alluxio", context)


SUFFIX_OF = [(manifest.ref.kind, manifest.ref.name.replace("NAME".lower(), "{}", 1)) for manifest in objects_of("name")]


def names_of(name: str, operation: str) -> set[tuple[str, str]]:
    return {(kind, form.format(name).replace("0a1b2c3dc", operation)) for kind, form in SUFFIX_OF}


def test_the_forms_of_the_names_are_those_that_are_rendered():
    assert names_of("other", "11111111c") == {
        (manifest.ref.kind, manifest.ref.name) for manifest in objects_of("other", "11111111c")
    }
    assert len(SUFFIX_OF) > 20


def test_no_two_of_all_clusters_named_by_up_to_three_such_words_meet():
    names = {"-".join(words) for count in (1, 2, 3) for words in itertools.product(PARTS, repeat=count)}
    found: dict[tuple[str, str], str] = {}
    for name in names:
        for ref in names_of(name, "0a1b2c3dc"):
            assert found.setdefault(ref, name) == name, f"{ref} belongs to {found[ref]} and to {name}"


@given(pair=PAIRS, first=OPERATIONS, second=OPERATIONS)
def test_no_two_clusters_of_a_namespace_lead_to_the_same_object(pair: tuple[str, str], first: str, second: str):
    one, other = pair
    assume(one != other)

    assert not names_of(one, first) & names_of(other, second)


@given(one=CLUSTERS, other=CLUSTERS, role=st.sampled_from(SUFFIXES), another=st.sampled_from(SUFFIXES))
def test_no_pod_of_one_cluster_is_selected_by_another(one: str, other: str, role: str, another: str):
    assume((one, role) != (other, another))

    labels = Names(one, "data").labels(role)

    assert not Names(other, "data").selector(another).items() <= labels.items()
    assert Names(one, "data").selector(role).items() <= labels.items()


def test_the_longest_name_has_the_longest_length():
    assert len(LONGEST) == LONGEST_NAME


def test_the_longest_name_leads_to_legal_names_and_labels():
    for manifest in objects_of(LONGEST):
        assert DNS_LABEL.fullmatch(manifest.ref.name), manifest.ref
        text = json.dumps(manifest.obj)
        for labels in re.findall(r'"(?:labels|matchLabels|selector)": (\{[^{}]*\})', text):
            for value in json.loads(labels).values():
                assert LABEL_VALUE.fullmatch(value), (manifest.ref, value)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Deployment"])
def test_the_longest_name_leaves_room_for_what_kubernetes_appends(kind: str):
    # A StatefulSet and a DaemonSet put NAME-<hash of up to 10> on their pods as a label; pods end with an ordinal.
    workers = {"workers": {"workload": "DaemonSet", "replicas": None}} if kind == "DaemonSet" else {}
    found = [m.ref.name for m in objects_of(LONGEST, **workers) if m.ref.kind == kind]

    assert found
    for name in found:
        assert len(f"{name}-0123456789") <= 63


def test_the_longest_jobs_name_fits_the_label_that_its_pods_carry():
    [job] = [m.ref.name for m in objects_of(LONGEST) if m.ref.kind == "Job"]

    assert len(job) <= 63


def test_a_pod_is_found_from_other_namespaces_too():
    assert Names("one", "data").host("master", 0) == "one-master-0.one-master.data.svc"


def test_the_journals_claim_is_the_one_that_the_masters_statefulset_looks_for():
    [masters] = [m.obj for m in objects_of("one") if m.ref.kind == "StatefulSet" and m.ref.name == "one-master"]
    [template] = masters["spec"]["volumeClaimTemplates"]

    assert Names("one", "data").journal_claim(0) == f"{template['metadata']['name']}-{masters['metadata']['name']}-0"
