"""What has to hold for the objects of every golden case: pod security, images, ports, selectors, references."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.golden.clusters import CASES, manifests_of, resource_of

from alluxio_operator.kinds.cluster.ports import ISOLATED

Json = dict[str, Any]
CLAIMS = "volumeClaimTemplates"
POD_NAME = "statefulset.kubernetes.io/pod-name"
OWNER_LABELS = {
    "alluxio-operator.io/owner-kind": "AlluxioCluster",
    "app.kubernetes.io/managed-by": "alluxio-operator",
}


def objects(case: str, *kinds: str) -> list[Json]:
    return [dict(m.obj) for m in manifests_of(case) if not kinds or m.ref.kind in kinds]


def pod_templates(case: str) -> list[tuple[str, Json]]:
    found = objects(case, "StatefulSet", "DaemonSet", "Deployment", "Job")
    return [(f"{obj['kind']} {obj['metadata']['name']}", obj["spec"]["template"]) for obj in found]


def containers(case: str) -> Iterator[tuple[str, Json, Json]]:
    for where, template in pod_templates(case):
        for container in (*template["spec"].get("initContainers", ()), *template["spec"]["containers"]):
            yield f"{where}, container {container['name']}", template["spec"], container


# --- the restricted Pod Security Standard -------------------------------------------------------------------------

RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


MORE_THAN_RESTRICTED = {
    "DaemonSet ways-fuse": {"fuse", "sockets"},
    "DaemonSet ways-worker": {"sockets"},
    "StatefulSet tiers-worker": {"tier-hdd"},
}
"""The pods that can't meet the restricted standard, as docs/security.md says, and their volumes of the node."""


@pytest.mark.parametrize("case", CASES)
def test_every_pod_meets_the_restricted_standard_but_those_that_need_the_node(case: str):
    for where, template in pod_templates(case):
        pod = template["spec"]
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, where
        assert context["runAsUser"] > 0, where
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, where
        assert not {"hostNetwork", "hostPID", "hostIPC", "sysctls"} & pod.keys(), where
        of_node = set()
        for volume in pod.get("volumes", ()):
            [source] = volume.keys() - {"name"}
            if source == "hostPath":
                of_node.add(volume["name"])
            else:
                assert source in RESTRICTED_VOLUMES, (where, volume)
        assert of_node == MORE_THAN_RESTRICTED.get(where, set()), where


@pytest.mark.parametrize("case", CASES)
def test_every_container_meets_the_restricted_standard_and_cannot_write_to_its_image(case: str):
    for where, _, container in containers(case):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True, where
        assert all("hostPort" not in port for port in container.get("ports", ())), where
        if container["name"] in ("host-folders", "fuse"):
            assert where.split(",")[0] in MORE_THAN_RESTRICTED, where
            continue
        assert context["allowPrivilegeEscalation"] is False, where
        assert context["capabilities"] == {"drop": ["ALL"]}, where
        assert not {"privileged", "procMount", "runAsUser"} & context.keys(), where


