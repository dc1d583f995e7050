"""The binding and protection of PVCs, and the garbage collection of objects whose owners are gone."""

from __future__ import annotations

from tests.simulation.state import Json, State, path_of
from tests.simulation.store import ORPHANING


class Volumes(State):
    """Binds, expands and removes PVCs with the data on them, and deletes what has no owner any longer."""

    def _claims(self) -> None:
        mounted: dict[tuple[str, str], bool] = {}
        for pod in self.store.kind("Pod"):
            if pod["status"].get("phase") == "Succeeded":
                # The protection of PVCs doesn't count pods that have ended.
                continue
            for volume in pod["spec"].get("volumes", ()):
                key = pod["metadata"]["namespace"], volume["claim"]
                mounted[key] = mounted.get(key, False) or "nodeName" in pod["spec"]
        for claim in self.store.kind("PersistentVolumeClaim"):
            meta, status = claim["metadata"], claim.get("status", {})
            key = meta["namespace"], meta["name"]
            if "deletionTimestamp" in meta and key not in mounted:
                self.store.remove(path_of(claim))
                self._drop_volume(meta["uid"])
                continue
            has = claim["spec"]["resources"]["requests"]["storage"]
            if status.get("phase") == "Bound":
                if status["capacity"]["storage"] != has:
                    self.store.set_status(path_of(claim), {**status, "capacity": {"storage": has}})
            elif mounted.get(key):
                claim = self.store.put({**claim, "spec": {**claim["spec"], "volumeName": f"pv-{meta['uid']}"}})
                self.store.set_status(path_of(claim), {"phase": "Bound", "capacity": {"storage": has}})
            elif not status:
                self.store.set_status(path_of(claim), {"phase": "Pending"})

    def _drop_volume(self, uid: str) -> None:
        self.journals.pop(uid, None)
        self.aside = {key: raft for key, raft in self.aside.items() if key[0] != uid}
        for masters in self.masters.values():
            for block in masters.blocks:
                block.disk.discard(uid)
        gone = self.files.pop(uid, set())
        for masters in self.masters.values():
            for block in masters.blocks:
                if block.name in gone:
                    block.persisted = False

    def _collect(self) -> None:
        for obj in self.store.kind("StatefulSet"):
            if ORPHANING in obj["metadata"].get("finalizers", ()):
                self._orphan(obj)
        if self.collect_at is None or self.t < self.collect_at:
            return
        self.collect_at = None
        living = {obj["metadata"]["uid"] for obj in self.store.objects.values()}
        for path, obj in sorted(self.store.objects.items()):
            owners = obj["metadata"].get("ownerReferences", ())
            orphaned = owners and not any(ref["uid"] in living for ref in owners)
            if orphaned and path in self.store.objects and "deletionTimestamp" not in obj["metadata"]:
                self.store.begin_deletion(path)

    def _orphan(self, workload: Json) -> None:
        uid = workload["metadata"]["uid"]
        for _, obj in sorted(self.store.objects.items()):
            owners = obj["metadata"].get("ownerReferences", ())
            if any(ref["uid"] == uid for ref in owners):
                kept = [ref for ref in owners if ref["uid"] != uid]
                self.store.put({**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}})
        self.store.remove(path_of(workload))
