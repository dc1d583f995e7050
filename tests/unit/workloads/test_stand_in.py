"""Stand-ins are placed as those that they stand for, and keep away from their like."""

from __future__ import annotations

from alluxio_operator.workloads.stand_in import as_seen_by

MASTERS = {"app.kubernetes.io/name": "alluxio", "app.kubernetes.io/component": "master"}
JOURNAL = {"app.kubernetes.io/name": "alluxio", "app.kubernetes.io/component": "journal"}


def test_a_selector_of_the_component_selects_the_stand_ins():
    given = {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": MASTERS}, "topologyKey": "topology.kubernetes.io/zone"}
            ]
        }
    }

    [term] = as_seen_by(given, "master", "journal")["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]

    assert term == {"labelSelector": {"matchLabels": JOURNAL}, "topologyKey": "topology.kubernetes.io/zone"}


def test_so_does_an_expression():
    given = {"matchExpressions": [{"key": "app.kubernetes.io/component", "operator": "In", "values": ["master", "x"]}]}

    [expression] = as_seen_by(given, "master", "journal")["matchExpressions"]

    assert expression["values"] == ["journal", "x"]


def test_what_speaks_of_others_stays():
    given = {
        "nodeAffinity": {"key": "disk", "values": ["master"]},
        "podAffinity": [{"matchLabels": {"app": "master", "app.kubernetes.io/component": "worker"}}],
    }

    assert as_seen_by(given, "master", "journal") == given
    assert as_seen_by(None, "master", "journal") is None
