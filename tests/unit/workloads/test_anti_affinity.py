"""A user's affinity of one sort leaves the operator's of another sort as it is."""

from __future__ import annotations

from alluxio_operator.workloads.anti_affinity import apart, merged

OWN = apart({"app": "alluxio"})
NODES = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}


def test_sorts_that_only_one_of_them_gives_stay():
    assert merged(OWN, NODES) == {**OWN, **NODES}
    assert merged(OWN, None) == OWN
    assert merged(None, NODES) == NODES
    assert merged(None, None) is None


def test_a_sort_that_the_user_gives_replaces_the_operators():
    given = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}}

    assert merged(OWN, given) == given
