"""Derives the URLs at which the operator probes the UFS of the root mount; pure.

S3 speaks HTTP. The RPC port of an HDFS name node speaks Hadoop's own protocol, but it also answers an HTTP GET: the
threads that read calls respond with 404 (Hadoop's `ipc.Server`, run on 3.3.6). An open port alone isn't enough, since
the port of a hanging process is open, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

from alluxio_operator.api.ufs import RootMount
from alluxio_operator.kinds.cluster.ufs.options import options

DEFAULT_HDFS_PORT: Final = 8020
AWS: Final = "amazonaws.com"
HDFS_SITE: Final = "hdfs-site.xml"


@dataclass(frozen=True, slots=True)
class UfsHealth:
    """Result of a probe of the UFS."""

    trouble: str | None = None
    """The URLs and why each failed; None if the UFS is healthy, or no URL is known."""


def endpoints(mount: RootMount, namespace: str, hdfs_site: str | None = None) -> tuple[str, ...]:
    """Return the URLs of which one has to answer; none if they can't be derived.

    `hdfs_site` is the text of hdfs-site.xml if it is in a ConfigMap; the operator may not read Secrets.
    """
    parts = urlsplit(mount.uri)
    if parts.scheme == "s3":
        given = options(mount)
        endpoint = given.get("alluxio.underfs.s3.endpoint")
        region = given.get("alluxio.underfs.s3.region")
        urls = [endpoint or f"https://s3.{f'{region}.' if region else ''}{AWS}"]
    elif parts.scheme == "hdfs":
        if mount.hdfs and mount.hdfs.config_from and parts.port is None:
            urls = [f"http://{address}" for address in _name_nodes(hdfs_site, parts.hostname or "")]
        else:
            urls = [f"http://{parts.hostname}:{parts.port or DEFAULT_HDFS_PORT}"]
    else:
        urls = []
    return tuple(_from_elsewhere(url, namespace) for url in urls)


def _name_nodes(hdfs_site: str | None, name_service: str) -> Iterable[str]:
    if hdfs_site is None:
        return
    try:
        properties = _properties(hdfs_site)
    except ElementTree.ParseError:
        # The pods that read this file report the error. A missing URL alone is no reason to hold the rollout.
        return
    for node in properties.get(f"dfs.ha.namenodes.{name_service}", "").split(","):
        address = properties.get(f"dfs.namenode.rpc-address.{name_service}.{node.strip()}")
        if address:
            yield address


def _properties(document: str) -> Mapping[str, str]:
    # Its author may write the configuration of the pods anyway; expat limits the expansion of entities.
    root = ElementTree.fromstring(document)  # noqa: S314
    return {
        (one.findtext("name") or "").strip(): (one.findtext("value") or "").strip() for one in root.iter("property")
    }


def _from_elsewhere(url: str, namespace: str) -> str:
    """Return a URL as it is reached from another namespace: a host without a dot is a Service next to the pods."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or "." in host or ":" in host:
        return url
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}.{namespace}.svc{port}"