def test_who_gives_folders_of_the_node_to_alluxio_can_do_nothing_else():
    found = [
        (where, container)
        for case in CASES
        for where, _, container in containers(case)
        if container["name"] == "host-folders"
    ]

    assert len(found) == 2
    for where, container in found:
        context = container["securityContext"]
        assert (context["runAsUser"], context["allowPrivilegeEscalation"]) == (0, False), where
        assert context["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}, where
        assert not {"privileged"} & context.keys(), where


def test_only_fuse_is_privileged():
    privileged = [
        where
        for case in CASES
        for where, _, container in containers(case)
        if container["securityContext"].get("privileged")
    ]

    assert privileged == ["DaemonSet ways-fuse, container fuse"]


@pytest.mark.parametrize("case", CASES)
def test_no_pod_gets_a_token_of_the_api(case: str):
    for where, template in pod_templates(case):
        assert template["spec"]["automountServiceAccountToken"] is False, where
    for account in objects(case, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


# --- one image, names that meet -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_all_containers_run_the_same_image(case: str):
    # Those that read a backup file run the operator's own image.
    alluxio = [one for _, _, one in containers(case) if one.get("command", [])[:1] != ["python3"]]
    assert len({container["image"] for container in alluxio}) <= 1
    assert len({container["imagePullPolicy"] for _, _, container in containers(case)}) == 1


@pytest.mark.parametrize("case", CASES)
def test_selectors_match_the_labels_of_their_own_pods_and_of_no_others(case: str):
    labels = {where: template["metadata"]["labels"] for where, template in pod_templates(case)}
    for obj in objects(case, "StatefulSet", "DaemonSet", "Deployment"):
        own = f"{obj['kind']} {obj['metadata']['name']}"
        selector = obj["spec"]["selector"]["matchLabels"]
        assert [where for where, found in labels.items() if selector.items() <= found.items()] == [own]


@pytest.mark.parametrize("case", CASES)
def test_every_service_finds_pods_that_have_its_ports(case: str):
    templates = pod_templates(case)
    for service in objects(case, "Service"):
        name, spec = service["metadata"]["name"], service["spec"]
        # A pod of a StatefulSet gets its own name as a label; its template doesn't say so.
        selector = {key: value for key, value in spec["selector"].items() if key != POD_NAME}
        [pod] = [t["spec"] for _, t in templates if selector.items() <= t["metadata"]["labels"].items()]
        ports = [port for container in pod["containers"] for port in container.get("ports", ())]
        by_name = {port["name"]: port["containerPort"] for port in ports}
        for port in spec["ports"]:
            target = port.get("targetPort", port["port"])
            number = by_name.get(target) if isinstance(target, str) else target
            if ISOLATED in by_name and port["name"] == "rpc":
                # Nothing listens there: clients mustn't find names that aren't proven.
                assert number not in by_name.values(), (name, port)
                continue
            assert number in by_name.values(), (name, port)
            assert number == port["port"], (name, port)


@pytest.mark.parametrize("case", CASES)
def test_a_workload_names_a_service_that_is_headless_and_selects_it(case: str):
    services = {service["metadata"]["name"]: service["spec"] for service in objects(case, "Service")}
    for obj in objects(case, "StatefulSet"):
        service = services[obj["spec"]["serviceName"]]
        assert service["clusterIP"] == "None"
        assert service["publishNotReadyAddresses"] is True
        assert service["selector"] == obj["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize("case", CASES)
def test_ports_and_their_names_are_unique_in_a_pod_and_probes_name_them(case: str):
    for where, template in pod_templates(case):
        ports = [port for container in template["spec"]["containers"] for port in container.get("ports", ())]
        for key in ("name", "containerPort"):
            values = [port[key] for port in ports]
            assert len(values) == len(set(values)), (where, values)
    for where, _, container in containers(case):
        names = {port["name"] for port in container.get("ports", ())}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            for check in ("httpGet", "tcpSocket"):
                if check in container.get(probe, {}):
                    assert container[probe][check]["port"] in names, (where, probe)


@pytest.mark.parametrize("case", CASES)
def test_every_mount_has_its_volume_and_every_volume_its_mount(case: str):
    from_claims = {
        f"{obj['kind']} {obj['metadata']['name']}": {claim["metadata"]["name"] for claim in obj["spec"][CLAIMS]}
        for obj in objects(case, "StatefulSet")
        if CLAIMS in obj["spec"]
    }
    for where, template in pod_templates(case):
        pod = template["spec"]
        own = {volume["name"] for volume in pod.get("volumes", ())}
        everything = [*pod.get("initContainers", ()), *pod["containers"]]
        mounted = {mount["name"] for container in everything for mount in container["volumeMounts"]}
        assert own <= mounted, where
        assert mounted - own == from_claims.get(where, set()), where
    for where, _, container in containers(case):
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert len(paths) == len(set(paths)), where


@pytest.mark.parametrize("case", CASES)
def test_what_a_pod_refers_to_is_rendered_before_it(case: str):
    made = resource_of(case)
    seen: set[tuple[str, str]] = set()
    theirs = {made["spec"]["rootMount"].get("volume", {}).get("claimName")}
    for manifest in manifests_of(case):
        obj = manifest.obj
        if "template" in obj.get("spec", {}):
            pod = obj["spec"]["template"]["spec"]
            assert ("ServiceAccount", pod["serviceAccountName"]) in seen, manifest.ref
            for volume in pod.get("volumes", ()):
                # A user's own volumes are the user's to provide.
                if "configMap" in volume and volume["name"].endswith("-conf"):
                    assert ("ConfigMap", volume["configMap"]["name"]) in seen, manifest.ref
                claim = volume.get("persistentVolumeClaim", {}).get("claimName")
                if volume["name"] == "source":
                    # So is the volume with the backup that a new cluster restores.
                    continue
                assert claim is None or claim in theirs or ("PersistentVolumeClaim", claim) in seen, manifest.ref
            for container in pod["containers"]:
                for variable in container.get("env", ()):
                    source = variable.get("valueFrom", {}).get("configMapKeyRef")
                    if source and variable["name"].endswith("_JAVA_OPTS"):
                        assert ("ConfigMap", source["name"]) in seen, manifest.ref
        seen.add((manifest.ref.kind, manifest.ref.name))


@pytest.mark.parametrize("case", CASES)
def test_kubernetes_replaces_nothing_in_a_script(case: str):
    # $(NAME) would be replaced by a variable's value, $$ by a single $: a script would run as another one. What else
    # stands in such brackets is left alone, as no variable has a name like it.
    for where, _, container in containers(case):
        for word in (*container.get("command", ()), *container.get("args", ())):
            assert "$$" not in word, where
            if "\n" in word:
                assert not re.search(r"\$\([A-Za-z_.-][A-Za-z0-9_.-]*\)", word), where


@pytest.mark.parametrize("case", CASES)
def test_the_limits_of_every_container_are_set(case: str):
    for where, _, container in containers(case):
        assert "memory" in container["resources"]["limits"], where
        assert "memory" in container["resources"]["requests"], where


# --- whose it is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_everything_carries_the_owners_labels_and_lies_in_its_namespace(case: str):
    meta = resource_of(case)["metadata"]
    wanted = {
        **OWNER_LABELS,
        "alluxio-operator.io/owner": meta["name"],
        "app.kubernetes.io/managed-by": "alluxio-operator",
    }
    for obj in objects(case):
        assert wanted.items() <= obj["metadata"]["labels"].items(), obj["metadata"]["name"]
        assert obj["metadata"]["namespace"] == meta["namespace"]
    for where, template in pod_templates(case):
        assert wanted.items() <= template["metadata"]["labels"].items(), where


@pytest.mark.parametrize("case", CASES)
def test_everything_but_the_data_is_owned_by_the_resource(case: str):
    made = resource_of(case)
    retained = {"journal", "ufs"} if made["spec"].get("deletionPolicy", "Retain") == "Retain" else {"ufs"}
    for obj in objects(case):
        name = obj["metadata"]["name"]
        owners = obj["metadata"].get("ownerReferences", [])
        kept = obj["kind"] == "PersistentVolumeClaim" and (
            (name.startswith("journal-") and "journal" in retained) or (name.endswith("-ufs") and "ufs" in retained)
        )
        if kept:
            assert owners == [], name
        else:
            [owner] = owners
            assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (
                made["metadata"]["uid"],
                True,
                False,
            )


@pytest.mark.parametrize("case", CASES)
def test_the_order_is_configuration_then_workloads_then_services(case: str):
    orders = [manifest.order for manifest in manifests_of(case)]

    assert orders == sorted(orders)
    for manifest in manifests_of(case):
        layer = 1 if manifest.order < 30 else 2 if manifest.order < 70 else 3
        for_clients = ("-client", "-fuse") if manifest.ref.kind != "Service" else ("-client", "-proxy")
        if manifest.ref.name.endswith(for_clients):
            assert layer == 3, manifest.ref
        elif manifest.ref.kind in ("StatefulSet", "DaemonSet", "Deployment"):
            assert layer == 2, manifest.ref
        else:
            assert layer == 1, manifest.ref


@pytest.mark.parametrize("case", CASES)
def test_no_credential_of_a_secret_is_rendered(case: str):
    for manifest in manifests_of(case):
        assert manifest.ref.kind != "Secret"
