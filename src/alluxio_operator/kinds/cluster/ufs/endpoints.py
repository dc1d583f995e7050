"""Derives the URLs at which the operator probes the UFS of the root mount; pure.

S3 speaks HTTP. The RPC port of an HDFS name node speaks Hadoop's own protocol, but it also answers an HTTP GET: the
threads that read calls respond with 404 (Hadoop's `ipc.Server`, run on 3.3.6). An open port alone isn't enough, since
the port of a hanging process is open, too.

A user may name any host here, also one that only the operator reaches. So a URL has a scheme, a host and a port, and
`may_probe` excludes addresses that are the operator's own. An endpoint that the operator can't follow counts as
unknown, and an unknown UFS holds nothing up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

from alluxio_operator.api.ufs import RootMount
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.ufs.options import options

DEFAULT_HDFS_PORT: Final = 8020
HDFS_SITE: Final = "hdfs-site.xml"
MAX_DOCUMENT: Final = 1024 * 1024
"""Characters of a Hadoop file: the limit of a ConfigMap."""
MAX_NAME_NODES: Final = 5
MAX_EXPANSIONS: Final = 20
"""Nested `${name}` in a value, as Hadoop's Configuration.MAX_SUBST."""

S3_ENDPOINT: Final = "alluxio.underfs.s3.endpoint"
S3_REGION: Final = "alluxio.underfs.s3.region"
S3_PROXY: Final = "alluxio.underfs.s3.proxy.host"
S3_SECURE: Final = "alluxio.underfs.s3.secure.http.enabled"
"""Scheme of an endpoint without one: https if true; Alluxio's default is false."""

