"""Remove secrets from a report: values with a telling name, and text that looks like a credential.

A document in a known format is parsed, and left out if it can't be. No rule can recognise every secret. Therefore a
report never reads Secrets, and asks its reader to check it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree

import javaproperties
import yaml

from alluxio_operator.transport.sensitive import WORDS, is_sensitive

REDACTED: Final = "REMOVED"

# Patterns run over text of any tenant. So where a long part repeats and what follows it may be missing, the part is
# possessive (`++`), and a match passes over it all the same, or it is bounded.
_NOT_SECRET: Final = ("", "true", "false")

_INSIDE: Final = rf"[\w.$/-]{{0,200}}{WORDS}[\w.$/-]{{0,200}}"
_NAME: Final = rf"(?<![\w.$/-]){_INSIDE}"
_PAIR: Final = re.compile(
    rf"(?P<name>{_NAME})"
    r"(?P<separator>(?:\\*[\"'])?\s*(?:=>|[=:])[ \t]*)"
    r"(?P<value>"
    r"(?P<escaped>\\+[\"'])(?:(?!(?P=escaped)).)*(?:(?P=escaped)|$)"  # in a string that is quoted itself
    r'|"(?:[^"\\]|\\.)*(?:"|$)'
    r"|'(?:[^'\\]|\\.|'')*(?:'|$)"
    r"|[|>][-+0-9]*[ \t]*(?:\r?\n(?:[ \t]+[^\r\n]*|(?=\r?\n)))+"  # a YAML block
    r"|[^\s\"'](?:[^\r\n\\]|\\(?:\r?\n|.))*"  # to the end of the line, and on after a backslash
    r")",
    re.IGNORECASE | re.DOTALL,
)
_ARGUMENT: Final = re.compile(
    rf"(?P<name>(?<![\w.$/-])--?{_INSIDE})(?P<separator>(?:\\*[\"'])?(?:\s*+,\s*+|\s*+-\s++|\s++))"
    r"(?P<value>(?P<escaped>\\+[\"'])(?:(?!(?P=escaped)).)*(?P=escaped)"
    r'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|(?!--)[^\s"\',\]]+)',
    re.IGNORECASE,
)
_NAMED: Final = (
    # Environment variables and Hadoop's properties, as YAML, JSON and XML have them.
    re.compile(
        r"(?P<before>\bname\\*[\"']?\s*:\s*\\*[\"']?)(?P<name>[\w.$/-]+)"
        r"(?P<separator>\\*[\"']?\s*+(?:,\s*+)?\\*[\"']?value\\*[\"']?\s*:\s*)(?P<value>\\*\"(?:[^\"\\]|\\.)*\"|[^\r\n,}]+)"
    ),
    re.compile(
        r"(?P<before>\bvalue\\*[\"']?\s*:\s*+)(?:(?P<value>\\*\"(?:[^\"\\]|\\.){0,2000}+\"|[^\r\n,}]++)"
        r"(?P<separator>\s*+(?:,\s*+)?\\*[\"']?name\\*[\"']?\s*:\s*\\*[\"']?)(?P<name>[\w.$/-]+)|[^\r\n,}]++)"
    ),
    re.compile(
        r"(?P<before><name>)(?P<name>[^<]++)(?P<separator></name>.{0,200}?<value>)(?P<value>.*?)(?=</value>|$)",
        re.DOTALL,
    ),
    re.compile(r"(?P<before><)(?P<name>[\w.:-]+)(?P<separator>(?:\s[^<>]*)?>)(?P<value>[^<]+)"),
)

_TEXTS: Final = (
    # A PEM block, also one that is cut off.
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
     REDACTED),
    # Every scheme of the header, with its parameters.
    (re.compile(r"(?i)(\b(?:proxy-)?authorization\\*[\"']?\s*[:=]\s*\\*[\"']?)[^\r\n\"']+"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)\b(bearer|basic|negotiate|digest|apikey|aws4-hmac-sha256)\s+(?=[\w.~+/=-]*[\d=_./+-])"
                r"[\w.~+/=-]{8,}(?:,?\s*\w+=[^\s,]+)*"), rf"\1 {REDACTED}"),
    # USER:PASSWORD@ in an address; a password may hold any character but blanks.
    (re.compile(r"://[^\s\"'<>]*+"), lambda found: _without_user(found[0])),
    # A JSON web token, an AWS key id, tokens of GitHub, Slack and Google.
    (re.compile(r"\beyJ[\w-]{8,}+(?P<rest>\.[\w-]{8,}(?:\.[\w-]*)?)?"),
     lambda found: REDACTED if found["rest"] else found[0]),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), REDACTED),
    (re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|ya29\.[\w-]{10,})"), REDACTED),
)  # fmt: skip


def text(content: str) -> str:
    """Return a text with everything that looks like a secret replaced."""
    for pattern, replacement in _TEXTS:
        content = pattern.sub(replacement, content)
    for pattern in (*_NAMED, _ARGUMENT, _PAIR):
        content = pattern.sub(_without_value, content)
    return content


def value(item: Any, name: str = "") -> Any:
    """Return an API object without secrets, and without fields that only bloat a report."""
    if isinstance(item, Mapping):
        if set(item) >= {"name", "value"} and is_sensitive(str(item["name"])):
            # An environment variable of a container.
            return {**item, "value": REDACTED}
        return {
            key: value(inner, str(key))
            for key, inner in item.items()
            if key not in ("managedFields", "kubectl.kubernetes.io/last-applied-configuration")
        }
    if isinstance(item, list):
        return [REDACTED if _is_argument(item, number) else value(inner, name) for number, inner in enumerate(item)]
    if isinstance(item, bool) or item is None:
        return item
    if is_sensitive(name) and str(item) not in _NOT_SECRET:
        return REDACTED
    return document(name, item) if isinstance(item, str) else item


def document(name: str, content: str) -> str:
    """Return a file's content without secrets; a note in its place if it isn't in the format that its name claims."""
    kind = name.rpartition(".")[2].lower()
    readers = {"json": _json, "xml": _xml, "yaml": _yaml, "yml": _yaml, "properties": _properties}
    if kind in readers and content.strip():
        try:
            return readers[kind](content)
        except (ValueError, yaml.YAMLError, ElementTree.ParseError, RecursionError) as error:
            return f"{REDACTED}: {name} can't be parsed, so secrets in it can't be found ({type(error).__name__})"
    if content.lstrip()[:1] in ("{", "["):
        try:
            return _json(content)
        except (ValueError, RecursionError):
            pass
    return text(content)


def _without_user(address: str) -> str:
    """Return an address, from its `://` on, without user and password."""
    credentials, at, host = address.rpartition("@")
    return f"://{REDACTED}@{host}" if at and credentials != "://" else address


def _without_value(found: re.Match[str]) -> str:
    if found["name"] is None:
        # Without a name, a pattern only passes over the value.
        return found[0]
    if not is_sensitive(found["name"].strip().lstrip("-")) or found["value"].strip(" \"'\\").lower() in _NOT_SECRET:
        return found[0]
    start, end = found.span("value")
    quote = re.match(r"\\*[\"']", found["value"])
    gone = f"{quote[0]}{REDACTED}{quote[0]}" if quote else REDACTED
    return found[0][: start - found.start()] + gone + found[0][end - found.start() :]


def _is_argument(items: Sequence[Any], number: int) -> bool:
    """Return True for the value that follows an option such as --password in a list of arguments."""
    before = items[number - 1] if number else None
    if not isinstance(before, str) or not isinstance(items[number], str) or items[number].startswith("--"):
        return False
    return before.startswith("-") and "=" not in before and is_sensitive(before.lstrip("-"))


def _json(content: str) -> str:
    return json.dumps(value(json.loads(content)), indent=2)


def _yaml(content: str) -> str:
    return yaml.safe_dump_all([value(one) for one in yaml.safe_load_all(content)], sort_keys=False)


def _properties(content: str) -> str:
    cleaned = {key: value(given, key) for key, given in javaproperties.loads(content).items()}
    return javaproperties.dumps(cleaned, timestamp=None, ensure_ascii=True)


def _xml(content: str) -> str:
    # A document type can expand to gigabytes.
    if "<!DOCTYPE" in content.upper() or "<!ENTITY" in content.upper():
        raise ValueError("a document type isn't read")
    root = ElementTree.fromstring(content)  # noqa: S314 (no document type, so no entities)
    for element in root.iter():
        named, given = element.find("name"), element.find("value")
        if named is not None and given is not None and is_sensitive((named.text or "").strip()):
            given.text = REDACTED
        element.attrib.update({key: str(value(one, key)) for key, one in element.attrib.items()})
        if element.text and element.text.strip() and element.text != REDACTED:
            element.text = str(value(element.text, element.tag))
        if element.tail and element.tail.strip():
            element.tail = text(element.tail)
    return ElementTree.tostring(root, encoding="unicode")
