"""Where FUSE mounts are."""

from __future__ import annotations

from tests.support.builders import cluster_spec

from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.objects import fuse


def test_every_cluster_has_a_place_of_its_own_unless_one_is_given():
    spec = cluster_spec()

    assert fuse.mount_path(spec, Names("a", "data")) == "/mnt/alluxio/data/a/fuse"
    assert fuse.mount_path(spec, Names("b", "data")) == "/mnt/alluxio/data/b/fuse"
    assert fuse.mount_path(cluster_spec(fuse={"mountPath": "/srv/lake/all"}), Names("a", "data")) == "/srv/lake/all"


def test_the_folder_above_is_what_pods_share():
    values = fuse.fuse_values(
        cluster_spec(
            fuse={"enabled": True, "mountPath": "/srv/lake/all", "options": ["allow_other", "max_idle_threads=9"]}
        ),
        Names("a", "data"),
    )

    assert values == {
        "enabled": True,
        "mountPath": "/srv/lake/all",
        "folder": "/srv/lake",
        "alluxioPath": "/",
        "options": "allow_other,max_idle_threads=9",
    }
