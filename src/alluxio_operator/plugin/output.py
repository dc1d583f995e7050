"""Output of the commands for programs."""

from __future__ import annotations

import json

import yaml


def dump(shown: object, output: str) -> None:
    """Print a value as JSON or YAML."""
    text = json.dumps(shown, indent=2)
    # YAML from the JSON text, because it writes tuples as lists.
    print(text if output == "json" else yaml.safe_dump(json.loads(text), sort_keys=False).rstrip())
