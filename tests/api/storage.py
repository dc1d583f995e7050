"""Storage of one test on a real API server: classes, and volumes that are bound by hand."""

from __future__ import annotations

from typing import Any

from tests.api.stage import Stage, until
from tests.support.builders import merged
from tests.support.volumes import volume_for

from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES = "/api/v1/persistentvolumes"


class Storage:
    """Storage classes of one test, and volumes in them."""

    def __init__(self, stage: Stage, driver: str = "example.com") -> None:
        self.stage = stage
        self.driver = driver
        self.grows, self.stays = (f"{stage.namespace}-{word}" for word in ("grows", "stays"))
        self._volumes: list[str] = []

    def open(self) -> None:
        """Make a class that allows claims to grow, and one that doesn't."""
        for name, allowed in ((self.grows, True), (self.stays, False)):
            body = {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "provisioner": "example.com/nobody",
                "allowVolumeExpansion": allowed,
            }
            self.stage.api.call("POST", CLASSES, body, ok=True)

    def close(self) -> None:
        """Remove what belongs to no namespace."""
        for path in (
            *(f"{VOLUMES}/{name}" for name in self._volumes),
            *(f"{CLASSES}/{c}" for c in (self.grows, self.stays)),
        ):
            self.stage.api.call("DELETE", path)

    def claims(self) -> dict[str, Json]:
        """Return all claims of the namespace."""
        found = self.stage.api.kube.list(KINDS["PersistentVolumeClaim"].path(self.stage.namespace))
        return {one["metadata"]["name"]: one for one in found}

    def sizes(self) -> dict[str, str]:
        """Return what each claim asks for."""
        return {name: one["spec"]["resources"]["requests"]["storage"] for name, one in self.claims().items()}

    def bind(self) -> None:
        """Bind every claim to a volume of its own, and wait until that is seen."""
        for claim in self.claims().values():
            if claim["status"]["phase"] != "Bound":
                self._make_volume(claim)
        until(lambda: all(one["status"]["phase"] == "Bound" for one in self.claims().values()))

    def resize(self) -> None:
        """Give every volume what its claim asks for."""
        for name, claim in self.claims().items():
            has = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
            path = KINDS["PersistentVolumeClaim"].path(self.stage.namespace, name, "status")
            assert self.stage.api.merge(path, {"status": {"capacity": has, "conditions": None}}).status == 200

    def _make_volume(self, claim: Json) -> None:
        body = volume_for(claim, self.driver)
        if self.stage.api.call("POST", VOLUMES, body).status != 409:
            self._volumes.append(body["metadata"]["name"])


def wish(kind: str, journal: str = "1Gi", ssd: str = "5Gi", quota: str = "4Gi", logs: str = "1Gi", **over: Any) -> Json:
    """Return what a spec says of volumes."""
    tier = {"name": "SSD", "quota": quota, "storage": {"claim": {"size": ssd, "storageClassName": kind}}}
    base = {
        "masters": {"replicas": 3, "journal": {"storage": {"size": journal, "storageClassName": kind}}},
        "workers": {"tiers": [tier]},
        "logServer": {"storage": {"size": logs, "storageClassName": kind}},
        "rootMount": {"volume": {"storageClassName": kind}},
    }
    return merged(base, over)
