"""A minimal client of the API server, from inside its network: enough to inspect and set up the cluster."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dev.cluster import network, plan
from dev.cluster.errors import ClusterError
from dev.cluster.plan import Node

FIELD_MANAGER = "dev-cluster"


class Api:
    """The API server of the cluster, as its administrator."""

    def __init__(self, first: Node, pki: Path) -> None:
        self._first = first
        self._pki = pki

    def ready(self) -> bool:
        """Return True if the API server reports itself ready."""
        try:
            return self._request("GET", "/readyz", None)[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def get(self, path: str) -> dict[str, Any] | None:
        """Read an object; None if it doesn't exist or the API server doesn't answer."""
        try:
            status, body = self._request("GET", path, None)
        except OSError:
            return None
        return _parsed(body) if status == http.HTTPStatus.OK else None

    def delete(self, path: str) -> None:
        """Delete an object if it exists."""
        self._request("DELETE", path, None)

    def apply(self, collection: str, manifest: Mapping[str, Any]) -> None:
        """Create or update an object (server-side apply). Raise ClusterError."""
        name = manifest["metadata"]["name"]
        path = f"{collection}/{name}?fieldManager={FIELD_MANAGER}&force=true"
        status, body = self._request("PATCH", path, json.dumps(manifest))
        if status not in (http.HTTPStatus.OK, http.HTTPStatus.CREATED):
            raise ClusterError(f"the API server rejected {collection}/{name}: {body[:500]}", "kube-apiserver")

    def node_is_ready(self, name: str, since: float = 0) -> bool:
        """Return True if a node is registered and its kubelet reported it Ready after `since`."""
        return is_ready(self.get(f"/api/v1/nodes/{name}"), since)

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        return network.call_inside(self._first, lambda: self._send(method, path, body))

    def _send(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        try:
            context = ssl.create_default_context(cafile=str(self._pki / "ca.crt"))
            context.load_cert_chain(str(self._pki / "admin.crt"), str(self._pki / "admin.key"))
        except FileNotFoundError as missing:
            raise ConnectionError("the cluster has no certificates") from missing
        connection = http.client.HTTPSConnection(self._first.address, plan.API_PORT, timeout=5, context=context)
        try:
            connection.request(method, path, body, {"Content-Type": "application/apply-patch+yaml"} if body else {})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except http.client.HTTPException as failure:
            raise ConnectionError(str(failure)) from failure
        finally:
            connection.close()


def is_ready(node: Mapping[str, Any] | None, since: float) -> bool:
    """Return True if a Node object is Ready; a heartbeat before `since` is an earlier kubelet's and doesn't count."""
    conditions = ((node or {}).get("status") or {}).get("conditions") or []
    ready = [each for each in conditions if each["type"] == "Ready" and each["status"] == "True"]
    return any(datetime.fromisoformat(each["lastHeartbeatTime"]).timestamp() >= since for each in ready)


def _parsed(body: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(body)
    return content
