"""Go: its version, and the commands that fetch and build a tool."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.tool import Tool

NEEDED = (1, 26)
ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local"}
FLAGS = ("-trimpath",)
STANDARD_LIBRARY = ("go", "build", *FLAGS, "std")
"""Compiles the standard library once, so that two parallel builds don't both compile it."""


def version() -> str:
    """Return the version of the Go toolchain, such as go1.26.3."""
    go = shutil.which("go")
    if go is None:
        raise ClusterError("go is not installed; `make doctor` shows how to get it")
    # Read the file that every Go distribution has, because running the command is the slowest part here.
    version_file = Path(go).resolve().parents[1] / "VERSION"
    if version_file.is_file():
        return version_file.read_text().split()[0]
    command = subprocess.run(["go", "env", "GOVERSION"], check=True, capture_output=True, text=True)
    return command.stdout.strip()


def is_new_enough(go: str) -> bool:
    """Return True if this version of Go can build the tools."""
    numbers = go.removeprefix("go").split(".")
    try:
        return (int(numbers[0]), int(numbers[1])) >= NEEDED
    except (IndexError, ValueError):
        return False


def download_command(tool: Tool) -> tuple[str, ...]:
    """Return the command that downloads all sources of a tool."""
    return ("go", "list", "-deps", *_tags(tool), *tool.packages)


def build_command(tool: Tool, directory: Path) -> tuple[str, ...]:
    """Return the command that builds a tool's programs into a directory.

    One command builds all programs, so that Go compiles for one program while it links another. Go names several
    programs after their packages, and a single program after `-o`.
    """
    output = f"{directory}/" if len(tool.binaries) > 1 else str(directory / tool.binaries[0].name)
    return ("go", "build", *FLAGS, f"-ldflags={tool.linker_flags}", *_tags(tool), "-o", output, *tool.packages)


def build(tool: Tool, module: Path, directory: Path) -> None:
    """Build a tool's programs from its module into a directory."""
    go(build_command(tool, directory), module)
    if missing := [binary.name for binary in tool.binaries if not (directory / binary.name).is_file()]:
        raise ClusterError(f"the build of {tool.name} produced no {', '.join(missing)}")


def go(command: Sequence[str], module: Path, environment: Mapping[str, str] = ENVIRONMENT) -> str:
    """Run a Go command in a module and return its output. Raise ClusterError."""
    done = subprocess.run(
        command, cwd=module, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        output = (done.stdout + done.stderr)[-3000:]
        raise ClusterError(f"{' '.join(command[:3])} in {module} ended with {done.returncode}:\n{output}")
    return done.stdout


def _tags(tool: Tool) -> tuple[str, ...]:
    return (f"-tags={','.join(tool.tags)}",) if tool.tags else ()
