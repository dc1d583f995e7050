"""What a container can't start without, in the kubelet's words: a Secret or a ConfigMap, or a key in one."""

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
    """An object that isn't there, or with a `key`, one that is there without it."""

    kind: Literal["Secret", "ConfigMap"]
    name: str
    key: str = ""

    @property
    def reason(self) -> str:
        """One word for programs, such as SecretKeyMissing."""
        return f"{self.kind}{'Key' if self.key else ''}Missing"

    def __str__(self) -> str:
        return f"{self.kind} {self.name} has no key {self.key}" if self.key else f"{self.kind} {self.name} isn't there"


def what_is_missing(said: str) -> Missing | None:
    """Return what the kubelet misses; None when it speaks of something else.

    Its two sentences, of Kubernetes 1.34: `secret "x" not found`, `couldn't find key k in Secret ns/x`.
    """
    found = _WITHOUT_KEY.search(said) or _ABSENT.search(said)
    if found is None:
        return None
    parts = found.groupdict()
    return Missing("Secret" if parts["kind"].lower() == "secret" else "ConfigMap", parts["name"], parts.get("key", ""))
