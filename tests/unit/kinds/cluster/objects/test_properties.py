"""Alluxio's properties: who wins, what is refused by name, and what a Java process reads of it."""

from __future__ import annotations

from typing import Any

import javaproperties
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import cluster_spec

from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import properties

NAMES = Names("small", "data")
ROLES = ("master", "worker", "jobmaster", "jobworker", "logserver", "proxy", "fuse")
PATHS = {
    "master": ("masters",),
    "worker": ("workers",),
    "jobmaster": ("jobService", "master"),
    "jobworker": ("jobService", "worker"),
    "logserver": ("logServer",),
    "proxy": ("proxy",),
    "fuse": ("fuse",),
}


def of_role(role: str, value: object) -> dict[str, Any]:
    """Return a spec's part in which a role has `value`."""
    for key in reversed(PATHS[role]):
        value = {key: value}
    assert isinstance(value, dict)
    return value


def found(role: str = "master", **over: Any) -> dict[str, str]:
    return properties.for_role(cluster_spec(**over), NAMES, role)


def problems(**over: Any) -> list[tuple[str, str]]:
    return [(p.field, p.value) for p in properties.problems(cluster_spec(**over), NAMES)]


# --- precedence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_what_the_operator_prefers_is_there_unless_said_otherwise(role: str):
    assert found(role)["alluxio.web.ui.enabled"] == "false"
    assert found(role, properties={"alluxio.web.ui.enabled": "true"})["alluxio.web.ui.enabled"] == "true"


@pytest.mark.parametrize("role", ROLES)
def test_the_role_wins_over_the_cluster_and_for_itself_only(role: str):
    over = {"properties": {"a": "cluster", "b": "cluster"}, **of_role(role, {"properties": {"b": "role"}})}

    for other in ROLES:
        assert found(other, **over)["a"] == "cluster"
        assert found(other, **over)["b"] == ("role" if other == role else "cluster")


def test_what_follows_from_the_spec_wins_over_everything():
    key = "alluxio.master.rpc.port"
    over = {"properties": {key: "1"}, "masters": {"properties": {key: "2"}, "ports": {"rpc": 20000}}}

    assert found(**over)[key] == "20000"


# --- what follows from the spec -----------------------------------------------------------------------------------


def test_ports_mounts_and_addresses_follow_from_the_spec():
    over: dict[str, Any] = {
        "masters": {"ports": {"rpc": 2001, "web": 2002, "embeddedJournal": 2003}},
        "workers": {"ports": {"rpc": 2004, "web": 2005}, "tiers": [{"quota": "3Gi"}]},
        "rootMount": {"uri": "/mnt/other"},
    }
    values = found(**over)

    assert values["alluxio.master.hostname"] == "small-master-0.data.svc"
    assert values["alluxio.master.rpc.port"] == "2001"
    assert values["alluxio.master.web.port"] == "2002"
    assert values["alluxio.master.embedded.journal.addresses"] == "small-master-0.data.svc:2003"
    assert values["alluxio.master.mount.table.root.ufs"] == "/mnt/other"
    values = found("worker", **over)
    assert values["alluxio.master.rpc.port"] == "2001"
    assert values["alluxio.worker.rpc.port"] == "2004"
    assert values["alluxio.worker.web.port"] == "2005"
    assert values["alluxio.worker.tieredstore.level0.dirs.quota"] == str(3 * 1024**3)
    assert values["alluxio.worker.ramdisk.size"] == str(3 * 1024**3)


@pytest.mark.parametrize("role", ["master", "jobmaster", "logserver"])
def test_what_is_for_workers_alone_is_told_to_nobody_else(role: str):
    assert not [key for key in found(role) if key.startswith(("alluxio.worker.", "alluxio.job.worker."))]


def test_a_port_that_only_the_operator_asks_is_told_to_its_owner_alone():
    told = [role for role in ("master", "worker", "jobmaster", "jobworker", "proxy") if WEB in found(role)]

    assert told == ["master"]


