"""Remove secrets from a report: values with a telling name, and text that looks like a credential.

A document in a known format is parsed, and left out if it can't be. No rule can recognise every secret. Therefore a
report never reads Secrets, and asks its reader to check it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from xml.etree import ElementTree

import javaproperties
import yaml

from alluxio_operator.transport.sensitive import WORDS, is_reference, is_sensitive

REDACTED: Final = "REMOVED"

# Patterns run over text of any tenant. So where a long part repeats and what follows it may be missing, the part is
# possessive (`++`), and a match passes over it all the same, or it is bounded.
_KEY_FILES: Final = frozenset({"jks", "key", "keytab", "netrc", "htpasswd", "p12", "pfx", "pgpass", "ppk"})
_KEY_NAMES: Final = ("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "htpasswd")
"""Files that hold nothing but secrets."""

_NOT_SECRET: Final = ("", "true", "false")

_INSIDE: Final = rf"[\w.$/-]{{0,200}}{WORDS}[\w.$/-]{{0,200}}"
_NAME: Final = rf"(?<![\w.$/-]){_INSIDE}"
_PAIR: Final = re.compile(
    rf"(?P<name>{_NAME})"
    r"(?P<separator>(?:\\*[\"'])?\s*(?:=>|->|:=|[=:\uff1a\uff1d])[^\S\r\n]*)"
    r"(?P<value>"
    r'"{3}(?:[^"]|"(?!""))*+(?:"{3}|$)'
    r"|'{3}(?:[^']|'(?!''))*+(?:'{3}|$)"
    r"|<<[-~]?[\"']?(?P<end>\w+)(?:(?!\n[ \t]*(?P=end)\b).)*+(?:\n[ \t]*(?P=end)|$)"  # a here-document
    r"|(?P<escaped>\\+[\"'])(?:(?!(?P=escaped)).)*(?:(?P=escaped)|$)"  # in a string that is quoted itself
    r'|"(?:[^"\\]|\\.)*(?:"|$)'
    r"|'(?:[^'\\]|\\.|'')*(?:'|$)"
    r"|[|>][-+0-9]*[ \t]*(?:\r?\n(?:[ \t]+[^\r\n]*|(?=\r?\n)))+"  # a YAML block
    r"|(?:\r?\n(?:[ \t]++(?!at )|-[ \t])[^\r\n]++)+"  # on the lines below, deeper or as a list
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
        r"(?P<before>\bname\\*[\"']?\s*[:=]\s*\\*[\"']?)(?P<name>[\w.$/-]+)"
        r"(?P<separator>\\*[\"']?\s*+(?:,\s*+)?\\*[\"']?value\\*[\"']?\s*[:=]\s*)(?P<value>\\*\"(?:[^\"\\]|\\.)*\"|[^\r\n,}]+)"
    ),
    re.compile(
        r"(?P<before>\bvalue\\*[\"']?\s*[:=]\s*+)(?:(?P<value>\\*\"(?:[^\"\\]|\\.){0,2000}+\"|[^\r\n,}]++)"
        r"(?P<separator>\s*+(?:,\s*+)?\\*[\"']?name\\*[\"']?\s*[:=]\s*\\*[\"']?)(?P<name>[\w.$/-]+)|[^\r\n,}]++)"
    ),
    re.compile(
        r"(?P<before><name>)(?P<name>[^<]++)(?P<separator></name>.{0,200}?<value>)(?P<value>.*?)(?=</value>|$)",
        re.DOTALL,
    ),
    re.compile(r"(?P<before><value>)(?P<value>[^<]{0,2000}+)(?P<separator></value>\s{0,200}+<name>)(?P<name>[^<]++)"),
    re.compile(r"(?P<before><)(?P<name>[\w.:-]+)(?P<separator>(?:\s[^<>]*)?>)(?P<value>[^<]+)"),
)

_WORD: Final = re.compile(
    # In files of pairs without a sign between, such as squid's or nginx's.
    r"(?P<name>(?<![\w.$/-])[\w.-]{0,60}(?:password|passwd|passphrase))(?P<separator>[ \t]++)"
    r"(?P<value>\"[^\"\r\n]*+\"|'[^'\r\n]*+')",
    re.IGNORECASE,
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
    # An entry of .netrc, a user of curl, and the user of Oracle's driver.
    (re.compile(r"(?m)^([ \t]*(?:machine[ \t]+\S+|default)\b[^\r\n]*?[ \t]password[ \t]+)\S+"), rf"\1{REDACTED}"),
    (re.compile(r"((?:^|\s)(?:-u|--user)(?:\s+|=)[\"']?[^\s:\"']{1,200}+:)[^\s\"']+"), rf"\1{REDACTED}"),
    (re.compile(r"(jdbc:oracle:\w+:)[^\s@/]{1,200}+/[^\s@]{1,200}+(?=@)"), rf"\1{REDACTED}"),
    # A JSON web token, an AWS key id, tokens of GitHub, Slack and Google.
    (re.compile(r"\beyJ[\w-]{8,}+(?P<rest>\.[\w-]{8,}(?:\.[\w-]*)?)?"),
     lambda found: REDACTED if found["rest"] else found[0]),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), REDACTED),
    (re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|ya29\.[\w-]{10,})"), REDACTED),
)  # fmt: skip


SHORTEST: Final = 8
"""Characters of a secret that is removed wherever it stands; a shorter one may be an everyday word."""

_FOUND: ContextVar[set[str] | None] = ContextVar("found", default=None)


@contextmanager
def remembering() -> Iterator[set[str]]:
    """Collect the secrets that `value` finds meanwhile, so that `without` removes them elsewhere."""
    found: set[str] = set()
    token = _FOUND.set(found)
    try:
        yield found
    finally:
        _FOUND.reset(token)


def without(content: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets, whatever stands before them."""
    for secret in sorted(secrets, key=len, reverse=True):
        content = content.replace(secret, REDACTED)
    return content


