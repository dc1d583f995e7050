"""Reads options of a JVM that the user gives, as far as they change the memory of the process; pure.

A process has options from three places. Later ones win: variables that the JVM reads (JAVA_TOOL_OPTIONS and the like),
the flags of the operator, and `jvm.options`. So a heap size in a variable has no effect, and a code cache in
`jvm.options` replaces the operator's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from alluxio_operator.api.base import quantity
from alluxio_operator.api.roles import EnvVar, Process
from alluxio_operator.engine.problem import Problem
from alluxio_operator.workloads.collectors import CHOICES, COLLECTORS, MI, Collector, most

USUAL_PROCESSORS: Final = 8
"""Processors that are assumed without a CPU limit. A JVM then starts a collector's thread for each of the node's."""
DEFAULT_STACK: Final = MI
"""Stack of a thread on 64-bit Linux (ThreadStackSize of the JVM)."""
DEEP_THREADS: Final = 100
"""Threads that are assumed to use the whole stack of -Xss, if it is larger than the default."""

VARIABLES: Final = frozenset({"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"})
"""Variables with options that the JVM, or its launcher, puts in front of its command line."""
_ATTACH: Final = re.compile(r"ALLUXIO_([A-Z]+_)*ATTACH_OPTS")
"""Variables that Alluxio's launch scripts put in front of the operator's options."""

_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_SIZE: Final = re.compile(r"(\d+)([kmgt]?)", re.IGNORECASE)
_COUNT: Final = re.compile(r"\d+")

_OF_THE_HEAP: Final = re.compile(
    r"-XX:(?:(?:Max|Min|Initial)RAM(?:Percentage|Fraction)|DefaultMaxRAMFraction|MaxRAM|ErgoHeapSizeLimit)=.*"
)
"""Options from which a JVM derives the heap that -Xmx and -Xms set already."""
_SETTLED: Final = re.compile(
    r"-Xm[xs]\d.*|-XX:(?:MaxHeapSize|InitialHeapSize|MaxDirectMemorySize|MaxMetaspaceSize|ReservedCodeCacheSize)=.*"
)
"""Options that the operator sets itself, so that those of a variable have no effect."""
_HIDING: Final = re.compile(r"-XX:(?:Flags|VMOptionsFile)=.*|-XX:\+AggressiveHeap|@.*")
"""Options that read others from a file, or change the heap by the size of the machine."""


@dataclass(frozen=True, slots=True)
class JvmSettings:
    """What a user's options say about memory; sizes in bytes, None or 0 where they say nothing."""

    collector: Collector | None = None
    processors: int | None = None
    """Processors for which the collector starts threads."""
    metaspace: int = 0
    code_cache: int = 0
    stack: int = DEFAULT_STACK
    netty: int = 0
    """Direct memory that Netty counts on its own, beyond MaxDirectMemorySize."""

    @property
    def further(self) -> int:
        """Bytes for larger stacks, and for Netty's own direct memory."""
        return DEEP_THREADS * max(0, self.stack - DEFAULT_STACK) + self.netty

    def collector_memory(self, heap: int) -> int:
        """Return the bytes that the collector takes; those of the largest candidate if it isn't chosen."""
        candidates = (self.collector,) if self.collector else CHOICES
        return most(candidates, heap, self.processors or USUAL_PROCESSORS)


def settings_of(process: Process) -> JvmSettings:
    """Return the settings of a process from its CPU limit, its variables and its options."""
    cpu = process.resources.limits.cpu
    found = JvmSettings(processors=max(1, math.ceil(quantity(cpu))) if cpu else None)
    for variable in process.env:
        if _holds_options(variable):
            for option in (variable.value or "").split():
                found = _after(found, option)
    # The operator's own flags come in between.
    found = replace(found, metaspace=0, code_cache=0, netty=0)
    for option in process.jvm.options:
        found = _after(found, option)
    return found


def problems(path: str, process: Process) -> Iterable[Problem]:
    """Yield options that have no effect, or whose memory the operator can't know."""
    for option in process.jvm.options:
        if why := _wrong(option):
            yield Problem(f"{path}.jvm.options", option, why, "remove it" + _instead(path, option))
    for variable in filter(_holds_options, process.env):
        field = f"{path}.env[{variable.name}]"
        if variable.value_from:
            yield Problem(
                field, "", "comes from another object, whose options the operator can't add to the memory limit",
                f"set the options in {path}.jvm.options, or as the variable's value",
            )  # fmt: skip
        for option in (variable.value or "").split():
            if why := _wrong(option):
                yield Problem(field, option, why, "remove the option" + _instead(path, option))
            elif _SETTLED.fullmatch(option):
                yield Problem(
                    field, option, "has no effect: the operator's option on the command line wins",
                    f"remove the option, and use {path}.jvm",
                )  # fmt: skip


def _holds_options(variable: EnvVar) -> bool:
    return variable.name in VARIABLES or bool(_ATTACH.fullmatch(variable.name))


def _wrong(option: str) -> str | None:
    """Return what is wrong with an option, wherever it is given."""
    if _OF_THE_HEAP.fullmatch(option):
        return "has no effect: the operator sets the heap by -Xmx and -Xms"
    if _HIDING.fullmatch(option):
        return "can enlarge the process without the operator's knowledge"
    name, _, value = option.partition("=")
    if name == "-Dio.netty.maxDirectMemory" and value.startswith("-"):
        return "lets Netty use as much direct memory again, without the operator's knowledge"
    if name in _SIZES and _size(value) is None:
        return "is no size of the JVM, such as 512m"
    return None


def _instead(path: str, option: str) -> str:
    if _OF_THE_HEAP.fullmatch(option) or "AggressiveHeap" in option:
        return f", and set {path}.jvm.heap or {path}.resources.limits.memory"
    if "netty" in option:
        return f", and set {path}.jvm.directMemory"
    if _HIDING.fullmatch(option):
        return f", and give its options in {path}.jvm.options"
    return " or correct it"


_SIZES: Final[Mapping[str, Callable[[JvmSettings, int], JvmSettings]]] = {
    "-XX:MaxMetaspaceSize": lambda before, size: replace(before, metaspace=size),
    "-XX:ReservedCodeCacheSize": lambda before, size: replace(before, code_cache=size),
    "-Dio.netty.maxDirectMemory": lambda before, size: replace(before, netty=size),
}
_COUNTS: Final = frozenset({"-XX:ActiveProcessorCount", "-XX:ParallelGCThreads"})


def _after(before: JvmSettings, option: str) -> JvmSettings:
    """Return the settings after one more option."""
    name, _, value = option.partition("=")
    if option.startswith("-Xss"):
        return replace(before, stack=_size(option.removeprefix("-Xss")) or before.stack)
    if name == "-XX:ThreadStackSize":
        # In KiB, as a plain number. 0 means the default.
        return replace(before, stack=(_size(f"{value}k") or _size(value) or 0) or DEFAULT_STACK)
    if name in _SIZES and (size := _size(value)) is not None:
        return _SIZES[name](before, size)
    if name in _COUNTS and _COUNT.fullmatch(value) and int(value):
        return replace(before, processors=int(value))
    flag = name.removeprefix("-XX:")
    if flag[1:] in COLLECTORS and flag[0] in "+-":
        return replace(before, collector=COLLECTORS[flag[1:]] if flag[0] == "+" else None)
    return before


def _size(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _UNITS[found[2].lower()] if found else None
