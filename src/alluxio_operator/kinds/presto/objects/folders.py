"""Where things lie in the containers."""

from __future__ import annotations

from typing import Final

CONF: Final = "/etc/presto"
DATA: Final = "/var/lib/presto/data"
CATALOGS: Final = "/etc/presto-catalogs"
PLAIN_CATALOGS: Final = "/etc/presto-catalogs-plain"
"""Catalogs without what comes out of Secrets."""
ALLUXIO: Final = "/etc/alluxio"
"""Where Alluxio's client looks by itself."""
CORE_SITE: Final = f"{ALLUXIO}/core-site.xml"