def text(content: str) -> str:
    """Return a text with everything that looks like a secret replaced."""
    for pattern, replacement in _TEXTS:
        content = pattern.sub(replacement, content)
    for pattern in (*_NAMED, _ARGUMENT, _WORD, _PAIR):
        content = pattern.sub(_without_value, content)
    return content


def value(item: Any, name: str = "", *, below_secret: bool = False) -> Any:
    """Return an API object without secrets, and without fields that only bloat a report.

    `below_secret`: a name above this value says that it is a secret. Then only references, such as the name of a
    Secret, stay.
    """
    if isinstance(item, Mapping):
        below = below_secret or is_sensitive(name)
        return {
            key: _gone(inner) if key in _hidden(item) else value(inner, str(key), below_secret=below)
            for key, inner in item.items()
            if key not in ("managedFields", "kubectl.kubernetes.io/last-applied-configuration")
        }
    if isinstance(item, list):
        return [
            _gone(inner) if _is_argument(item, number) else value(inner, name, below_secret=below_secret)
            for number, inner in enumerate(item)
        ]
    if isinstance(item, bool) or item is None:
        return item
    secret = is_sensitive(name) or (below_secret and not is_reference(name))
    if secret and str(item) not in _NOT_SECRET:
        return _gone(item)
    return document(name, item) if isinstance(item, str) else item


def _gone(secret: Any) -> str:
    """Return what stands in place of a secret, and remember it."""
    found = _FOUND.get()
    if found is not None and isinstance(secret, str) and len(secret.strip()) >= SHORTEST:
        found.add(secret.strip())
    return REDACTED


def _hidden(item: Mapping[Any, Any]) -> frozenset[Any]:
    """Return the fields of an object whose values are secret, whatever the fields are called."""
    # An environment variable of a container, a header, a parameter.
    names = [str(item[key]) for key in item if str(key).lower() in ("name", "key", "property", "parameter", "option")]
    hidden = [key for key in item if str(key).lower() == "value" and any(map(is_sensitive, names))]
    # Nothing is known of these bytes of a ConfigMap.
    return frozenset([*hidden, *(key for key in ("binaryData",) if key in item)])


def document(name: str, content: str) -> str:
    """Return a file's content without secrets; a note in its place if it isn't in the format that its name claims."""
    stem, _, kind = name.lower().rpartition(".")
    if (kind in _KEY_FILES and (stem or name.startswith("."))) or name.lower().startswith(_KEY_NAMES):
        return REDACTED
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
    _clean(root, below_secret=False)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element, *, below_secret: bool) -> None:
    """Remove the secrets of an element of XML: by its own name, by that of its property, and by that above it."""
    tag = _local(element.tag)
    named = [(one.text or "").strip() for one in element if _local(one.tag) in ("name", "key")]
    named += [given for key, given in element.attrib.items() if _local(key) in ("name", "key")]
    secret = any(map(is_sensitive, named))
    below = below_secret or is_sensitive(tag)
    for key, given in element.attrib.items():
        hide = below or (secret and _local(key) == "value")
        element.attrib[key] = REDACTED if hide else str(value(given, _local(key)))
    if element.text and element.text.strip():
        element.text = REDACTED if below and not is_reference(tag) else str(value(element.text, tag))
    for child in element:
        _clean(child, below_secret=below or (secret and _local(child.tag) not in ("name", "key")))
    if element.tail and element.tail.strip():
        element.tail = REDACTED if below_secret else text(element.tail)


def _local(tag: object) -> str:
    """Return a name of XML without its namespace."""
    return str(tag).rpartition("}")[2]
