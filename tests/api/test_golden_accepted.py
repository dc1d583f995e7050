"""Every golden object is one that a real API server takes, in a namespace that lets in restricted pods only."""

from __future__ import annotations

import pytest
from tests.api.stage import Stage
from tests.golden.clusters import CASES, manifests_of, resource_of
from tests.golden.test_consistency import MORE_THAN_RESTRICTED

from alluxio_operator.kube.client import FIELD_MANAGER
from alluxio_operator.kube.kinds import KINDS


@pytest.mark.parametrize("case", CASES)
def test_the_resource_is_valid(case: str, shared: Stage):
    made = resource_of(case)
    made["metadata"] = {"name": made["metadata"]["name"], "namespace": shared.namespace}
    path = KINDS[made["kind"]].path(shared.namespace)

    answer = shared.api.call("POST", path, made, dryRun="All", fieldValidation="Strict")

    assert answer.status == 201, answer.message


@pytest.mark.parametrize("case", CASES)
def test_every_object_is_accepted_without_a_warning(case: str, shared: Stage):
    for manifest in manifests_of(case):
        obj = {**manifest.obj, "metadata": {**manifest.obj["metadata"], "namespace": shared.namespace}}
        path = KINDS[manifest.ref.kind].path(shared.namespace, manifest.ref.name)

        answer = shared.api.apply(path, obj, FIELD_MANAGER, dryRun="All", fieldValidation="Strict")

        if f"{manifest.ref.kind} {manifest.ref.name}" in MORE_THAN_RESTRICTED:
            assert "would violate PodSecurity" in answer.warning, manifest.ref
        else:
            assert answer.warning == "", f"{manifest.ref}: {answer.warning}"


def test_a_pod_that_is_not_restricted_would_be_warned_of(shared: Stage):
    [workload] = [m for m in manifests_of("small") if m.ref.name == "small-master" and m.ref.kind == "StatefulSet"]
    pod = {**workload.obj["spec"]["template"]["spec"], "hostNetwork": True}
    template = {**workload.obj["spec"]["template"], "spec": pod}
    metadata = {**workload.obj["metadata"], "namespace": shared.namespace}
    obj = {**workload.obj, "metadata": metadata, "spec": {**workload.obj["spec"], "template": template}}

    path = KINDS["StatefulSet"].path(shared.namespace, "small-master")
    assert "host namespaces" in shared.api.apply(path, obj, dryRun="All").warning
