#!/usr/bin/env -S python3 -I -S
"""Wakes a Presto when somebody creates, edits or deletes it.

The filter leaves out the status, which the operator writes itself: watching it would be an endless loop.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "src"))

from alluxio_operator.hook import namespace_selector, run

FILTER = """{
  wake: {kind, namespace: .metadata.namespace, name: .metadata.name},
  uid: .metadata.uid, generation: .metadata.generation, deletionTimestamp: .metadata.deletionTimestamp,
  annotations: ((.metadata.annotations // {}) | with_entries(select(.key | startswith("alluxio-operator.io/"))))
}"""


def config(environ):
    return {
        "configVersion": "v1",
        "kubernetes": [
            {
                "name": "prestos",
                "apiVersion": "alluxio-operator.io/v1alpha1",
                "kind": "Presto",
                **namespace_selector(environ),
                "jqFilter": FILTER,
                "keepFullObjectsInMemory": False,
                "executeHookOnSynchronization": True,
                # Its own queue, so that a resync doesn't delay an edit.
                "queue": "edits",
            }
        ],
    }


run(config)
