"""Text from outside, without what a terminal would obey.

A pod's last output, or an answer of a server, can hold escape sequences. They recolour an administrator's terminal,
move its cursor, or write its clipboard (OSC 52). Source of the sequences: ECMA-48, and xterm's ctlseqs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

# Each alternative matches whatever follows its first characters. A search that fails and begins again at the next
# character takes minutes for 80 KB that a pod chose, and Python runs nothing else meanwhile.
_SEQUENCES: Final = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*+(?:\x07|\x1b\\|\x9c)?"  # OSC: title, clipboard, hyperlink
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*+(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*+[0-~]?"
)
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"  # would show the rest of a line in another order
    # Invisible, so that a word isn't the one that it seems to be.
    "\u00ad\u200b\u2060-\u2064\u206a-\u206f\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff\ufeff]"
)


def printable(text: str) -> str:
    """Return a text without escape sequences and control characters; line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub("", _SEQUENCES.sub("", text))


def all_printable(value: Any) -> Any:
    """Return a JSON value with `printable` applied to each text and key in it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): all_printable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [all_printable(inner) for inner in value]
    return value
