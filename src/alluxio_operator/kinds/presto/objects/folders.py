"""Folders and files in the containers."""

from __future__ import annotations

from typing import Final

CONF: Final = "/etc/presto"
DATA: Final = "/var/lib/presto/data"
CATALOGS: Final = "/etc/presto-catalogs"
PLAIN_CATALOGS: Final = "/etc/presto-catalogs-plain"
"""The catalogs without the values of Secrets."""
ALLUXIO: Final = "/etc/alluxio"
"""Folder in which Alluxio's client looks for its properties by default."""
CLIENT: Final = "/var/lib/alluxio-client"
"""Alluxio's client from the cluster's image, and Presto's plugins with it, as links to those of Presto's image."""
CLIENT_PLUGINS: Final = f"{CLIENT}/plugin"
CORE_SITE: Final = f"{ALLUXIO}/core-site.xml"
