import tempfile
from pathlib import Path

import pytest

from dev.cluster.errors import ClusterError
from dev.cluster.paths import filesystem, find_paths, name_prefix

MOUNTS = """\
20 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
21 20 0:20 / /dev/shm rw,relatime - tmpfs tmpfs rw
22 20 0:30 / /home/with\\040blank rw,relatime - overlay overlay rw
23 22 0:31 / /home/with\\040blank rw,relatime - xfs /dev/vdb rw
"""


def test_directories_follow_the_environment() -> None:
    own = find_paths({"ALLUXIO_OPERATOR_CACHE": "/srv/cache", "ALLUXIO_OPERATOR_RUN": "/srv/run"})
    assert (own.cache, own.run) == (Path("/srv/cache"), Path("/srv/run"))
    by_xdg = find_paths({"XDG_CACHE_HOME": "/srv/xdg"})
    assert by_xdg.cache == Path("/srv/xdg/alluxio-operator")
    assert by_xdg.run == by_xdg.cache / "run"


def test_clusters_of_different_run_directories_never_share_names() -> None:
    assert name_prefix(Path("/srv/one")) != name_prefix(Path("/srv/two"))
    assert name_prefix(Path("/srv/one")) == name_prefix(Path("/srv/one"))


def test_a_running_cluster_keeps_its_names() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        run = Path(directory)
        environment = {"ALLUXIO_OPERATOR_CACHE": "/srv/cache", "ALLUXIO_OPERATOR_RUN": directory}
        assert find_paths(environment).prefix == name_prefix(run)
        (run / "prefix").write_text("older\n")
        assert find_paths(environment).prefix == "older"


@pytest.mark.parametrize("run", ["/run/cluster", "/var/lib/cluster", "/var/log"])
def test_directories_that_nodes_can_not_see_are_refused(run: str) -> None:
    with pytest.raises(ClusterError, match="private"):
        find_paths({"ALLUXIO_OPERATOR_CACHE": "/srv/cache", "ALLUXIO_OPERATOR_RUN": run})


def test_a_run_directory_that_is_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(ClusterError, match="too long"):
        find_paths({"ALLUXIO_OPERATOR_CACHE": "/srv/" + "x" * 80})


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/srv/run", "ext4"), ("/dev/shm/x", "tmpfs"), ("/dev/shmx", "ext4"), ("/home/with blank/run", "xfs")],
)
def test_file_system_is_that_of_the_nearest_and_last_mount(path: str, kind: str) -> None:
    assert filesystem(Path(path), MOUNTS) == kind
