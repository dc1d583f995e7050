"""What GitOps tools may take for their own: objects without an owner reference, in every golden case of every kind."""

from __future__ import annotations

import pytest
from tests.golden.cases import CASES, MANIFESTS, Case

EXPECTED = {
    "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_object_without_an_owner_lacks_the_annotations_against_pruning(case: Case):
    unprotected = [
        str(manifest.ref)
        for manifest in MANIFESTS[case.kind](case.name)
        if not manifest.obj["metadata"].get("ownerReferences")
        and not EXPECTED.items() <= manifest.obj["metadata"].get("annotations", {}).items()
    ]

    assert unprotected == []


def test_some_case_has_an_object_without_an_owner():
    kept = {
        manifest.ref.kind
        for case in CASES
        for manifest in MANIFESTS[case.kind](case.name)
        if not manifest.obj["metadata"].get("ownerReferences")
    }

    assert kept == {"PersistentVolumeClaim"}
