"""Where the storage below the root mount is asked whether it is there: URLs that answer any HTTP request; pure.

S3 speaks HTTP. A name node of HDFS takes Hadoop's own protocol at its RPC port and answers a GET there all the same,
with a 404 from the threads that read its calls (Hadoop's `ipc.Server`, run on 3.3.6): a port that is merely open, as
the one of a process that hangs, isn't enough.
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
    """What came of asking the storage: who was asked and what came of it, or None where it is well or nobody is known
    to ask.
    """

    trouble: str | None = None


def endpoints(mount: RootMount, namespace: str, hdfs_site: str | None = None) -> tuple[str, ...]:
    """Return the URLs of which one has to answer; none where it can't be known.

    `hdfs_site` is the text of hdfs-site.xml, when it may be read: it lies in a ConfigMap, and not in a Secret.
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
        said = _properties(hdfs_site)
    except ElementTree.ParseError:
        # Whoever starts with it says so; that nothing can be asked is no reason of its own.
        return
    for node in said.get(f"dfs.ha.namenodes.{name_service}", "").split(","):
        address = said.get(f"dfs.namenode.rpc-address.{name_service}.{node.strip()}")
        if address:
            yield address


def _properties(document: str) -> Mapping[str, str]:
    # Its author may write the pods' own configuration, too; expat bounds what entities become.
    root = ElementTree.fromstring(document)  # noqa: S314
    return {
        (one.findtext("name") or "").strip(): (one.findtext("value") or "").strip() for one in root.iter("property")
    }


def _from_elsewhere(url: str, namespace: str) -> str:
    """Return a URL as it is reached from another namespace: a name without a dot is a Service beside the pods."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or "." in host or ":" in host:
        return url
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}.{namespace}.svc{port}"
