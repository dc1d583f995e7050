"""The kinds of children, and what an owner has to know of each: as data, and as the jq of the hooks' filters.

`alluxio_operator.engine.children` says the same in Python, for the server's own watch. Imports nothing, as a hook reads
it without site-packages.
"""

from __future__ import annotations

GROUP = "alluxio-operator.io"
OWNER_KIND_LABEL = f"{GROUP}/owner-kind"
OWNER_LABEL = f"{GROUP}/owner"
MANAGED_BY = "alluxio-operator"
"""Value of the label app.kubernetes.io/managed-by of everything that the operator makes."""
MANAGED_BY_LABEL = {"app.kubernetes.io/managed-by": MANAGED_BY}
"""The label by which children are watched."""

BINDING = "child-"
"""Begin of the name of each binding to a kind of children."""

ROLLOUT = (
    "observedGeneration",
    "replicas",
    "readyReplicas",
    "availableReplicas",
    "updatedReplicas",
    "currentRevision",
    "updateRevision",
    "currentNumberScheduled",
    "desiredNumberScheduled",
    "numberReady",
    "numberAvailable",
    "updatedNumberScheduled",
)
"""What a rollout's progress shows in; the rest of a workload's status changes without meaning anything here."""

PODS = ("active", "succeeded", "failed")
"""What a Job counts; of its conditions those matter that hold."""

OF_WORKLOAD, OF_JOB, OF_METADATA, EVERY_VERSION = "workload", "job", "metadata", "version"

KINDS = (
    ("apps/v1", "StatefulSet", OF_WORKLOAD),
    ("apps/v1", "DaemonSet", OF_WORKLOAD),
    ("apps/v1", "Deployment", OF_WORKLOAD),
    ("batch/v1", "Job", OF_JOB),
    ("v1", "ConfigMap", EVERY_VERSION),
    ("v1", "Service", EVERY_VERSION),
    ("v1", "ServiceAccount", EVERY_VERSION),
    ("v1", "PersistentVolumeClaim", EVERY_VERSION),
    ("networking.k8s.io/v1", "NetworkPolicy", OF_METADATA),
    ("policy/v1", "PodDisruptionBudget", OF_METADATA),
)
"""Each kind, and which of its changes an owner has to know of."""

_OWNER = f"""
  ((.metadata.ownerReferences // []) | map(select(.apiVersion | startswith("{GROUP}/"))) | first) as $reference
  | (.metadata.labels // {{}}) as $labels
  | (if $reference then $reference | {{kind, name}}
     else {{kind: $labels["{OWNER_KIND_LABEL}"], name: $labels["{OWNER_LABEL}"]}} end) as $owner"""

_METADATA = """{
    uid: .metadata.uid, generation: .metadata.generation, labels: $labels,
    owners: [(.metadata.ownerReferences // [])[].uid], deleting: (.metadata.deletionTimestamp != null)}"""

_STATES = {
    OF_WORKLOAD: f"{_METADATA} + ((.status // {{}}) | {{{', '.join(ROLLOUT)}}})",
    OF_JOB: f"""{_METADATA} + ((.status // {{}}) | {{{", ".join(PODS)}}})
  + {{conditions: [(.status.conditions // [])[] | select(.status == "True") | .type]}}""",
    OF_METADATA: _METADATA,
    EVERY_VERSION: "{}",
}


def filter_for(kind: str, state: str) -> str:
    """Return the jq that says of an object of `kind` whom it wakes, and what is compared of it from event to event."""
    version = r', version: "\(.metadata.uid)/\(.metadata.resourceVersion)"' if state == EVERY_VERSION else ""
    child = f'{{kind: "{kind}", name: .metadata.name{version}}}'
    return f"{_OWNER}\n  | {{wake: ($owner + {{namespace: .metadata.namespace, child: {child}}})}} + {_STATES[state]}"
