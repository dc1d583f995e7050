"""Objects as JSON that every YAML parser accepts.

JSON writes a character beyond the Basic Multilingual Plane as two escapes, which YAML refuses, and leaves some
characters unescaped that YAML refuses as well. YAML has \\U for all of them. The operator parses templates as YAML,
and the API server parses applies as YAML.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import NoReturn


def as_json(value: object) -> str:
    """Return a value as JSON that every YAML parser accepts."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=_refuse)
    return re.sub(r"[^ -~]", lambda odd: f"\\U{ord(odd[0]):08X}", text)


def _refuse(value: object) -> NoReturn:
    # Jinja's error for an undefined value is raised by its conversion to text, and names it.
    raise TypeError(f"{value} can't be written as JSON")


def digest(value: object) -> str:
    """Return a short text that is the same for equal JSON values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
