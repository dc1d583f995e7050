"""A missing Secret or ConfigMap, or key in one, that keeps a container from starting; from the kubelet's message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

_ABSENT: Final = re.compile(r"\b(?P<kind>secret|configmap)s? \"(?P<name>[^\"]+)\" not found", re.IGNORECASE)
_WITHOUT_KEY: Final = re.compile(
    r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) [^/\s]+/(?P<name>\S+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A missing object, or with a `key`, an object without that key."""

    kind: Literal["Secret", "ConfigMap"]
    name: str
    key: str = ""

    @property
    def reason(self) -> str:
        """Reason as one CamelCase phrase, such as SecretKeyMissing."""
        return f"{self.kind}{'Key' if self.key else ''}Missing"

    def __str__(self) -> str:
        if self.key:
            return f"{self.kind} {self.name} has no key {self.key}"
        return f"{self.kind} {self.name} doesn't exist"


def what_is_missing(message: str) -> Missing | None:
    """Return the object that a kubelet message reports as missing; None for another message.

    The two messages of Kubernetes 1.34: `secret "x" not found`, `couldn't find key k in Secret ns/x`.
    """
    found = _WITHOUT_KEY.search(message) or _ABSENT.search(message)
    if found is None:
        return None
    parts = found.groupdict()
    return Missing("Secret" if parts["kind"].lower() == "secret" else "ConfigMap", parts["name"], parts.get("key", ""))
