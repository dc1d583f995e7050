"""Validation of what the API server can't check: every problem at once, each with field, value and remedy."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from tests.support.builders import TEMPLATES, cluster, resource

from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.objects.variables import OVERRIDING, RENDERED, RESERVED
from alluxio_operator.kinds.cluster.validate import Cluster, validate

TOO_SMALL = {"resources": {"limits": {"memory": "100Mi"}}}


def problems(**over: Any) -> tuple[Problem, ...]:
    found = validate(resource(**over))
    assert not isinstance(found, Cluster)
    return found


def fields(**over: Any) -> list[str]:
    return [problem.field for problem in problems(**over)]


def test_a_spec_that_holds_together_is_a_typed_cluster():
    made = validate(resource(generation=7))

    assert isinstance(made, Cluster)
    assert (made.names.cluster, made.names.namespace, made.generation) == ("small", "data", 7)
    assert set(made.memory) == {"master", "worker", "jobmaster", "jobworker", "logserver"}


def test_all_problems_are_told_at_once_and_each_says_what_to_do():
    found = problems(
        properties={"alluxio.master.journal.type": "UFS"},
        masters={**TOO_SMALL, "ports": {"rpc": 20000, "web": 20000}},
        workers={**TOO_SMALL, "env": [{"name": "POD_IP", "value": "1.2.3.4"}]},
    )

    assert [problem.field for problem in found] == [
        "spec.masters.resources.limits.memory",
        "spec.workers.resources.limits.memory",
        "spec.properties[alluxio.master.journal.type]",
        "spec.workers.env[POD_IP]",
        "spec.masters.ports.rpc",
        "spec.masters.ports.web",
    ]
    for problem in found:
        assert problem.message
        assert problem.remedy
        value = f' "{problem.value}"' if ".env[" not in problem.field else ""
        assert str(problem).startswith(f"{problem.field}{value} ")


def test_a_problem_without_a_value_shows_none():
    assert str(Problem("spec.x", "", "is missing", "give it")) == "spec.x is missing; give it"


# --- ports --------------------------------------------------------------------------------------------------------


def test_a_port_that_is_used_twice_in_one_pod_names_both_fields():
    found = fields(jobService={"worker": {"ports": {"data": 29999}}})

    assert found == ["spec.workers.ports.rpc", "spec.jobService.worker.ports.data"]


def test_a_port_may_be_used_again_in_another_pod():
    assert isinstance(validate(resource(workers={"ports": {"rpc": 19998}})), Cluster)


def test_ports_of_a_job_service_that_does_not_run_meet_nobody():
    over = {"enabled": False, "worker": {"ports": {"data": 29999}}}

    assert isinstance(validate(resource(jobService=over)), Cluster)


# --- variables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_variable_that_the_operator_sets_is_refused_by_name(name: str):
    assert fields(masters={"env": [{"name": name, "value": "x"}]}) == [f"spec.masters.env[{name}]"]


def test_the_reserved_variables_are_those_that_are_rendered():
    everything = cluster(proxy={"enabled": True}, fuse={"enabled": True})
    context = context_of(everything, JournalValues(job="create", operation="1"))
    rendered = {
        variable["name"]
        for manifest in Renderer(TEMPLATES).render("alluxio", context)
        for container in manifest.obj.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ())
        for variable in container.get("env", ())
    }

    assert rendered == RENDERED


@pytest.mark.parametrize("log_server", [True, False])
def test_no_container_keeps_a_variable_of_the_image_that_overrides_the_operator(log_server: bool):
    everything = cluster(proxy={"enabled": True}, fuse={"enabled": True}, logServer={"enabled": log_server})
    context = context_of(everything, JournalValues())
    containers = [
        container
        for manifest in Renderer(TEMPLATES).render("alluxio", context)
        for container in manifest.obj.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ())
        if "/entrypoint.sh" in str(container)
    ]
    set_elsewhere = ("ALLUXIO_JAVA_OPTS", *(("ALLUXIO_LOGSERVER_HOSTNAME",) if not log_server else ()))
    image = dict.fromkeys((*OVERRIDING, *set_elsewhere), "x") | {"JAVA_TOOL_OPTIONS": "-javaagent:kept"}

    assert {one["name"] for one in containers} >= {"master", "worker", "job-worker", "job-master", "proxy", "fuse"}
    for container in containers:
        words = " ".join(container["args"])
        start = words[words.index(" env -u") : words.index("/entrypoint.sh")].replace("\\\n", " ")
        own = {one["name"] for one in container["env"]}
        left = subprocess.run(
            [*start.split(), "printenv"],
            env={"PATH": "/usr/bin:/bin", **image},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        kept = {line.partition("=")[0] for line in left.splitlines()} - own - {"PATH"}
        assert kept == {"JAVA_TOOL_OPTIONS"}, container["name"]


# --- each module's own problems are among them --------------------------------------------------------------------


def test_what_is_wrong_with_tiers_volumes_and_mounts_is_told_too():
    found = fields(
        workers={
            "tiers": [{"quota": "0"}],
            "volumes": [{"name": "scratch", "emptyDir": {}}],
            "volumeMounts": [{"name": "scratch", "mountPath": "/tmp/x"}],
        }
    )

    assert found == [
        "spec.workers.tiers[MEM].quota",
        "spec.workers.volumes[scratch].name",
        "spec.workers.volumeMounts[/tmp/x].mountPath",
    ]


# --- what an API server with an older CRD may let through ---------------------------------------------------------


def test_a_missing_field_is_named_as_people_write_it():
    [problem] = problems(rootMount=None)

    assert problem.field == "spec.rootMount"
    assert "Field required" in problem.message
    assert problem.remedy == "see `kubectl explain alluxiocluster.spec.rootMount`"


def test_values_of_wrong_form_are_all_named():
    found = {(p.field, p.value): p for p in problems(masters={"jvm": {"heap": "lots"}}, service={"type": "Magic"})}

    assert set(found) == {("spec.masters.jvm.heap", "lots"), ("spec.service.type", "Magic")}
    assert "ClusterIP" in found["spec.service.type", "Magic"].message


def test_a_name_that_leads_to_illegal_names_is_a_problem():
    found = validate(resource("a" * 41))

    assert not isinstance(found, Cluster)
    assert found[0].field == "metadata.name"
    assert found[0].value == "a" * 41


def test_fields_of_a_newer_version_are_no_problem():
    assert isinstance(validate(resource(novelty={"x": 1})), Cluster)


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "over",
    [
        {"masters": {"env": [{"name": "POD_IP", "value": SECRET}]}},
        {"workers": {"env": [{"name": "bad name", "value": SECRET}]}},
        {"workers": {"env": [{"name": "A", "value": SECRET * 1000}]}},
        {"workers": {"env": [{"name": "A", "valueFrom": SECRET}]}},
        {"properties": {"alluxio.master.mount.table.root.option.s3a.secretKey": SECRET}},
        {"properties": {"alluxio.master.mount.table.root.option.s3a.secretKey": [SECRET]}},
        {"masters": {"jvm": {"options": [f"-Dalluxio.master.mount.table.root.option.s3a.secretKey={SECRET}"]}}},
        {
            "rootMount": {
                "uri": "s3://lake/x",
                "s3": {"credentials": {"secretName": "a"}},
                "options": {"s3a.secretKey": SECRET},
            }
        },
    ],
)
def test_no_message_repeats_a_secret(over: dict[str, object]):
    found = validate(resource(**over))

    assert isinstance(found, tuple), "it is invalid"
    assert SECRET not in "; ".join(str(problem) for problem in found)


# --- what an operator with looser rules accepted ------------------------------------------------------------------


def test_an_address_that_was_accepted_before_is_tolerated_until_the_spec_changes():
    mount = {"uri": "hdfs://name_:8020/x", "volume": None}
    accepted = {"observedGeneration": 1, "conditions": [{"type": "SpecValid", "status": "True"}]}
    refused = {"observedGeneration": 1, "conditions": [{"type": "SpecValid", "status": "False"}]}

    tolerated = validate(resource(rootMount=mount, status=accepted))

    assert isinstance(tolerated, Cluster)
    assert [one.field for one in tolerated.warnings] == ["spec.rootMount.uri"]
    for before in (None, {}, refused, {**accepted, "observedGeneration": 2}, {"observedGeneration": "1"}):
        found = validate(resource(rootMount=mount, status=before))
        assert not isinstance(found, Cluster), before
        assert [one.field for one in found] == ["spec.rootMount.uri"]
