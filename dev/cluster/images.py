"""Load image archives into the nodes, because there is no registry."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.cluster.errors import ClusterError

NAMESPACE = "k8s.io"

# Manifests name the public images; here the locally built images also get those names.
STANDS_FOR = {
    "localhost/alluxio-operator/operator:": "docker.io/library/alluxio-operator:",
    "localhost/alluxio-operator/alluxio:": "docker.io/alluxio/alluxio:",
    "localhost/alluxio-operator/presto:": "docker.io/prestodb/presto:",
    "localhost/alluxio-operator/trino:": "docker.io/trinodb/trino:",
    "localhost/alluxio-operator/scorecard-test:": "quay.io/operator-framework/scorecard-test:",
}


@dataclass(frozen=True)
class Archive:
    """An archive file with its images: id (digest of the image's configuration) by name."""

    file: Path
    images: Mapping[str, str]


def indexed(directory: Path) -> list[Archive]:
    """Return the existing archives in the image builder's index."""
    try:
        index: dict[str, dict[str, str]] = json.loads((directory / "index.json").read_text())
    except FileNotFoundError:
        return []
    archives = [
        Archive(directory / entry["archive"], {name: entry["id"], **dict.fromkeys(also_known_as(name), entry["id"])})
        for name, entry in index.items()
    ]
    return [archive for archive in archives if archive.file.is_file()]


def also_known_as(name: str) -> list[str]:
    """Return the public names of a locally built image."""
    return [public + name.removeprefix(local) for local, public in STANDS_FOR.items() if name.startswith(local)]


def read(file: Path) -> Archive:
    """Read the images of a docker or OCI archive. Raise ClusterError."""
    try:
        with tarfile.open(file) as archive:
            names = set(archive.getnames())
            if "manifest.json" in names:
                return Archive(file, docker_images(_json(archive, "manifest.json")))
            return Archive(file, _oci_images(archive))
    except (tarfile.TarError, KeyError, OSError, ValueError) as failure:
        raise ClusterError(f"{file} is not an image archive: {failure}") from failure


def docker_images(manifest: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return image ids by name from the manifest.json of a docker archive."""
    images: dict[str, str] = {}
    for image in manifest:
        digest = str(image["Config"]).removesuffix(".json").rpartition("/")[2]
        images |= {str(name): f"sha256:{digest}" for name in image.get("RepoTags") or []}
    return images


def loaded(listing: str) -> dict[str, str]:
    """Return image ids by name from the output of `ctr images list`.

    The CRI plugin adds the id as a second name of every image, so names with the same digest belong together.
    """
    rows = [line.split() for line in listing.splitlines()[1:]]
    digests = {row[0]: row[2] for row in rows if len(row) > 2}
    ids = {digest: name for name, digest in digests.items() if name.startswith("sha256:")}
    return {name: ids[digest] for name, digest in digests.items() if digest in ids and name not in ids.values()}


def load(sockets: Mapping[str, Path], archives: Iterable[Archive], say: Callable[[str], None]) -> int:
    """Import into every node the images that it lacks in this version; return the number of imports."""
    wanted = list(archives)
    with ThreadPoolExecutor(max_workers=max(1, len(sockets))) as pool:
        jobs = [pool.submit(_load_into, name, socket, wanted, say) for name, socket in sockets.items()]
        return sum(job.result() for job in jobs)


def answers(socket: Path) -> bool:
    """Return True if containerd answers."""
    return socket.is_socket() and _run(socket, "version").returncode == 0


def forget_containers(socket: Path) -> bool:
    """Remove containers of an earlier run of the node; return False if there were none."""
    names = _ctr(socket, "containers", "list", "--quiet").split()
    if names:
        _ctr(socket, "containers", "delete", *names)
    return bool(names)


def forget_replaced(socket: Path) -> None:
    """Remove images without a name, so that rebuilt images don't fill the disk."""
    listing = _ctr(socket, "images", "list")
    kept = set(loaded(listing).values())
    ids = {line.split()[0] for line in listing.splitlines() if line.startswith("sha256:")}
    if ids - kept:
        _ctr(socket, "images", "delete", *sorted(ids - kept))


def _load_into(node: str, socket: Path, archives: Iterable[Archive], say: Callable[[str], None]) -> int:
    count = 0
    listing = _ctr(socket, "images", "list")
    present = loaded(listing)
    for archive in archives:
        if any(present.get(name) != image for name, image in archive.images.items()):
            say(f"loading {', '.join(archive.images)} into {node}")
            # The CRI plugin adds an id only to new names.
            if known := [name for name in archive.images if f"\n{name} " in listing]:
                _ctr(socket, "images", "delete", *known)
            _ctr(socket, "images", "import", str(archive.file))
            for name in archive.images:
                for alias in also_known_as(name):
                    _ctr(socket, "images", "tag", "--force", name, alias)
            count += 1
    return count


def _ctr(socket: Path, *arguments: str) -> str:
    result = _run(socket, *arguments)
    if result.returncode != 0:
        raise ClusterError(f"ctr {' '.join(arguments[:2])} failed: {result.stderr.strip()[-1000:]}")
    return result.stdout


def _run(socket: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["ctr", f"--address={socket}", f"--namespace={NAMESPACE}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _oci_images(archive: tarfile.TarFile) -> dict[str, str]:
    images: dict[str, str] = {}
    for entry in _json(archive, "index.json")["manifests"]:
        notes = entry.get("annotations", {})
        name = notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name")
        algorithm, _, digest = entry["digest"].partition(":")
        config = _json(archive, f"blobs/{algorithm}/{digest}")["config"]["digest"]
        if name:
            images[name] = config
    return images


def _json(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    if member is None:
        raise ClusterError(f"{name} in the archive is not a file")
    return json.load(member)
