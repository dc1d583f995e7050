"""Objects as text: JSON that is YAML, too.

JSON writes a character beyond the Basic Multilingual Plane as two escapes, which YAML refuses, and leaves characters
as they are that YAML doesn't take: YAML has \\U for all of them. Templates are parsed as YAML here, applies are at the
API server.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import NoReturn


def as_json(value: object) -> str:
    """Return a value as JSON that any parser of YAML takes."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=_refuse)
    return re.sub(r"[^ -~]", lambda odd: f"\\U{ord(odd[0]):08X}", text)


def _refuse(value: object) -> NoReturn:
    # The text of what is undefined in a template is an error that names it.
    raise TypeError(f"{value} can't be written as JSON")


def digest(value: object) -> str:
    """Return a short text that is the same for equal JSON values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
