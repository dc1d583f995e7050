"""The default StorageClass: directories of a node, which local-path-provisioner creates on demand."""

from __future__ import annotations

import json
from typing import Any

from dev.cluster import native
from dev.cluster.paths import Paths
from dev.cluster.processes import Command
from dev.cluster.tools import Toolbox

NAMESPACE = "local-path-storage"
PROVISIONER = "rancher.io/local-path"
STORAGE_CLASS = "local-path"
DIRECTORY = "/var/lib/local-path"


def config_files() -> dict[str, str]:
    """Return the provisioner's configuration files by name."""
    everywhere = {"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [DIRECTORY]}
    config = {"nodePathMap": [everywhere], "setupCommand": "/volume", "teardownCommand": "/volume"}
    container = {"name": "helper", "image": native.IMAGE, "imagePullPolicy": "IfNotPresent"}
    helper = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper"},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }
    return {"storage.json": json.dumps(config, indent=2), "storage-helper.json": json.dumps(helper, indent=2)}


def provisioner(paths: Paths, tools: Toolbox, enter: tuple[str, ...]) -> Command:
    """Return the command of the provisioner."""
    return Command(
        name="local-path-provisioner",
        arguments=(
            tools.path("local-path-provisioner"),
            "start",
            f"--config={paths.run / 'storage.json'}",
            f"--helper-pod-file={paths.run / 'storage-helper.json'}",
            f"--kubeconfig={paths.kubeconfig}",
            f"--namespace={NAMESPACE}",
            f"--provisioner-name={PROVISIONER}",
            f"--helper-image={native.IMAGE}",
            "--service-account-name=default",
        ),
        wrapper=enter,
        content=json.dumps(config_files()),
    )


def manifests() -> list[tuple[str, dict[str, Any]]]:
    """Return its namespace and StorageClass, each as (collection, object)."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        # The helper pod mounts a directory of the node.
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "privileged"}},
    }
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": False,
    }
    return [("/api/v1/namespaces", namespace), ("/apis/storage.k8s.io/v1/storageclasses", storage_class)]
