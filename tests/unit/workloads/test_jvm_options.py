"""Options of JVMs that users give: counted as far as they change memory, otherwise refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from alluxio_operator.api.roles import Process
from alluxio_operator.workloads.collectors import G1, MI, PARALLEL, SERIAL
from alluxio_operator.workloads.jvm_options import DEEP_THREADS, JvmSettings, problems, settings_of


def process(*options: str, env: dict[str, str] | None = None, **over: Any) -> Process:
    variables = [{"name": name, "value": value} for name, value in (env or {}).items()]
    return Process.model_validate({"jvm": {"options": list(options)}, "env": variables, **over})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], JvmSettings()),
        (["-XX:ReservedCodeCacheSize=512M"], JvmSettings(code_cache=512 * MI)),
        (["-XX:ReservedCodeCacheSize=1g", "-XX:ReservedCodeCacheSize=96m"], JvmSettings(code_cache=96 * MI)),
        (["-XX:MaxMetaspaceSize=1048576k"], JvmSettings(metaspace=1024 * MI)),
        (["-Xss4m"], JvmSettings(stack=4 * MI)),
        (["-XX:ThreadStackSize=2048"], JvmSettings(stack=2 * MI)),
        (["-XX:ThreadStackSize=0"], JvmSettings(stack=MI)),
        (["-XX:+UseParallelGC"], JvmSettings(PARALLEL)),
        (["-XX:+UseParallelGC", "-XX:-UseParallelGC"], JvmSettings()),
        (["-XX:+UseSerialGC", "-XX:+UseG1GC"], JvmSettings(G1)),
        (["-XX:ParallelGCThreads=32"], JvmSettings(processors=32)),
        (["-XX:ActiveProcessorCount=4"], JvmSettings(processors=4)),
        (["-Dio.netty.maxDirectMemory=1073741824"], JvmSettings(netty=1024 * MI)),
        (["-XX:+UseStringDeduplication", "-Dx=-Xss9m"], JvmSettings()),
    ],
)
def test_options_are_read_as_the_jvm_reads_them(options: list[str], expected: JvmSettings):
    assert settings_of(process(*options)) == expected


@pytest.mark.parametrize(("cpu", "processors"), [("500m", 1), ("1500m", 2), ("32", 32)])
def test_a_cpu_limit_says_for_how_many_processors_the_collector_works(cpu: str, processors: int):
    assert settings_of(process(resources={"limits": {"cpu": cpu}})).processors == processors


@pytest.mark.parametrize("name", ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "ALLUXIO_MASTER_ATTACH_OPTS"])
def test_variables_count_where_the_operators_flags_dont_win(name: str):
    options = "-Xss2m -XX:+UseSerialGC -XX:ReservedCodeCacheSize=1g"

    assert settings_of(process(env={name: options})) == JvmSettings(SERIAL, stack=2 * MI)


def test_an_option_wins_over_a_variable():
    found = settings_of(process("-XX:+UseG1GC", env={"JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC"}))

    assert found.collector is G1


def test_another_variable_is_no_option():
    assert settings_of(process(env={"NOTES": "-Xss2m"})) == JvmSettings()


def test_larger_stacks_and_nettys_own_memory_are_further_memory():
    assert JvmSettings(stack=3 * MI, netty=7).further == DEEP_THREADS * 2 * MI + 7
    assert JvmSettings(stack=MI // 2).further == 0, "a smaller stack frees nothing that was counted"


@pytest.mark.parametrize(
    ("option", "message", "remedy"),
    [
        ("-XX:MaxRAMPercentage=80", "has no effect", "spec.x.jvm.heap"),
        ("-XX:InitialRAMPercentage=50", "has no effect", "spec.x.jvm.heap"),
        ("-XX:MinRAMFraction=2", "has no effect", "spec.x.jvm.heap"),
        ("-XX:MaxRAM=4g", "has no effect", "spec.x.jvm.heap"),
        ("-XX:+AggressiveHeap", "can enlarge the process", "spec.x.jvm.heap"),
        ("-XX:Flags=/etc/flags", "can enlarge the process", "spec.x.jvm.options"),
        ("-XX:VMOptionsFile=/etc/flags", "can enlarge the process", "spec.x.jvm.options"),
        ("-Dio.netty.maxDirectMemory=-1", "as much direct memory again", "spec.x.jvm.directMemory"),
        ("-XX:ReservedCodeCacheSize=lots", "is no size of the JVM", "correct it"),
        ("-XX:MaxMetaspaceSize=", "is no size of the JVM", "correct it"),
    ],
)
def test_an_option_that_cant_be_counted_is_refused_by_name(option: str, message: str, remedy: str):
    (found,) = problems("spec.x", process(option))

    assert (found.field, found.value) == ("spec.x.jvm.options", option)
    assert message in found.message
    assert remedy in found.remedy


@pytest.mark.parametrize(
    "option", ["-Xmx9g", "-Xms1g", "-XX:MaxHeapSize=9g", "-XX:MaxDirectMemorySize=9g", "-XX:MaxMetaspaceSize=9g"]
)
def test_a_size_in_a_variable_is_refused_since_the_operators_own_wins(option: str):
    (found,) = problems("spec.x", process(env={"JAVA_TOOL_OPTIONS": f"-javaagent:/a.jar {option}"}))

    assert (found.field, found.value) == ("spec.x.env[JAVA_TOOL_OPTIONS]", option)
    assert found.remedy == "remove the option, and use spec.x.jvm"


def test_a_file_of_options_in_a_variable_is_refused():
    (found,) = problems("spec.x", process(env={"JDK_JAVA_OPTIONS": "@/etc/options"}))

    assert "can enlarge the process" in found.message


def test_a_variable_from_another_object_is_refused_since_its_options_cant_be_read():
    secret = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    made = Process.model_validate({"env": [{"name": "JAVA_TOOL_OPTIONS", **secret}, {"name": "PASSWORD", **secret}]})

    (found,) = problems("spec.x", made)

    assert found.field == "spec.x.env[JAVA_TOOL_OPTIONS]"
    assert "spec.x.jvm.options" in found.remedy


def test_usual_options_are_no_problem():
    usual = ("-XX:+UseG1GC", "-XX:ReservedCodeCacheSize=512M", "-XX:G1HeapRegionSize=32M", "-Xss1m")

    assert not list(problems("spec.x", process(*usual, env={"JAVA_TOOL_OPTIONS": "-javaagent:/a.jar"})))
