"""Runs commands, in the local cluster's network or outside, and says how long each step took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class StepFailed(Exception):
    """A step didn't work; the message says which command and what it printed last."""


def run(*command: str, text: str | None = None, env: Mapping[str, str] | None = None, quiet: bool = False) -> str:
    """Run a command and return its output; with `quiet` it is kept back unless the command fails."""
    result = subprocess.run(
        command,
        cwd=ROOT,
        input=text,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        said = f":\n{result.stdout[-3000:]}" if quiet else ""
        raise StepFailed(f"{' '.join(command[:6])} ended with {result.returncode}{said}")
    return result.stdout or ""


def inside(*command: str, text: str | None = None) -> str:
    """Run a command in the local cluster's network and return its output."""
    return run("dev/in-cluster", *command, text=text, quiet=True)


def say(line: str) -> None:
    """Print progress at once."""
    print(line, flush=True)


def python(*arguments: str) -> Sequence[str]:
    """Return the command that runs the project's Python."""
    return (sys.executable, *arguments)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    print(f"\n==> {title}", flush=True)
    began = time.monotonic()
    yield
    print(f"    done in {duration(time.monotonic() - began)}", flush=True)


def duration(seconds: float) -> str:
    """Return seconds as people read them."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
