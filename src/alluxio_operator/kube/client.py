"""A thin client: raw JSON objects over the official client's connection pool and authentication.

The official client's models cost a conversion per object, and its dynamic client a discovery per start. Server-side
apply needs neither: it sends a dictionary, and the operator reads a few fields of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlencode

import urllib3
from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.watch.watch import iter_resp_lines

from alluxio_operator.kube.errors import ApiError, error_for
from alluxio_operator.kube.kinds import KINDS, Object
from alluxio_operator.kube.nesting import parse
from alluxio_operator.kube.text import as_json
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.http import bound_reads, budget

FIELD_MANAGER = "alluxio-operator"
PAGE = 500
"""Objects per answer of a list: what kubectl asks for."""
NOBODYS_VERSION = "1"
"""A resourceVersion that no object has: the revision of an empty etcd."""
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA_ONLY_EVENTS = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class Kube:
    """Calls to the API server, each bounded by a time-out and, once bound by `within`, by a deadline."""

    def __init__(self, api: ApiClient, deadline: Deadline | None = None, timeout: float = 10.0) -> None:
        self._api = api
        self._deadline = deadline
        self._timeout = timeout

    @classmethod
    def connect(cls, connections: int = 8) -> Kube:
        """Connect as the pod's service account, or as KUBECONFIG says outside a cluster."""
        configuration = Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException:
            config.load_kube_config(client_configuration=configuration)
        configuration.connection_pool_maxsize = connections
        # A watch is silent for minutes: without it, a lost server would go unnoticed.
        configuration.keep_alive = True
        # The queue retries: it knows the deadline, and serves other owners in between. One second attempt to connect
        # covers a pooled connection that the server closed.
        configuration.retries = urllib3.Retry(total=None, connect=1, read=0, redirect=0, status=0, other=0)
        api = ApiClient(configuration)
        bound_reads(api.rest_client.pool_manager)
        return cls(api)

    def within(self, deadline: Deadline) -> Kube:
        """Return the same client, bound to a deadline."""
        return Kube(self._api, deadline, self._timeout)

    def get(self, path: str) -> dict[str, Any]:
        """Read one object; raise NotFound."""
        return self._call("GET", path)

    def list(
        self, path: str, label_selector: str = "", *, field_selector: str = "", metadata_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Read the objects of a collection; with `metadata_only`, their metadata alone."""
        pages = self.pages(path, label_selector, field_selector=field_selector, metadata_only=metadata_only)
        for page in pages:
            # An empty list of metadata comes with null.
            yield from page.get("items") or ()

    def pages(
        self, path: str, label_selector: str = "", *, field_selector: str = "", metadata_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Read a collection page by page, each with the collection's version in its metadata."""
        accept = METADATA_ONLY if metadata_only else "application/json"
        query: dict[str, str | int] = {"limit": PAGE}
        if label_selector:
            query["labelSelector"] = label_selector
        if field_selector:
            query["fieldSelector"] = field_selector
        while True:
            page = self._call("GET", path, query=query, accept=accept)
            yield page
            token = page["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    def watch(
        self, path: str, label_selector: str, version: str, seconds: int, *, metadata_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Yield the events of a collection from `version` on, bookmarks too, until the server ends it after `seconds`.

        An event of type ERROR holds a Status, with code 410 when the version is too old.
        """
        query: dict[str, str | int] = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "labelSelector": label_selector,
            "resourceVersion": version,
            "timeoutSeconds": seconds,
        }
        accept = METADATA_ONLY_EVENTS if metadata_only else "application/json"
        timeout = (self._timeout, seconds + self._timeout)
        answer = self._request("GET", path, query=query, accept=accept, timeout=timeout)
        try:
            if answer.status >= 300:
                raise error_for(f"WATCH {path}", answer.status, answer.read(), answer.headers.get("Retry-After"))
            for line in iter_resp_lines(answer.response):
                if line:
                    yield parse(line.encode(), path)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise ApiError(f"WATCH {path}", 0, f"cut off: {error}") from error
        finally:
            # The connection is in the midst of an answer, so it must not return to the pool.
            answer.response.close()

    def apply(self, namespace: str, obj: Object, *, absent: bool = False, dry_run: bool = False) -> dict[str, Any]:
        """Apply an object server-side; raise Refused with the server's own sentence.

        Forced, since the operator owns the fields that it renders: a value that another manager set is drift. With
        `absent` it raises Conflict if any object of the name exists: the API server refuses an apply that names
        another version, and creates the object where there is none. With `dry_run` it returns the result and writes
        nothing.
        """
        path = KINDS[obj["kind"]].path(namespace, obj["metadata"]["name"])
        query = {"fieldManager": FIELD_MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        if absent:
            obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": NOBODYS_VERSION}}
        return self._call("PATCH", path, query=query, body=as_json(obj), content="application/apply-patch+yaml")

    def create(self, path: str, body: Object, *, manager: str = FIELD_MANAGER) -> dict[str, Any]:
        """Create an object; raise Conflict when it exists."""
        return self._call("POST", path, query={"fieldManager": manager}, body=body)

    def replace(
        self, path: str, body: Object, *, dry_run: bool = False, manager: str = FIELD_MANAGER
    ) -> dict[str, Any]:
        """Replace an object or its status; raise Conflict when its resourceVersion is no longer the current one.

        With `dry_run` it returns the result and writes nothing.
        """
        query = {"fieldManager": manager, **({"dryRun": "All"} if dry_run else {})}
        return self._call("PUT", path, query=query, body=body)

    def merge(self, path: str, patch: Object, *, manager: str = FIELD_MANAGER) -> dict[str, Any]:
        """Merge a patch into an object: lists are replaced as a whole."""
        query = {"fieldManager": manager}
        return self._call("PATCH", path, query=query, body=patch, content="application/merge-patch+json")

    def delete(self, path: str, uid: str | None = None, *, orphan: bool = False) -> None:
        """Delete an object and, in the background, its dependents; with `orphan`, its dependents stay.

        With `uid`, raise Conflict if the object has another one. An object whose dependents are orphaned exists for a
        moment longer.
        """
        options: dict[str, Any] = {"propagationPolicy": "Orphan" if orphan else "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        self._call("DELETE", path, body=options)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Object | str | None = None,
        content: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        call = f"{method} {path}"
        timeout = self._deadline.remaining(self._timeout) if self._deadline else self._timeout
        # A timeout bounds one read; a proxy that passes the answer on byte by byte would renew it forever.
        with budget(timeout):
            answer = self._request(
                method, path, query=query, body=body, content=content, accept=accept, timeout=timeout
            )
            try:
                data = answer.read()
            except urllib3.exceptions.HTTPError as error:
                raise ApiError(call, 0, f"no answer: {error}") from error
        if answer.status >= 300:
            raise error_for(call, answer.status, data, answer.headers.get("Retry-After"))
        return cast(dict[str, Any], parse(data, path))

    def _request(
        self,
        method: str,
        path: str,
        *,
        accept: str,
        timeout: float | tuple[float, float],
        query: Mapping[str, str | int] | None = None,
        body: Object | str | None = None,
        content: str = "application/json",
    ) -> Any:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content
        self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = self._api.configuration.host + path + (f"?{urlencode(query)}" if query else "")
        try:
            return self._api.rest_client.request(method, url, headers=headers, body=body, _request_timeout=timeout)
        except (urllib3.exceptions.HTTPError, ApiException) as error:
            raise ApiError(f"{method} {path}", 0, f"no answer: {error}") from error