WEB = "alluxio.master.web.port"


def test_a_single_master_is_named_by_its_host_and_not_by_a_list():
    assert "alluxio.master.rpc.addresses" not in found()


ALL_OF_3 = ",".join(f"small-master-{n}.data.svc:19998" for n in range(3))


def test_several_masters_are_named_by_a_list_and_each_by_itself():
    values = found(masters={"replicas": 3})

    assert values["alluxio.master.rpc.addresses"] == ALL_OF_3
    assert values["alluxio.master.embedded.journal.addresses"] == ALL_OF_3.replace("19998", "19200")
    assert "alluxio.master.hostname" not in values, "it is an option of each pod"


def test_clients_are_told_of_all_masters():
    values = properties.for_clients(cluster_spec(masters={"replicas": 3}), NAMES)

    assert values["alluxio.user.rpc.retry.max.sleep"] == "1s"
    assert (
        properties.for_clients(
            cluster_spec(masters={"replicas": 3}, properties={"alluxio.user.rpc.retry.max.sleep": "2s"}), NAMES
        )["alluxio.user.rpc.retry.max.sleep"]
        == "2s"
    )

    assert values["alluxio.master.rpc.addresses"] == ALL_OF_3
    assert "alluxio.master.hostname" not in values


def test_masters_that_are_scaled_to_zero_keep_their_addresses():
    stopped = cluster_spec(masters={"replicas": 0})

    assert properties.for_role(stopped, NAMES, "worker", 3) == found("worker", masters={"replicas": 3})
    assert properties.for_clients(stopped, NAMES, 3)["alluxio.master.rpc.addresses"] == ALL_OF_3


def test_several_masters_fail_over_fast_unless_the_user_says_otherwise():
    for key, value in properties.FAILOVER.items():
        assert found().get(key) != value
        assert found(masters={"replicas": 3})[key] == value
        assert found(masters={"replicas": 3}, properties={key: "9s"})[key] == "9s"


def test_standbys_are_always_heard():
    key = "alluxio.standby.master.web.enabled"

    assert found()[key] == "true"
    assert problems(properties={key: "false"}) == [(f"spec.properties[{key}]", "false")]


def test_the_job_service_is_named_only_when_it_runs():
    on = found("worker")
    off = found("worker", jobService={"enabled": False})

    assert on["alluxio.job.master.rpc.addresses"] == "small-jobmaster-0.small-jobmaster.data.svc:20001"
    assert not [key for key in off if key.startswith("alluxio.job.")]


def test_clients_get_the_addresses_and_the_users_settings_and_nothing_else():
    over = {
        "properties": {"alluxio.user.file.readtype.default": "CACHE", "alluxio.master.ttl.checker.interval": "1m"},
        "masters": {"properties": {"alluxio.user.block.size.bytes.default": "1MB"}},
    }

    assert properties.for_clients(cluster_spec(**over), NAMES) == {
        "alluxio.user.file.readtype.default": "CACHE",
        "alluxio.user.file.writetype.default": "CACHE_THROUGH",
        "alluxio.network.connection.auth.timeout": "5s",
        "alluxio.master.hostname": "small-master-0.data.svc",
        "alluxio.master.rpc.port": "19998",
        "alluxio.job.master.rpc.addresses": "small-jobmaster-0.small-jobmaster.data.svc:20001",
    }


def test_clients_leave_the_old_address_of_a_worker_soon_unless_the_user_says_no():
    key = "alluxio.network.connection.auth.timeout"

    assert properties.for_clients(cluster_spec(), NAMES)[key] == "5s"
    assert properties.for_clients(cluster_spec(properties={key: "9s"}), NAMES)[key] == "9s"
    for role, value in (("proxy", "5s"), ("fuse", "5s"), ("master", None), ("worker", None), ("jobworker", None)):
        assert found(role).get(key) == value
        assert found(role, properties={key: "9s"})[key] == "9s"


