import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from dev.cluster import images, native
from dev.cluster.errors import ClusterError

LISTING = """\
REF                  TYPE                          DIGEST      SIZE     PLATFORMS   LABELS
localhost/a:1        application/vnd.docker.json   sha256:m1   1.3 MiB  linux/amd64 io.cri-containerd.image=managed
localhost/b:1        application/vnd.docker.json   sha256:m2   1.3 MiB  linux/amd64 -
localhost/c:1        application/vnd.docker.json   sha256:m9   1.3 MiB  linux/amd64 -
sha256:c1            application/vnd.docker.json   sha256:m1   1.3 MiB  linux/amd64 -
sha256:c2            application/vnd.docker.json   sha256:m2   1.3 MiB  linux/amd64 -
sha256:old           application/vnd.docker.json   sha256:m0   1.3 MiB  linux/amd64 -
"""


def test_names_belong_to_the_id_with_the_same_digest() -> None:
    assert images.loaded(LISTING) == {"localhost/a:1": "sha256:c1", "localhost/b:1": "sha256:c2"}


def test_docker_manifests_name_the_config_in_two_ways() -> None:
    manifest: list[dict[str, object]] = [
        {"Config": "abc.json", "RepoTags": ["localhost/a:1", "localhost/a:2"]},
        {"Config": "blobs/sha256/def", "RepoTags": None},
        {"Config": "blobs/sha256/123", "RepoTags": ["localhost/b:1"]},
    ]
    assert images.docker_images(manifest) == {
        "localhost/a:1": "sha256:abc",
        "localhost/a:2": "sha256:abc",
        "localhost/b:1": "sha256:123",
    }


def test_own_archive_is_read_and_is_the_same_each_time(tmp_path: Path) -> None:
    archive = native.image_archive({"pause": b"\x7fELF", "volume": b"\x7fELF2"}, "localhost/p:1", "x86_64")
    assert archive == native.image_archive({"pause": b"\x7fELF", "volume": b"\x7fELF2"}, "localhost/p:1", "x86_64")
    file = tmp_path / "p.tar"
    file.write_bytes(archive)
    (identity,) = images.read(file).images.values()
    with tarfile.open(file) as content:
        config = content.extractfile(f"{identity.removeprefix('sha256:')}.json")
        layer = content.extractfile("layer.tar")
        assert config
        assert layer
        text = config.read()
        assert hashlib.sha256(text).hexdigest() == identity.removeprefix("sha256:")
        assert json.loads(text)["config"]["Entrypoint"] == ["/pause"]
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as files:
            assert {entry.name: entry.mode for entry in files} == {"pause": 0o755, "volume": 0o755}


def test_oci_archive_is_read(tmp_path: Path) -> None:
    file = tmp_path / "oci.tar"
    manifest = json.dumps({"config": {"digest": "sha256:c"}}).encode()
    notes = {"org.opencontainers.image.ref.name": "localhost/o:1"}
    index = json.dumps({"manifests": [{"digest": "sha256:m", "annotations": notes}]}).encode()
    with tarfile.open(file, "w") as archive:
        for name, content in {"index.json": index, "blobs/sha256/m": manifest}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    assert images.read(file).images == {"localhost/o:1": "sha256:c"}


def test_what_is_no_archive_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    with pytest.raises(ClusterError, match=r"notes\.txt is not an image archive"):
        images.read(file)


def test_index_gives_only_archives_that_are_there(tmp_path: Path) -> None:
    assert images.indexed(tmp_path) == []
    (tmp_path / "a.tar").touch()
    index = {
        "localhost/a:1": {"archive": "a.tar", "id": "sha256:a", "key": "x"},
        "localhost/b:1": {"archive": "b.tar", "id": "sha256:b"},
    }
    (tmp_path / "index.json").write_text(json.dumps(index))
    assert images.indexed(tmp_path) == [images.Archive(tmp_path / "a.tar", {"localhost/a:1": "sha256:a"})]


def test_the_local_alluxio_image_answers_to_the_public_name(tmp_path: Path) -> None:
    (tmp_path / "a.tar").touch()
    name = "localhost/alluxio-operator/alluxio:2.9.4"
    (tmp_path / "index.json").write_text(json.dumps({name: {"archive": "a.tar", "id": "sha256:a"}}))

    (archive,) = images.indexed(tmp_path)

    assert archive.images == {name: "sha256:a", "docker.io/alluxio/alluxio:2.9.4": "sha256:a"}
