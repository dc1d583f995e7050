"""Probes the UFS of the root mount over HTTP, for `ufs_guard`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from urllib3.exceptions import HTTPError

from alluxio_operator.alluxio.side_by_side import side_by_side
from alluxio_operator.api.ufs import RootMount
from alluxio_operator.kinds.cluster.ufs.endpoints import HDFS_SITE, UfsHealth, endpoints, may_probe
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words
from alluxio_operator.transport.http import Address, AddressRefused, HttpClient, ResolverBusy

TIMEOUT: Final = 3.0
"""Timeout of one request, in seconds."""

MAX_BYTES: Final = 64 * 1024
"""Bytes of status and headers; nothing else of an answer counts."""

AskUfs = Callable[[Kube, RootMount, str, Deadline], UfsHealth]
"""Probes the UFS of a mount, for a cluster in a namespace."""


UNKNOWN: Final = ""
"""Answer for a URL that the operator doesn't connect to."""


class UfsProbe:
    """Probes without credentials: any answer shows that the UFS runs, which is what the start of a master needs.

    `may_connect` decides to which addresses it connects.
    """

    def __init__(self, may_connect: Callable[[Address], bool] = may_probe) -> None:
        # The request contains no secret, and only the pods may trust a private certificate authority.
        self._http = HttpClient(may_connect=may_connect, verify=False)

    def __call__(self, kube: Kube, mount: RootMount, namespace: str, deadline: Deadline) -> UfsHealth:
        """Return the health of the UFS; healthy if one of its URLs answers, or none is known."""
        urls = endpoints(mount, namespace, _hdfs_site(kube, mount, namespace))
        answers = side_by_side({url: partial(self._trouble, url, deadline) for url in urls}, deadline)
        troubles = {url: answers.get(url, "no answer in time") for url in urls}
        if None in troubles.values() or all(trouble == UNKNOWN for trouble in troubles.values()):
            return UfsHealth()
        return UfsHealth("; ".join(f"{url}: {trouble}" for url, trouble in troubles.items() if trouble))

    def _trouble(self, url: str, deadline: Deadline) -> str | None:
        try:
            answer = self._http.get(url, deadline, seconds=TIMEOUT, max_bytes=MAX_BYTES, body=False)
        except (AddressRefused, ResolverBusy):
            return UNKNOWN
        except HTTPError as error:
            return in_words(error)
        return f"HTTP {answer.status}" if answer.status >= 500 else None


def _hdfs_site(kube: Kube, mount: RootMount, namespace: str) -> str | None:
    source = mount.hdfs.config_from if mount.hdfs else None
    if source is None or source.config_map_name is None:
        return None
    try:
        config_map = kube.get(KINDS["ConfigMap"].path(namespace, source.config_map_name))
    except NotFound:
        return None
    text = config_map.get("data", {}).get(HDFS_SITE)
    return text if isinstance(text, str) else None
