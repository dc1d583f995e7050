"""The lanes in which builds queue, and how many of each run at once."""

from __future__ import annotations

GO = "go"
DOWNLOAD = "download"
MAVEN = "maven"
IMAGE = "image"

ROOM = {
    # While one links, or reads its packages, the other compiles. More at once would only take memory.
    GO: 2,
    DOWNLOAD: 4,
    # Maven's local repository is not made for several that write to it.
    MAVEN: 1,
    # One storage of buildah, whose leftovers the next build removes.
    IMAGE: 1,
}