AWS_DOMAINS: Final = (("cn-", "amazonaws.com.cn"), ("us-iso", ""), ("", "amazonaws.com"))
"""Domains of S3 by the region's prefix; empty for partitions that aren't reachable by a known name."""

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_VARIABLE: Final = re.compile(r"\$\{([^{}$\s]+)\}")
_METADATA: Final = frozenset(
    map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
"""Metadata services outside the link-local range: of AWS and Google over IPv6, Alibaba, Azure and Oracle."""
_EMBEDDING: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
"""Networks whose addresses end with an IPv4 address: NAT64, compatible (RFC 4291) and translated ones (RFC 2765)."""
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")


@dataclass(frozen=True, slots=True)
class UfsHealth:
    """Result of a probe of the UFS."""

    trouble: str | None = None
    """The URLs and why each failed; None if the UFS is healthy, or no URL is known."""


def may_probe(address: IPv4Address | IPv6Address) -> bool:
    """Return False for an address that means the operator itself, its node or a cloud's metadata service.

    Loopback, link-local and unspecified addresses mean another machine to the pods than to the operator, so a probe of
    them says nothing about the UFS.
    """
    inner = _inner_ipv4(address)
    if inner is not None:
        return may_probe(inner)
    excluded = (
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_unspecified,
        address in _THIS_NETWORK,
        # IPv6's loopback and unspecified addresses are reserved, and so are all that it hasn't given away.
        address.version == 4 and address.is_reserved,
        address in _METADATA,
    )
    return not any(excluded)


def _inner_ipv4(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _EMBEDDING) and not (address.is_loopback or address.is_unspecified):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def endpoints(mount: RootMount, namespace: str, hdfs_site: str | None = None) -> tuple[str, ...]:
    """Return the URLs of which one has to answer; none if they can't be derived.

    `hdfs_site` is the text of hdfs-site.xml if it is in a ConfigMap; the operator may not read Secrets.
    """
    scheme = urlsplit(mount.uri).scheme
    if scheme == "s3":
        found = [_s3_url(options(mount), namespace)]
    elif scheme == "hdfs":
        found = [_url("http", address, namespace, DEFAULT_HDFS_PORT) for address in _hdfs_addresses(mount, hdfs_site)]
    else:
        found = []
    return tuple(url for url in found if url is not None)


def problems(mount: RootMount) -> Iterable[Problem]:
    """Yield the addresses of the UFS that no client could use."""
    parts = urlsplit(mount.uri)
    if parts.scheme == "hdfs" and _split(parts.netloc) is None:
        yield _not_an_address("spec.rootMount.uri", mount.uri, "hdfs://namenode:8020/path")
    if mount.s3 and mount.s3.endpoint and _split(mount.s3.endpoint) is None:
        yield _not_an_address("spec.rootMount.s3.endpoint", mount.s3.endpoint, "http://minio:9000")
    if (endpoint := mount.options.get(S3_ENDPOINT)) is not None and _split(endpoint) is None:
        yield _not_an_address(f"spec.rootMount.options[{S3_ENDPOINT}]", endpoint, "http://minio:9000")


def _not_an_address(field: str, value: str, example: str) -> Problem:
    return Problem(
        field=field,
        value=value,
        message="has no host, or a port that isn't between 1 and 65535",
        remedy=f"correct it, for example to {example}",
    )


def _s3_url(given: Mapping[str, str], namespace: str) -> str | None:
    if S3_PROXY in given:
        # Only the pods have the proxy's settings.
        return None
    endpoint, region = given.get(S3_ENDPOINT), given.get(S3_REGION, "")
    if endpoint:
        return _url("https" if given.get(S3_SECURE, "").casefold() == "true" else "http", endpoint, namespace)
    domain = next(domain for prefix, domain in AWS_DOMAINS if region.startswith(prefix))
    return _url("https", f"s3.{f'{region}.' if region else ''}{domain}", namespace) if domain else None


def _hdfs_addresses(mount: RootMount, hdfs_site: str | None) -> Iterable[str]:
    parts = urlsplit(mount.uri)
    if mount.hdfs and mount.hdfs.config_from and ":" not in parts.netloc:
        return _name_nodes(hdfs_site, parts.netloc)
    return [parts.netloc]


def _name_nodes(hdfs_site: str | None, name_service: str) -> Iterable[str]:
    properties = _properties(hdfs_site) if hdfs_site else {}
    nodes = _expanded(properties, f"dfs.ha.namenodes.{name_service}") or ""
    for node in nodes.split(",")[:MAX_NAME_NODES]:
        address = _expanded(properties, f"dfs.namenode.rpc-address.{name_service}.{node.strip()}")
        if address:
            yield address


def _properties(document: str) -> Mapping[str, str]:
    """Return the properties of a Hadoop file; none if the operator doesn't parse it.

    The pods that read the file report its errors. A missing URL alone is no reason to hold the rollout. A document type
    can define entities that expand to gigabytes, and Hadoop's files need none.
    """
    if len(document) > MAX_DOCUMENT or "<!DOCTYPE" in document:
        return {}
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 (without a document type, there are no entities)
    except (ElementTree.ParseError, ValueError):
        return {}
    return {
        (one.findtext("name") or "").strip(): (one.findtext("value") or "").strip() for one in root.iter("property")
    }


def _expanded(properties: Mapping[str, str], name: str) -> str | None:
    """Return a property with its `${name}` replaced by other properties; None if one of them is unknown."""
    value = properties.get(name)
    for _ in range(MAX_EXPANSIONS):
        if value is None or (found := _VARIABLE.search(value)) is None:
            return value
        inner = properties.get(found[1])
        if inner is None or len(value) + len(inner) > MAX_DOCUMENT:
            return None
        value = value[: found.start()] + inner + value[found.end() :]
    return None


def _url(scheme: str, address: str, namespace: str, default_port: int | None = None) -> str | None:
    """Return the URL of a server as the operator reaches it; None for an address that it can't use."""
    parts = _split(address)
    if parts is None:
        return None
    given_scheme, host, port = parts
    port = port or default_port
    if "." not in host and ":" not in host:
        # From another namespace, a Service next to the pods has the namespace in its name.
        host = f"{host}.{namespace}.svc"
    return f"{given_scheme or scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"


def _split(address: str) -> tuple[str, str, int | None] | None:
    """Return scheme (empty if missing), host and port of an address, without path and query; None if it isn't one."""
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("", "http", "https") or parts.username is not None or port == 0:
        return None
    if not _HOST.fullmatch(host):
        try:
            host = str(IPv6Address(host))
        except ValueError:
            return None
    return parts.scheme, host, port
