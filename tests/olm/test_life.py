"""One operator's life under a cluster that serves: upgrades, an upgrade held up, a bad version, uninstall, re-install.

The tests are steps of one story and run in the order of this file. All the time a client writes and reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from dev.olm import versions
from dev.olm.versions import container_list, csv_name
from dev.tasks.shell import ROOT, run
from tests.olm.stage import ALX, LIGHT_IMAGE, Installed, Source, apply, get, items, kubectl, namespaces, until

Json = dict[str, Any]
HOME = "olm-life"
NAME = "small"
ANY_UID = 1000650000
TOO_MUCH = "64"
"""Processors that no node of this machine has."""


class Life:
    """The operator, the catalog, and the cluster that has to outlive everything."""

    def __init__(self, operator: Installed, source: Source, image: str) -> None:
        self.operator, self.source, self.image = operator, source, image
        self.pods: dict[str, str] = {}

    @property
    def cluster(self) -> Json:
        """The resource."""
        found = get(ALX, NAME, HOME)
        assert found
        return found

    def condition(self, kind: str) -> Json:
        """One of its conditions."""
        return next(one for one in self.cluster["status"]["conditions"] if one["type"] == kind)

    def alluxio_pods(self) -> dict[str, str]:
        """Names and uids of the cluster's pods, with how often their containers started."""
        found = items("pods", HOME, f"app.kubernetes.io/instance={NAME}")
        return {
            pod["metadata"]["name"]: f"{pod['metadata']['uid']} "
            f"{sum(one['restartCount'] for one in pod['status'].get('containerStatuses', ()))}"
            for pod in found
            if pod["status"]["phase"] == "Running"
        }

    def publish(self, version: str, replaces: str, **changes: Any) -> None:
        """Offer a new version."""
        bundle = versions.make(version, self.image, replaces=replaces, **changes)
        self.source.publish(bundle, versions.entry(version, replaces))

    def patch(self, spec: Json) -> None:
        """Edit the cluster."""
        kubectl("patch", ALX, NAME, "-n", HOME, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def ready(self, seconds: float = 120) -> None:
        """Wait until the cluster is as its spec says."""

        def check() -> bool:
            found = self.cluster
            status = found.get("status", {})
            return (
                status.get("phase") == "Ready" and status.get("observedGeneration") == found["metadata"]["generation"]
            )

        until(check, seconds, "the cluster is Ready", lambda: json.dumps(self.cluster.get("status", {}), indent=1))

    def heals(self) -> None:
        """Break an object of the cluster and wait until somebody has put it right."""
        kubectl("patch", "configmap", f"{NAME}-jvm", "-n", HOME, "--type=merge", '--patch={"data":{"master":"broken"}}')
        until(
            lambda: (get("configmap", f"{NAME}-jvm", HOME) or {})["data"]["master"] != "broken",
            30,
            "drift is put right",
        )


def script(line: str) -> str:
    """Run a line with the helpers of the scenarios."""
    support = ROOT / "kuttl-tests" / "support"
    command = f". {support}/lib.sh; . {support}/client-loop.sh; {line}"
    return run("dev/in-cluster", "bash", "-c", command, env={"NAMESPACE": HOME}, quiet=True)


@pytest.fixture(scope="module")
def life(new_source: Callable[[str], Source], image: str) -> Iterator[Life]:
    """The operator of version 0.1.0 and a cluster that serves a client."""
    source = new_source("life")
    source.publish(versions.make("0.1.0", image), versions.entry("0.1.0"))
    with namespaces(HOME):
        operator = Installed(HOME, source.name, "stable-v0")
        operator.group([HOME])
        operator.subscribe()
        life = Life(operator, source, image)
        operator.succeeded(csv_name("0.1.0"))
        cluster = yaml.safe_load((ROOT / "kuttl-tests" / "support" / "cluster.yaml").read_text())
        cluster["metadata"]["namespace"] = HOME
        apply(cluster)
        life.ready(180)
        script(f"start_loop {NAME}")
        life.pods = life.alluxio_pods()
        yield life


def new_field(crd: Json) -> None:
    """Add an optional field to a CRD, as a later version might."""
    [version] = crd["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["addedLater"] = {"type": "string", "maxLength": 32, "description": "Added later."}


def somebodys_uid(csv: Json) -> None:
    """Run the operator as a user that its image doesn't know, as OpenShift does."""
    [container] = container_list(csv)
    container["securityContext"] |= {"runAsUser": ANY_UID, "runAsGroup": 0}


def not_upgradeable(life: Life, version: str) -> bool:
    return life.operator.upgradeable(csv_name(version)).get("status") == "False"


def test_an_upgrade_goes_on_under_a_reader(life: Life):
    life.publish("0.1.1", "0.1.0", change_csv=somebodys_uid)

    life.operator.succeeded(csv_name("0.1.1"), 120)
    until(
        lambda: list(life.operator.version_of_pods().values()) == ["0.1.1"], 60, "one pod, of the new version",
        life.operator.explain,
    )  # fmt: skip
    life.heals()
    life.ready()
    assert life.alluxio_pods() == life.pods, "no pod of the cluster was touched"


def test_a_change_under_way_holds_up_an_upgrade(life: Life):
    life.patch({"logServer": {"resources": {"requests": {"cpu": TOO_MUCH}}}})
    until(lambda: life.condition("Progressing")["status"] == "True", 60, "the cluster says that it is changed")
    until(lambda: not_upgradeable(life, "0.1.1"), 30, "the operator says so, too", life.operator.explain)

    life.publish("0.1.2", "0.1.1", change_crd=new_field)

    until(
        lambda: life.operator.reason(csv_name("0.1.2")) == "OperatorConditionNotUpgradeable", 90, "the upgrade waits",
        life.operator.explain,
    )  # fmt: skip
    assert life.operator.phase(csv_name("0.1.2")) == "Pending"
    assert set(life.operator.version_of_pods().values()) == {"0.1.1"}


def test_meanwhile_the_old_operator_lives_with_the_new_crd(life: Life):
    def kept() -> bool:
        # The API server follows a changed definition after a moment, and drops what the old one doesn't know till then.
        life.patch({"addedLater": "value"})
        return bool(life.cluster["spec"].get("addedLater") == "value")

    until(kept, 30, "the CRD of the new version is there")

    until(
        lambda: life.cluster["status"]["observedGeneration"] == life.cluster["metadata"]["generation"], 60,
        "the old operator follows a resource that has a field it doesn't know",
    )  # fmt: skip
    life.heals()
    assert life.cluster["spec"]["addedLater"] == "value", "and leaves the field alone"
    assert not_upgradeable(life, "0.1.1")


def test_the_upgrade_goes_on_when_the_change_has_ended(life: Life):
    life.patch({"logServer": {"resources": {"requests": {"cpu": None}}}})
    life.ready()

    life.operator.succeeded(csv_name("0.1.2"), 120)
    life.heals()


def test_a_version_that_never_gets_ready_leaves_the_old_one_in_charge(life: Life):
    before = life.operator.leader()

    def never_ready(csv: Json) -> None:
        [container] = container_list(csv)
        container["command"] = ["sleep", "3600"]

    life.publish("0.1.3", "0.1.2", change_csv=never_ready)

    until(
        lambda: len(life.operator.pods()) == 2, 90, "a pod of the new version starts beside the old one",
        life.operator.explain,
    )  # fmt: skip
    assert life.operator.phase(csv_name("0.1.3")) != "Succeeded"
    life.heals()
    assert life.operator.leader() == before
    assert set(life.operator.version_of_pods().values()) == {"0.1.2"}


def test_uninstalled_everything_stays_and_serves(life: Life):
    life.operator.unsubscribe()

    assert life.operator.versions() == []
    assert get("crd", ALX, HOME), "the CRD and with it every cluster stays"
    assert life.cluster["status"]["phase"] == "Ready"
    serving = {name: one for name, one in life.pods.items() if "logserver" not in name}
    assert {name: one for name, one in life.alluxio_pods().items() if "logserver" not in name} == serving
    assert script(f"looping {NAME} && echo reads") == "reads\n"


def test_installed_again_it_adopts_what_runs(life: Life):
    # Before, since the head of the channel is the bad version: it would come by itself, and block what follows.
    life.source.publish(
        versions.make("0.1.4", life.image, replaces="0.1.2"), versions.entry("0.1.4", "0.1.2", ("0.1.3",))
    )

    life.operator.subscribe(starting=csv_name("0.1.2"))

    life.operator.succeeded(csv_name("0.1.4"), 150)
    life.heals()
    life.ready()
    serving = {name: one for name, one in life.pods.items() if "logserver" not in name}
    assert {name: one for name, one in life.alluxio_pods().items() if "logserver" not in name} == serving


def test_the_reader_never_failed(life: Life):
    said = script("end_loop; echo $FILES $FAILED $LONGEST")
    files, failed, longest = said.split()[-3:]
    print(f"{files} files, {failed} failed, longest gap {longest} s")

    assert int(files) > 100
    assert int(failed) == 0


def test_roles_come_and_go(life: Life):
    life.patch(
        {"proxy": {"enabled": True, "jvm": {"heap": "128Mi", "directMemory": "64Mi"}}, "workers": {"replicas": 2}}
    )
    life.ready()
    assert get("deployment", f"{NAME}-proxy", HOME)
    budget = get("poddisruptionbudget", f"{NAME}-worker", HOME)
    assert budget
    name = budget["metadata"]["name"]
    kubectl("patch", "poddisruptionbudget", name, "-n", HOME, "--type=merge", '--patch={"spec":{"maxUnavailable":7}}')
    until(
        lambda: (get("poddisruptionbudget", name, HOME) or {})["spec"] == budget["spec"], 30, "drift is put right",
        life.operator.explain,
    )  # fmt: skip

    life.patch({"proxy": {"enabled": False}, "workers": {"replicas": 1}, "jobService": {"enabled": False}})
    life.ready()
    until(lambda: not get("deployment", f"{NAME}-proxy", HOME), 30, "what nobody wants any more is gone")
    assert not get("poddisruptionbudget", f"{NAME}-worker", HOME)
    assert not get("statefulset", f"{NAME}-jobmaster", HOME)


def test_a_presto_is_looked_after_too(life: Life):
    presto = yaml.safe_load((ROOT / "config" / "samples" / "presto" / "small.yaml").read_text())
    presto["metadata"]["namespace"] = HOME
    presto["spec"]["image"] = LIGHT_IMAGE
    apply(presto)
    plural = "prestos.alluxio-operator.io"

    def told() -> bool:
        found = get(plural, presto["metadata"]["name"], HOME) or {}
        return bool(found.get("status", {}).get("conditions"))

    until(told, 30, "the operator says how it is", life.operator.explain)
    kubectl("delete", plural, presto["metadata"]["name"], "-n", HOME, "--wait", "--timeout=30s")


def test_a_cluster_can_be_deleted_without_the_operator(life: Life):
    life.operator.unsubscribe()

    kubectl("delete", ALX, NAME, "-n", HOME, "--wait", "--timeout=30s")

    until(lambda: not life.alluxio_pods(), 90, "its pods are gone")
    kept = {claim["metadata"]["name"] for claim in items("pvc", HOME)}
    assert {f"journal-{NAME}-master-0", f"{NAME}-ufs"} <= kept, "the data stays"