def test_writes_go_through_to_the_ufs_unless_the_user_says_otherwise():
    key = "alluxio.user.file.writetype.default"

    assert properties.for_clients(cluster_spec(), NAMES)[key] == "CACHE_THROUGH"
    assert found()[key] == "CACHE_THROUGH"
    assert properties.for_clients(cluster_spec(properties={key: "MUST_CACHE"}), NAMES)[key] == "MUST_CACHE"


# --- what is refused by name --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted({*properties.derived(cluster_spec(), NAMES), *properties.RESERVED}))
def test_what_follows_from_the_spec_is_refused_by_name_wherever_it_is_set(key: str):
    places = {"spec.properties": {"properties": {key: "x"}}}
    for role, path in PATHS.items():
        places[f"spec.{'.'.join(path)}.properties"] = of_role(role, {"properties": {key: "x"}})

    for field, over in places.items():
        assert problems(**over) == [(f"{field}[{key}]", "x")]


@pytest.mark.parametrize("role", ROLES)
def test_it_is_refused_as_an_option_of_the_jvm_too_where_it_would_win(role: str):
    over = of_role(role, {"jvm": {"options": ["-XX:+UseG1GC", "-Dalluxio.master.journal.folder=/elsewhere"]}})

    field = f"spec.{'.'.join(PATHS[role])}.jvm.options[alluxio.master.journal.folder]"
    assert problems(**over) == [(field, "/elsewhere")]


@pytest.mark.parametrize("key", ["alluxio.master.rpc.addresses", "alluxio.master.hostname", "alluxio.worker.hostname"])
def test_addresses_are_reserved_whatever_the_number_of_masters(key: str):
    assert problems(properties={key: "elsewhere:1"}) == [(f"spec.properties[{key}]", "elsewhere:1")]


def test_a_problem_says_where_the_thing_is_to_be_set_instead():
    [problem] = properties.problems(cluster_spec(properties={"alluxio.worker.rpc.port": "1"}), NAMES)

    assert str(problem) == (
        'spec.properties[alluxio.worker.rpc.port] "1" can\'t be set by hand: it follows from other fields of the spec; '
        "remove it and set the port in the role's ports"
    )


def test_other_properties_and_options_are_nobodys_business():
    over = {
        "properties": {"alluxio.user.file.readtype.default": "CACHE", "fs.s3a.endpoint": "x"},
        "workers": {"jvm": {"options": ["-Dalluxio.user.rpc.retry.max.duration=1m", "-Dmine", "-XX:+UseG1GC"]}},
    }

    assert problems(**over) == []


# --- as Java reads it ---------------------------------------------------------------------------------------------

ODD = [
    r"C:\temp\new",
    "two\nlines",
    "tab\there",
    "  blanks before and after  ",
    "naïve, 日本語, 😀",
    "#no comment",
    "!no comment",
    "a=b:c",
    "{{ name }} {% raw %}",
    "\"quoted\" 'twice'",
    "$HOME ${alluxio.home} `id`",
    "",
    "\x7f\x00\x1f",
    "ends with a backslash\\",
]


@pytest.mark.parametrize("value", ODD)
def test_odd_values_arrive_in_java_as_they_were_given(value: str):
    text = properties.as_text({"odd": value, "after": "it"})

    assert javaproperties.loads(text) == {"odd": value, "after": "it"}
    assert text.isascii(), "Java 8 reads such files as Latin-1"


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))))
def test_any_properties_arrive_as_they_were_given(values: dict[str, str]):
    text = properties.as_text(values)

    assert javaproperties.loads(text) == values
    assert text.isascii()


def test_a_value_cannot_smuggle_in_another_property():
    text = properties.as_text({"harmless": "x\nalluxio.master.journal.folder=/elsewhere"})

    assert len(text.splitlines()) == 1


