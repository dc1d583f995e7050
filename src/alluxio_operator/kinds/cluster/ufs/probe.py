"""Asks the storage below the root mount whether it answers: the calls behind `ufs_guard`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import urllib3

from alluxio_operator.alluxio.side_by_side import side_by_side
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.kinds.cluster.ufs.endpoints import HDFS_SITE, UfsHealth, endpoints
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words

TIMEOUT: Final = 3.0
"""Seconds for one answer."""

AskUfs = Callable[[Kube, RootMount, str, Deadline], UfsHealth]
"""Asks the storage of a mount for a cluster of a namespace."""


class UfsProbe:
    """Asks without credentials: that the storage answers at all is what a start of a master needs."""

    def __init__(self) -> None:
        # Nothing is sent that has to be kept from anybody, and authorities of a company are known to its pods alone.
        self._pool = urllib3.PoolManager(cert_reqs="CERT_NONE", assert_hostname=False, retries=False)

    def __call__(self, kube: Kube, mount: RootMount, namespace: str, deadline: Deadline) -> UfsHealth:
        """Return how the storage is; well where one of its endpoints answers, or none is known."""
        urls = endpoints(mount, namespace, _hdfs_site(kube, mount, namespace))
        said = side_by_side({url: partial(self._trouble, url, deadline) for url in urls}, deadline)
        troubles = [f"{url}: {said.get(url, 'no answer in time')}" for url in urls]
        if not urls or None in said.values():
            return UfsHealth()
        return UfsHealth("; ".join(troubles))

    def _trouble(self, url: str, deadline: Deadline) -> str | None:
        try:
            answer = self._pool.request(
                "GET", url, timeout=deadline.remaining(TIMEOUT), preload_content=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            return in_words(error)
        answer.close()
        return f"HTTP {answer.status}" if answer.status >= 500 else None


def _hdfs_site(kube: Kube, mount: RootMount, namespace: str) -> str | None:
    source = mount.hdfs.config_from if mount.hdfs else None
    if source is None or source.config_map_name is None:
        return None
    try:
        found = kube.get(KINDS["ConfigMap"].path(namespace, source.config_map_name))
    except NotFound:
        return None
    text = found.get("data", {}).get(HDFS_SITE)
    return text if isinstance(text, str) else None
