"""Remove secrets from a report: values with a telling name, and text that looks like a credential.

No rule can recognise every secret. Therefore a report never reads Secrets, and asks its reader to check it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "REMOVED"

_SENSITIVE = (
    r"(?:pass(?:word|wd|phrase)?|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|keytab|"
    r"account[-_.]?key|sas[-_.]?key|authorization|cookie)"
)
# Names with such a word but without a secret: its location, or settings about it.
_HARMLESS = re.compile(
    r"(?:name|names|file|path|ref|refs|key|provider|enabled|type|expiration|interval|timeout|seconds|length|"
    r"audience|mounted?|automountServiceAccountToken|imagePullSecrets)$",
    re.IGNORECASE,
)
_ANSWERS = ("", "true", "false")
_NAME = re.compile(_SENSITIVE, re.IGNORECASE)
_ALWAYS = re.compile(r"(?:access|secret|private|api|account)[-_.]?key", re.IGNORECASE)

_TEXTS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {REDACTED}"),
    # NAME=VALUE and NAME: VALUE, as in properties, command lines, JSON and logs.
    (
        re.compile(rf"""(?i)([\w.-]*{_SENSITIVE}[\w.-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"',;&]+)"""),
        rf"\1{REDACTED}",
    ),
    # USER:PASSWORD@ in an address.
    (re.compile(r"(\w+://)[^/\s:@]+:[^/\s@]+@"), rf"\1{REDACTED}@"),
    # A JSON web token, an AWS key id, a PEM block.
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), REDACTED),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), REDACTED),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL), REDACTED),
)


def is_sensitive(name: str) -> bool:
    """Return True if a value with this name may be a secret."""
    if _ALWAYS.search(name):
        return not re.search(r"(?:name|ref|file|path)$", name, re.IGNORECASE)
    return bool(_NAME.search(name)) and not _HARMLESS.search(name)


def text(content: str) -> str:
    """Return a text with everything that looks like a secret replaced."""
    for pattern, replacement in _TEXTS:
        content = pattern.sub(replacement, content)
    return content


def value(item: Any, name: str = "") -> Any:
    """Return an API object without secrets, and without fields that only bloat a report."""
    if isinstance(item, Mapping):
        if set(item) >= {"name", "value"} and is_sensitive(str(item["name"])):
            # An environment variable of a container.
            return {**item, "value": REDACTED}
        return {
            key: REDACTED
            if isinstance(inner, str) and is_sensitive(key) and inner not in _ANSWERS
            else value(inner, key)
            for key, inner in item.items()
            if key not in ("managedFields", "kubectl.kubernetes.io/last-applied-configuration")
        }
    if isinstance(item, list):
        return [value(inner, name) for inner in item]
    return text(item) if isinstance(item, str) else item
