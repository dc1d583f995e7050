#!/usr/bin/env -S python3 -I -S
"""Wakes the owner of an object that the operator made, when that object changes, gets ready or disappears.

An object that loses the operator's label comes as Deleted, so drift of the label itself is seen, too.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "src"))

from alluxio_operator.hook import namespace_selector, run

# The owner reference comes first, as a label is easier to lose; volumes that outlive their owner have no reference.
IDENTITY = """
  ((.metadata.ownerReferences // []) | map(select(.apiVersion | startswith("alluxio-operator.io/"))) | first) as $ref
  | (.metadata.labels // {}) as $labels
  | {wake: {kind: ($ref.kind // $labels["alluxio-operator.io/owner-kind"]), namespace: .metadata.namespace,
            name: ($ref.name // $labels["alluxio-operator.io/owner"]), child: {kind, name: .metadata.name}},
     uid: .metadata.uid, $labels, owners: [.metadata.ownerReferences[]?.uid],
     deleting: (.metadata.deletionTimestamp != null)}"""

# Kinds without a generation; their versions change seldom, and tell the operator its own writes from others'.
VERSION = r'{wake: {child: {version: "\(.metadata.uid)/\(.metadata.resourceVersion)"}}}'
WORKLOAD = """{generation: .metadata.generation} + ((.status // {}) | {
  observedGeneration, replicas, readyReplicas, availableReplicas, updatedReplicas, currentRevision, updateRevision,
  desiredNumberScheduled, numberReady, numberAvailable, updatedNumberScheduled})"""
JOB = """{generation: .metadata.generation} + ((.status // {}) | {active, succeeded, failed})
  + {conditions: [.status.conditions[]? | select(.status == "True") | .type]}"""

KINDS = (
    ("apps/v1", "StatefulSet", WORKLOAD),
    ("apps/v1", "DaemonSet", WORKLOAD),
    ("apps/v1", "Deployment", WORKLOAD),
    ("batch/v1", "Job", JOB),
    # Its status is another's business and changes with each pod; only what we write counts.
    ("policy/v1", "PodDisruptionBudget", "{generation: .metadata.generation}"),
    ("v1", "ConfigMap", VERSION),
    ("v1", "Service", VERSION),
    ("v1", "ServiceAccount", VERSION),
    ("v1", "PersistentVolumeClaim", VERSION),
)


def config(environ):
    return {
        "configVersion": "v1",
        # A rollout makes hundreds of events; those that wait for a run are handed to it together.
        "settings": {"executionMinInterval": "500ms", "executionBurst": 12},
        "kubernetes": [
            {
                "name": kind,
                "apiVersion": api_version,
                "kind": kind,
                "labelSelector": {"matchLabels": {"app.kubernetes.io/managed-by": "alluxio-operator"}},
                **namespace_selector(environ),
                "jqFilter": f"({IDENTITY}) * ({change})",
                "keepFullObjectsInMemory": False,
                "executeHookOnSynchronization": True,
                "queue": "children",
            }
            for api_version, kind, change in KINDS
        ],
    }


run(config)
