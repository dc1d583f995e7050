"""What is left in a namespace in the end, as parsed objects without what differs from run to run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.api.stage import Api, Json

from alluxio_operator.kinds.discovery import descriptors
from alluxio_operator.kube.client import FIELD_MANAGER

NOT_COMPARED = frozenset({"Event", "Endpoints", "EndpointSlice", "Lease", "ControllerRevision"})
"""Told for people, or made by controllers from addresses, or one for each revision that there ever was."""

OWNERS = frozenset(one.kind for one in descriptors())
"""Kinds of which the operator writes the status."""

VOLATILE = frozenset(
    {
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "time",
        "lastTransitionTime",
        "lastProbeTime",
        "lastUpdateTime",
        "startTime",
        "startedAt",
        "finishedAt",
        "completionTime",
        "podIP",
        "podIPs",
        "hostIP",
        "hostIPs",
        "nodeName",
        "clusterIP",
        "clusterIPs",
        "nodePort",
        "containerID",
        "currentRevision",
        "updateRevision",
        "collisionCount",
        "observedGeneration",
        "generation",
        # How many changes there were hangs on which of several edits an operator was there for.
        "history",
    }
)
PASSING = (
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "controller-revision-hash",
    "pod-template-hash",
    "pod-template-generation",
    "controller-uid",
)
GENERATED = re.compile(r"kube-api-access-[a-z0-9]{5}")
HASH = re.compile(r"\b[0-9a-f]{16}\b")
"""A configuration's hash: the names in it hold the namespace."""

State = dict[str, Json]
"""Objects by kind and name."""


def listed(api: Api) -> list[tuple[str, str]]:
    """Return kind and collection (with {namespace}) of everything in namespaces that can be listed."""
    groups = api.call("GET", "/apis", ok=True).body["groups"]
    roots = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]
    found = []
    for root in roots:
        for resource in api.call("GET", root, ok=True).body["resources"]:
            plain = "/" not in resource["name"] and resource["namespaced"] and "list" in resource["verbs"]
            if plain and resource["kind"] not in NOT_COMPARED:
                found.append((resource["kind"], f"{root}/namespaces/{{namespace}}/{resource['name']}"))
    return found


def end_state(api: Api, collections: list[tuple[str, str]], namespace: str) -> State:
    """Return everything in a namespace, by kind and name."""
    found: State = {}
    items = [
        (kind, item)
        for kind, path in collections
        for item in api.call("GET", path.format(namespace=namespace), ok=True).body["items"]
    ]
    # An operation's name holds the beginning of the resource's uid.
    whole = [item["metadata"]["uid"] for kind, item in items if kind in OWNERS]
    uids = [*whole, *(uid[:8] for uid in whole)]
    cleaner = _Cleaner(namespace, uids)
    for kind, item in items:
        meta = item["metadata"]
        name = meta["name"]
        if "Job" in (kind, *(owner["kind"] for owner in meta.get("ownerReferences", ()))):
            # What is done goes by its time to live; how many Jobs there ever were is counted elsewhere.
            continue
        if "generateName" in meta and meta.get("ownerReferences", [{}])[0].get("kind") == "ReplicaSet":
            name = f"{_without_hash(meta['generateName'])}*"
        elif kind == "ReplicaSet":
            # One for each template that there ever was; those that are scaled down are only history.
            if not item["spec"]["replicas"]:
                continue
            name = _without_hash(f"{name}-")
        clean = cleaner.clean({**item, "kind": kind})
        clean["metadata"]["name"] = name
        found[f"{kind}/{cleaner.text(name)}"] = clean
    return found


def difference(expected: State, found: State) -> list[str]:
    """Return in lines what differs between two end states; nothing when they are equal."""
    lines = [f"missing: {ref}" for ref in sorted(expected.keys() - found.keys())]
    lines += [f"left over: {ref}" for ref in sorted(found.keys() - expected.keys())]
    for ref in sorted(expected.keys() & found.keys()):
        lines += [f"{ref}{where}" for where in _differences(expected[ref], found[ref], "")]
    return lines


class _Cleaner:
    def __init__(self, namespace: str, uids: list[str]) -> None:
        self._namespace = namespace
        self._uids = uids

    def clean(self, item: Json) -> Json:
        result: Json = self._clean(item)
        meta = result["metadata"]
        meta.pop("generateName", None)
        meta.pop("selfLink", None)
        # Which fields the operator owns is a part of what it did; those of controllers are their own business.
        meta["managedFields"] = [
            entry for entry in meta.get("managedFields", ()) if entry.get("manager") == FIELD_MANAGER
        ]
        for owner in meta.get("ownerReferences", ()):
            if owner["kind"] == "ReplicaSet":
                owner["name"] = _without_hash(f"{owner['name']}-")
        if proof := result.get("status", {}).get("writeProof"):
            # It names the leader's pod by uid, and an operator that starts tests again.
            proof.pop("leader", None)
            proof.pop("checked", None)
        if item["kind"] == "Pod":
            result["status"] = {"phase": item["status"].get("phase")}
        elif item["kind"] not in OWNERS:
            result.get("status", {}).pop("conditions", None)
        return result

    def _clean(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                self.text(key): self._clean(one)
                for key, one in value.items()
                if key not in VOLATILE and not any(key.endswith(label) for label in PASSING)
            }
        if isinstance(value, list):
            return [self._clean(one) for one in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        text = text.replace(self._namespace, "NAMESPACE")
        for uid in self._uids:
            text = text.replace(uid, "UID")
        return HASH.sub("HASH", GENERATED.sub("kube-api-access", text))


def _without_hash(prefix: str) -> str:
    return prefix.rstrip("-").rpartition("-")[0] or prefix


def _differences(expected: Any, found: Any, where: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}):
            yield from _differences(expected.get(key), found.get(key), f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for n, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(one, other, f"{where}[{n}]")
    elif expected != found:
        yield f"{where}: expected {str(expected)[:200]}, found {str(found)[:200]}"
