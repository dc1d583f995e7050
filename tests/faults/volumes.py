"""Storage of a cluster without machines: volumes that are bound by hand, and a resizer that gives what is asked for."""

from __future__ import annotations

from tests.api.stage import Api, Json
from tests.support.volumes import volume_for

from alluxio_operator.kube.kinds import KINDS

CLASS = "fault-tests-grows"
CLAIM = KINDS["PersistentVolumeClaim"]


def make_class(api: Api) -> None:
    """Have a storage class whose claims may grow; nobody provisions for it."""
    api.apply(
        f"/apis/storage.k8s.io/v1/storageclasses/{CLASS}",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": CLASS},
            # With any other the controller of volumes notes it on claims that it sees before they are bound.
            "provisioner": "kubernetes.io/no-provisioner",
            "allowVolumeExpansion": True,
        },
    )


def claims(api: Api, namespace: str) -> list[Json]:
    """Return the claims of that class."""
    found = api.call("GET", CLAIM.path(namespace), ok=True).body["items"]
    return [one for one in found if one["spec"].get("storageClassName") == CLASS]


def bind(api: Api, namespace: str) -> bool:
    """Make a volume for each claim that has none; tell whether all are bound."""
    found = claims(api, namespace)
    for claim in found:
        if claim["status"]["phase"] != "Bound":
            api.call("POST", "/api/v1/persistentvolumes", volume_for(claim))
    return bool(found) and all(claim["status"]["phase"] == "Bound" for claim in found)


def resize(api: Api, namespace: str) -> None:
    """Give every claim what it asks for."""
    for claim in claims(api, namespace):
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        if claim["status"].get("capacity", {}).get("storage") != wanted:
            path = CLAIM.path(namespace, claim["metadata"]["name"], "status")
            api.merge(path, {"status": {"capacity": {"storage": wanted}}})
