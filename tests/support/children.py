"""Generated children whose relevant and irrelevant fields are often equal and often different."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

OURS = "alluxio-operator.io"
MANAGED = {"app.kubernetes.io/managed-by": "alluxio-operator"}
REFERENCES: tuple[Json, ...] = (
    {"apiVersion": f"{OURS}/v1alpha1", "kind": "AlluxioCluster", "name": "one", "uid": "o-1"},
    {"apiVersion": f"{OURS}/v1beta1", "kind": "Presto", "name": "two", "uid": "o-2"},
    {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other", "uid": "o-3"},
)
LABELS: tuple[Json, ...] = (
    {},
    {f"{OURS}/owner": "one"},
    {f"{OURS}/owner-kind": "AlluxioCluster", f"{OURS}/owner": "one"},
    {f"{OURS}/owner-kind": "Presto", f"{OURS}/owner": "two", "team": "data"},
    {f"{OURS}/owner-kind": "Presto", f"{OURS}/owner": ""},
)
COUNTS = ("replicas", "readyReplicas", "numberReady", "active", "succeeded", "failed", "collisionCount")
CONDITIONS: tuple[Json, ...] = (
    {"type": "Complete", "status": "True"},
    {"type": "Complete", "status": "False", "reason": "No"},
    {"type": "Failed", "status": "True"},
)


@cache
def objects(kind: str, owners: st.SearchStrategy[Json] | None = None) -> st.SearchStrategy[Json]:
    """Return objects with the same name; `owners` generates their ownerReferences and labels."""
    metadata = st.builds(
        lambda fixed, owner, free: fixed | owner | free,
        st.fixed_dictionaries(
            {
                "name": st.just("one-master"),
                "namespace": st.just("data"),
                "uid": st.sampled_from(("u-1", "u-2")),
            }
        ),
        references_and_labels() if owners is None else owners,
        st.fixed_dictionaries(
            {},
            optional={
                "generation": st.integers(1, 2),
                "deletionTimestamp": st.just("2026-01-01T00:00:00Z"),
                "managedFields": st.just([{"manager": "kubectl"}]),
            },
        ),
    )
    status = st.fixed_dictionaries(
        {},
        optional={
            **{name: st.integers(0, 1) for name in COUNTS},
            "currentRevision": st.sampled_from(("a", "b")),
            "conditions": st.lists(st.sampled_from(CONDITIONS), max_size=2),
        },
    )
    return st.builds(lambda head, tail: _stored(kind, head, tail), metadata, st.none() | status)


def references_and_labels() -> st.SearchStrategy[Json]:
    """Return the parts of the metadata that may name an owner."""
    return st.fixed_dictionaries(
        {},
        optional={
            "ownerReferences": st.lists(st.sampled_from(REFERENCES), max_size=2, unique_by=lambda one: one["uid"]),
            "labels": st.sampled_from(LABELS).map(lambda labels: MANAGED | labels),
        },
    )


def _stored(kind: str, metadata: Json, status: Json | None) -> Json:
    # As in the API server, other content has another version.
    content = {"kind": kind, "metadata": metadata} | ({} if status is None else {"status": status})
    version = str(zlib.crc32(repr(sorted(_flat(content))).encode()))
    return content | {"metadata": metadata | {"resourceVersion": version}}


def _flat(node: Any, path: str = "") -> list[str]:
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in _flat(value, f"{path}/{key}")]
    if isinstance(node, list):
        return [leaf for place, value in enumerate(node) for leaf in _flat(value, f"{path}/{place}")]
    return [f"{path}={node}"]
