"""What users of an earlier version wrote is still taken: CRDs may only get looser."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dev.olm.catalog import released
from dev.olm.releases import at_tag, versions_of
from tests.api.stage import Stage

from alluxio_operator import __version__
from alluxio_operator.kube.kinds import KINDS

EARLIER = [version for version in versions_of(released()) if version != __version__]
NONE = pytest.param("", marks=pytest.mark.skip(reason="no version was released before this one"))


@pytest.mark.parametrize("version", EARLIER or [NONE])
def test_the_samples_of_an_earlier_version_are_taken(version: str, shared: Stage, tmp_path: Path):
    samples = [
        path for path in at_tag(version, "config/samples", tmp_path).rglob("*.yaml") if path.stem != "kustomization"
    ]
    assert samples
    for path in samples:
        made = yaml.safe_load(path.read_text())
        kind = KINDS[made["kind"]].path(shared.namespace)
        answer = shared.api.call("POST", kind, made, dryRun="All", fieldValidation="Strict")
        assert answer.status == 201, f"{path.name} of {version}: {answer.message}"
