"""Values of the properties that a master takes while it runs: a value that Alluxio can't read never reaches it."""

from __future__ import annotations

import pytest
from tests.support.builders import resource

from alluxio_operator.kinds.cluster.objects.dynamic import DYNAMIC
from alluxio_operator.kinds.cluster.validate import Cluster, validate

TIMEOUT = "alluxio.master.worker.timeout"
AUDIT = "alluxio.master.audit.logging.enabled"


@pytest.mark.parametrize("value", ["", "2 min", "2minutes", "0s", "-1", "soon", "1.5h"])
def test_a_duration_that_alluxio_does_not_read_is_refused(value: str):
    found = validate(resource(masters={"properties": {TIMEOUT: value}}))

    assert not isinstance(found, Cluster)
    assert [problem.field for problem in found] == [f"spec.masters.properties[{TIMEOUT}]"]
    assert "90s or 5min" in str(found[0])


@pytest.mark.parametrize("value", ["5", "90s", "5MIN", "1hour", "2d", "500ms"])
def test_a_duration_that_alluxio_reads_is_taken(value: str):
    assert isinstance(validate(resource(properties={TIMEOUT: value})), Cluster)


def test_what_is_neither_true_nor_false_is_refused():
    found = validate(resource(properties={AUDIT: "on"}))

    assert not isinstance(found, Cluster)
    assert found[0].field == f"spec.properties[{AUDIT}]"
    assert isinstance(validate(resource(properties={AUDIT: "TRUE"})), Cluster)


def test_alluxios_own_values_would_be_taken_themselves():
    for version, known in DYNAMIC.items():
        values = {key: one.default for key, one in known.items()}
        assert isinstance(validate(resource(version=version, properties=values)), Cluster)
