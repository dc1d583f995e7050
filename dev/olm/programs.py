"""Finds the programs that make, check and serve the bundle, and runs them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import tools
from dev.cluster.paths import find_paths
from dev.tasks.shell import ROOT, StepFailed


@dataclass(frozen=True)
class Programs:
    """The programs by name."""

    toolbox: tools.Toolbox

    @classmethod
    def built(cls, wanted: tuple[tools.Tool, ...] = tools.OLM_TOOLS) -> Programs:
        """Return them, built where they are missing."""
        paths = find_paths(os.environ)
        needed = (*wanted, *(tool for tool in tools.TOOLS if tool.name == "kubernetes"))
        return cls(tools.ensure(paths, lambda line: print(line, flush=True), needed))

    def path(self, name: str) -> str:
        """Return where a program is."""
        return self.toolbox.path(name)

    def module_directory(self, tool: str, module: str) -> Path:
        """Return the source of a Go module that a tool is built from, of the version that dev/tools names."""
        command = ["go", "list", "-m", "-f", "{{.Dir}}", module]
        done = subprocess.run(
            command,
            cwd=tools.MODULES / tool,
            env={**os.environ, **tools.BUILD_ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not done.stdout.strip():
            raise StepFailed(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-1000:]}")
        return Path(done.stdout.strip())

    def run(self, name: str, *arguments: str, text: str | None = None, directory: Path = ROOT) -> str:
        """Run a program and return what it printed; raise StepFailed with what it said."""
        done = subprocess.run(
            [self.path(name), *arguments],
            input=text,
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}".strip()
            raise StepFailed(f"{name} {' '.join(arguments[:4])} ended with {done.returncode}:\n{said}")
        return done.stdout
