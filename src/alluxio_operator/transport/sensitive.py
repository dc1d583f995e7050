"""Names whose values may be secrets: such a value is never repeated in a message or a report."""

from __future__ import annotations

import re
from typing import Final

WORDS: Final = (
    r"(?:pass(?:word|wd|phrase|code)|pass(?![a-z])|pwd|bindpw|secret|token|credential|(?<![a-z])creds|keytab|"
    r"authorization|cookie|"
    r"dockerconfigjson|(?<![a-z])auth(?![a-z])|signature|(?<![a-z])sig(?![a-z])|connection[-_.]?string|jaas|bearer|"
    r"(?:api|access|private|account|sas|shared|storage|encryption|consumer|customer|master|ssh|client|session|signing|"
    r"hmac|keystore|truststore)[-_.]?key)"
)
_NAME: Final = re.compile(WORDS, re.IGNORECASE)
_KEY: Final = re.compile(
    r"(?:access|secret|private|api|account|encryption|customer|session|signing|hmac|keystore|truststore)[-_.]?key"
    r"(?![a-z]{3})",
    re.IGNORECASE,
)
"""Keys that are secrets themselves: Hadoop's fs.s3a.encryption.key, and Presto's keystore.key, which is a password."""
_ACCOUNT: Final = re.compile(r"account[-_.]?key[-_.].", re.IGNORECASE)
"""Azure puts the name of the account behind it, and that may end in anything."""


def _last_word(words: str) -> re.Pattern[str]:
    """Match names that end with one of the words, as a word of its own: token.type and tokenType, not tokentype."""
    lower = "|".join(words.split())
    upper = "|".join(word[:1].upper() + word[1:] for word in words.split())
    upper_case = "|".join(word.upper() for word in words.split())
    return re.compile(rf"(?:(?:^|[-_. ])(?:{lower}|{upper})|(?<=[a-z0-9])(?:{upper})|_(?:{upper_case}))$")


# Names with such a word but without a secret: its location, or settings about it.
_LOCATION: Final = _last_word("name ref file path")
_HARMLESS: Final = _last_word(
    "name names file path ref refs key provider enabled type expiration interval timeout seconds length audience "
    "mount mounted"
)
_OF_KUBERNETES: Final = frozenset({"automountServiceAccountToken", "imagePullSecrets", "serviceAccountToken"})


def is_sensitive(name: str) -> bool:
    """Return True if a value with this name may be a secret."""
    if name in _OF_KUBERNETES:
        return False
    if _KEY.search(name):
        return bool(_ACCOUNT.search(name)) or not _LOCATION.search(name)
    return bool(_NAME.search(name)) and not _HARMLESS.search(name)


def is_reference(name: str) -> bool:
    """Return True for the name of a value that only says where a secret is."""
    return bool(_HARMLESS.search(name))


def may_be_shown(field: str, value: str) -> bool:
    """Return True if a message may repeat the value of a field of a spec.

    The value of an environment variable never may: its name needn't say that it is a secret.
    """
    if re.search(r"\benv\[", field) or ("://" in value and "@" in value):
        return False
    return not any(map(is_sensitive, (*re.split(r"[\[\]]", field), value.partition("=")[0])))
