"""The interface of the Alluxio image's scripts, with a `java` that only says how it was called."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.images.alluxio import SOURCES

JAVA = '#!/bin/bash\necho "CLASSPATH=$CLASSPATH"\nfor argument in "$@"; do echo "$argument"; done\n'

Run = Callable[..., list[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "alluxio"
    for name in ("bin", "libexec", "conf"):
        shutil.copytree(SOURCES / name, home / name)
    shutil.copy2(SOURCES / "entrypoint.sh", home / "entrypoint.sh")
    (home / "lib").mkdir()
    (home / "lib" / "classpath").write_text("/lib/a.jar:/lib/b.jar\n")
    java = tmp_path / "java"
    java.write_text(JAVA)
    java.chmod(0o755)
    return home


@pytest.fixture
def run(home: Path) -> Run:
    def run(script: str, *arguments: str, code: int = 0, **environment: str) -> list[str]:
        full = {"PATH": os.environ["PATH"], "ALLUXIO_HOME": str(home), "JAVA": str(home.parent / "java")}
        command = [str(home / script), *arguments]
        done = subprocess.run(command, env=full | environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout.splitlines()

    return run


def last(words: list[str], start: str) -> str:
    """The one that counts: of two settings the JVM takes the later."""
    return [word for word in words if word.startswith(start)][-1]


@pytest.mark.parametrize(
    ("arguments", "class_name"),
    [
        (["master-only", "--no-format"], "alluxio.master.AlluxioMaster"),
        (["worker-only", "--no-format"], "alluxio.worker.AlluxioWorker"),
        (["job-master"], "alluxio.master.AlluxioJobMaster"),
        (["job-worker"], "alluxio.worker.AlluxioJobWorker"),
        (["proxy"], "alluxio.proxy.AlluxioProxy"),
    ],
)
def test_each_role_becomes_its_process(run: Run, arguments: list[str], class_name: str) -> None:
    assert run("entrypoint.sh", *arguments)[-1] == class_name


def test_the_log_server_gets_its_folder(run: Run) -> None:
    assert run("entrypoint.sh", "logserver", ALLUXIO_LOGSERVER_LOGS_DIR="/logs")[-2:] == [
        "alluxio.logserver.StandInLogServer",
        "/logs",
    ]


def test_both_processes_of_a_master_are_started(run: Run) -> None:
    words = run("entrypoint.sh", "master", "--no-format")
    assert {"alluxio.master.AlluxioMaster", "alluxio.master.AlluxioJobMaster"} <= set(words)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["master-only", "--format"], ["worker-only", "x"]])
def test_anything_else_is_refused(run: Run, arguments: list[str]) -> None:
    run("entrypoint.sh", *arguments, code=1)


def test_without_being_told_not_to_a_master_is_formatted_first(run: Run) -> None:
    words = run("entrypoint.sh", "master-only")
    assert words.index("alluxio.cli.Format") < words.index("alluxio.master.AlluxioMaster")
    assert words[words.index("alluxio.cli.Format") + 1] == "master"


def test_the_roles_own_options_win_over_the_common_ones(run: Run) -> None:
    words = run(
        "entrypoint.sh",
        "master-only",
        "--no-format",
        ALLUXIO_JAVA_OPTS="-Da=common -Dalluxio.home=/nowhere",
        ALLUXIO_MASTER_JAVA_OPTS="-Da=own -Dalluxio.logger.type=Console",
    )
    assert last(words, "-Da=") == "-Da=own"
    assert last(words, "-Dalluxio.logger.type=") == "-Dalluxio.logger.type=Console"
    assert last(words, "-Dalluxio.home=") != "-Dalluxio.home=/nowhere"


def test_heap_sizes_have_defaults_that_an_option_replaces(run: Run) -> None:
    assert {"-Xmx8g", "-XX:MetaspaceSize=256M"} <= set(run("bin/launch-process", "master"))
    assert {"-Xmx4g", "-XX:MaxDirectMemorySize=4g"} <= set(run("bin/launch-process", "worker"))
    given = run("bin/launch-process", "worker", ALLUXIO_WORKER_JAVA_OPTS="-Xmx1g -XX:MaxDirectMemorySize=2g")
    assert [word for word in given if word.startswith(("-Xmx", "-XX:MaxDirect"))] == [
        "-Xmx1g",
        "-XX:MaxDirectMemorySize=2g",
    ]


def test_a_log_server_is_used_when_both_its_variables_are_set(run: Run) -> None:
    assert not [word for word in run("bin/launch-process", "proxy") if "remote.logger" in word]
    words = run("bin/launch-process", "proxy", ALLUXIO_LOGSERVER_HOSTNAME="logs", ALLUXIO_LOGSERVER_PORT="45600")
    assert "-Dalluxio.remote.logger.type=REMOTE_PROXY_LOGGER" in words
    assert {"-Dalluxio.logserver.hostname=logs", "-Dalluxio.logserver.port=45600"} <= set(words)


def test_the_console_is_added_to_a_roles_log(run: Run) -> None:
    assert "-Dalluxio.logger.type=Console,WORKER_LOGGER" in run("bin/launch-process", "worker", "-c")
    assert "-Dalluxio.logger.type=WORKER_LOGGER" in run("bin/launch-process", "worker")


def test_the_environment_is_kept_for_later_shells(run: Run, home: Path) -> None:
    run("entrypoint.sh", "proxy", ALLUXIO_PROXY_JAVA_OPTS="-Xmx1g -Da=b", AWS_SECRET_ACCESS_KEY="secret")
    kept = (home / "conf" / "alluxio-env.sh").read_text()
    assert 'export ALLUXIO_PROXY_JAVA_OPTS="-Xmx1g -Da=b"\n' in kept
    assert "secret" not in kept


def test_a_conf_folder_elsewhere_is_read_and_never_written(run: Run, home: Path, tmp_path: Path) -> None:
    conf = tmp_path / "etc"
    conf.mkdir()
    words = run("entrypoint.sh", "proxy", ALLUXIO_CONF_DIR=str(conf), ALLUXIO_JAVA_OPTS="-Da=b")
    assert f"-Dlog4j.configuration=file:{conf}/log4j.properties" in words
    assert words[0] == f"CLASSPATH=/lib/a.jar:/lib/b.jar:{conf}/"
    assert list(conf.iterdir()) == []
    assert (home / "conf" / "alluxio-env.sh").exists()


def test_a_memory_tier_without_a_path_among_the_options_is_put_on_shm(run: Run, home: Path) -> None:
    site = home / "conf" / "alluxio-site.properties"
    site.write_text("alluxio.worker.tieredstore.level0.dirs.path=/cache\n")
    path = "-Dalluxio.worker.tieredstore.level0.dirs.path="
    assert last(run("entrypoint.sh", "worker-only", "--no-format"), path) == f"{path}/dev/shm"
    # The file that the first start left would be read by the next one, as in the public image.
    (home / "conf" / "alluxio-env.sh").unlink()
    own = run("entrypoint.sh", "worker-only", "--no-format", ALLUXIO_WORKER_JAVA_OPTS=f"{path}/cache")
    assert [word for word in own if word.startswith(path)] == [f"{path}/cache"]


def test_a_tier_on_disk_is_left_to_the_site_file(run: Run, home: Path) -> None:
    (home / "conf" / "alluxio-site.properties").write_text("alluxio.worker.tieredstore.level0.alias = SSD\n")
    words = run("entrypoint.sh", "worker-only", "--no-format")
    assert not [word for word in words if "tieredstore" in word]


def test_prepared_classes_are_used_unless_others_come_first(run: Run, home: Path) -> None:
    (home / "lib" / "classes.jsa").write_text("")
    option = f"-XX:SharedArchiveFile={home}/lib/classes.jsa"
    assert option in run("bin/alluxio", "fs", "ls", "/")
    words = run("bin/alluxio", "fs", "ls", "/", ALLUXIO_CLASSPATH="/mine.jar")
    assert option not in words
    assert words[0] == f"CLASSPATH={home}/conf/:/mine.jar:/lib/a.jar:/lib/b.jar"


def test_a_tools_java_options_are_told_from_its_arguments(run: Run) -> None:
    words = run("bin/alluxio", "fs", "-Da=b", "ls", "-R", "/with space", ALLUXIO_USER_JAVA_OPTS="-Xmx64m")
    assert words[words.index("alluxio.cli.fs.FileSystemShell") :] == [
        "alluxio.cli.fs.FileSystemShell",
        "ls",
        "-R",
        "/with space",
    ]
    assert {"-Da=b", "-Xmx64m", "-Dalluxio.logger.type=USER_LOGGER"} <= set(words)


@pytest.mark.parametrize(
    ("command", "class_name"),
    [
        ("fsadmin", "alluxio.cli.fsadmin.FileSystemAdminShell"),
        ("getConf", "alluxio.cli.GetConf"),
        ("job", "alluxio.cli.job.JobShell"),
        ("version", "alluxio.cli.Version"),
    ],
)
def test_each_tool_has_its_class(run: Run, command: str, class_name: str) -> None:
    assert run("bin/alluxio", command)[-1] == class_name


def test_any_class_can_be_run(run: Run) -> None:
    assert run("bin/alluxio", "runClass", "my.Class", "argument")[-2:] == ["my.Class", "argument"]


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["runClass"]])
def test_an_unknown_tool_is_refused(run: Run, arguments: list[str]) -> None:
    run("bin/alluxio", *arguments, code=1)
