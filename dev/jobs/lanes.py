"""The lanes of builds, with the number of jobs of each that may run at the same time."""

from __future__ import annotations

GO = "go"
DOWNLOAD = "download"
MAVEN = "maven"
IMAGE = "image"

ROOM = {
    # While one links, or reads its packages, the other compiles. More would only take memory.
    GO: 2,
    DOWNLOAD: 4,
    # Maven's local repository doesn't support concurrent writers.
    MAVEN: 1,
    # buildah has one storage, and each build removes leftovers from it.
    IMAGE: 1,
}