def test_the_same_properties_give_the_same_text_in_any_order():
    assert properties.as_text({"b": "2", "a": "1"}) == properties.as_text({"a": "1", "b": "2"})
    assert properties.as_text({"b": "2", "a": "1"}) == "a=1\nb=2\n"


@pytest.mark.parametrize("role", [names.MASTER, names.WORKER])
def test_values_are_texts(role: str):
    assert all(isinstance(value, str) for value in found(role).values())


# --- a stop -------------------------------------------------------------------------------------------------------

REPORTS = "alluxio.user.metrics.collection.enabled"


def test_a_worker_reports_nothing_to_masters_that_may_be_gone_when_it_ends():
    assert found("worker")[REPORTS] == "false"
    assert found("worker", workers={"properties": {REPORTS: "true"}})[REPORTS] == "true"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "worker"])
def test_clients_report_their_metrics_as_before(role: str):
    assert REPORTS not in found(role)
    assert REPORTS not in properties.for_clients(cluster_spec(), NAMES)


# --- proxy, FUSE, sockets, watermarks -----------------------------------------------------------------------------


def test_only_proxy_and_fuse_read_their_ports_so_no_other_role_restarts():
    over = {"proxy": {"ports": {"web": 40000}}, "fuse": {"ports": {"web": 40001}}}

    assert found("proxy", **over)["alluxio.proxy.web.port"] == "40000"
    assert found("fuse", **over)["alluxio.fuse.web.port"] == "40001"
    assert found("master", **over) == found("master")


def test_the_proxy_answers_over_rest_unless_its_newer_s3_interface_is_asked_for():
    key = "alluxio.proxy.s3.v2.version.enabled"

    assert found("proxy")[key] == "false"
    assert found("proxy", properties={key: "true"})[key] == "true"
    assert key not in found("master")


def test_workers_and_clients_meet_at_the_same_sockets():
    spec = cluster_spec(workers={"shortCircuit": {"policy": "Uuid"}})

    at_client, at_worker = properties.for_clients(spec, NAMES), properties.for_role(spec, NAMES, "worker")
    for key in ("address", "as.uuid"):
        name = f"alluxio.worker.data.server.domain.socket.{key}"
        assert at_client[name] == at_worker[name]
        assert name not in properties.for_clients(cluster_spec(), NAMES)


@pytest.mark.parametrize("place", ["cluster", "role"])
def test_watermarks_are_refused_since_nothing_reads_them(place: str):
    given = {"alluxio.worker.tieredstore.level0.watermark.high.ratio": "0.9"}
    over: dict[str, Any] = {"properties": given} if place == "cluster" else {"workers": {"properties": given}}

    [problem] = properties.problems(cluster_spec(**over), NAMES)
    assert problem.message == "has no effect since Alluxio 2.3"
    assert "tierReserve" in problem.remedy


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("alluxio.worker.data.server.domain.socket.address", "spec.workers.shortCircuit"),
        ("alluxio.fuse.mount.options", "spec.fuse"),
        ("alluxio.proxy.web.port", "the role's ports"),
    ],
)
def test_what_other_fields_say_is_refused_with_the_field(key: str, hint: str):
    [problem] = properties.problems(cluster_spec(properties={key: "x"}), NAMES)

    assert hint in problem.remedy


ELECTION = "alluxio.master.embedded.journal.election.timeout.min"
FIRST = "alluxio.master.embedded.journal.ratis.config.raft.server.rpc.first-election.timeout.min"


def test_several_masters_elect_soon_and_their_lone_job_master_as_any_other():
    three = {"masters": {"replicas": 3}}

    assert [found(role, **three).get(ELECTION) for role in ("master", "worker", "jobmaster")] == ["1s", "1s", None]
    assert [found(role, **three)[FIRST] for role in ("master", "jobmaster")] == ["4s", "2s"]
    assert found("master")[FIRST] == "2s"
