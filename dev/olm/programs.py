"""Find and run the programs that generate, check and serve the bundle."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import tools
from dev.cluster.paths import find_paths
from dev.cluster.tool import Tool
from dev.tasks.shell import ROOT, StepFailed


@dataclass(frozen=True)
class Programs:
    """The programs by name."""

    toolbox: tools.Toolbox

    @classmethod
    def built(cls, wanted: tuple[Tool, ...] = tools.OLM_TOOLS) -> Programs:
        """Return the programs; build the missing ones first."""
        paths = find_paths(os.environ)
        return cls(tools.ensure(paths, lambda line: print(line, flush=True), (*wanted, tools.KUBERNETES)))

    def path(self, name: str) -> str:
        """Return the path of a program."""
        return self.toolbox.path(name)

    def run(self, name: str, *arguments: str, text: str | None = None, directory: Path = ROOT) -> str:
        """Run a program and return its output. Raise StepFailed with its messages."""
        done = subprocess.run(
            [self.path(name), *arguments],
            input=text,
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            output = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}".strip()
            raise StepFailed(f"{name} {' '.join(arguments[:4])} ended with {done.returncode}:\n{output}")
        return done.stdout
