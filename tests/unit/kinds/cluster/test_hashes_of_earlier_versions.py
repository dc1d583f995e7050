"""An upgrade of the operator replaces no pod: the hashes are those that an earlier version computed.

hashes.json holds what the operator computed before it had defaults for clients, a lock for backups and a quick end of
workers. If a hash has to change, that is a restart in every cluster: say so in CHANGELOG.md and in docs/changes.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.builders import resource

from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.validate import Cluster, validate

Json = dict[str, Any]
HASHES: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("hashes.json").read_text(encoding="utf-8"))
CLIENTS: Json = {"proxy": {"enabled": True}, "fuse": {"enabled": True}}
LOCK = "alluxio.master.shell.backup.state.lock"
SPECS: dict[str, Json] = {
    "small": {},
    "2.9.3": {"version": "2.9.3"},
    "highly available": {"masters": {"replicas": 3}, "workers": {"replicas": 3}},
    "proxy and mounts": CLIENTS,
    "DaemonSet with sockets": {
        "workers": {"workload": "DaemonSet", "replicas": None, "shortCircuit": {"policy": "Uuid"}}
    },
    "no metrics of clients": {**CLIENTS, "properties": {"alluxio.user.metrics.collection.enabled": "false"}},
    "no metrics of workers": {"workers": {"properties": {"alluxio.user.metrics.collection.enabled": "false"}}},
    "no dynamic update": {"properties": {"alluxio.conf.dynamic.update.enabled": "false"}},
    "own lock and no dynamic update": {
        "properties": {"alluxio.conf.dynamic.update.enabled": "false", f"{LOCK}.try.duration": "5s"}
    },
    "own time-out of clients": {**CLIENTS, "properties": {"alluxio.network.connection.auth.timeout": "5s"}},
    "own threshold of disks": {"properties": {"alluxio.master.journal.space.monitor.percent.free.threshold": "20"}},
    "pull Secrets": {**CLIENTS, "image": {"pullSecrets": [{"name": "registry"}]}},
    "pull policy": {**CLIENTS, "image": {"pullPolicy": "Always"}},
    "S3": {
        "rootMount": {
            "volume": None,
            "uri": "s3://lake/warehouse",
            "s3": {"endpoint": "http://s3:9000", "credentials": {"secretName": "keys"}},
        }
    },
}


def hashes(over: Json) -> dict[str, str]:
    # An earlier version recorded nothing of how the masters know each other.
    journal = {"state": "Initialized", "operation": "x", "members": over.get("masters", {}).get("replicas", 1)}
    found = validate(resource(status={"journal": journal}, **over))
    assert isinstance(found, Cluster)
    context = context_of(found, JournalValues())
    return {role: values["configHash"] for role, values in context["roles"].items()}


@pytest.mark.parametrize("name", SPECS)
def test_no_role_restarts_for_an_upgrade_of_the_operator(name: str):
    assert hashes(SPECS[name]) == HASHES[name]


def test_every_recorded_hash_belongs_to_a_spec():
    assert HASHES.keys() == SPECS.keys()
