"""Parse what the API server sends, however deep it is nested.

Fields such as `affinity` take any value, and the API server accepts ten thousand levels. Python's parser gives up at a
thousand, and so do functions that call themselves for each level. One such resource would keep the operator from
listing those of all other tenants. So deeper values are cut off: `engine.parsing` refuses a resource before it gets
so deep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from alluxio_operator.api.base import GROUP

MOST_LEVELS: Final = 100

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def parse(data: bytes, path: str) -> Any:
    """Return the JSON document that the API server sent for a path; in place of a value that is too deep, None."""
    try:
        document = json.loads(data)
    except RecursionError:
        document = json.loads(_cut(data))
    if f"/{GROUP}/" in path:
        # Only custom resources have fields of any form.
        for level, holder, key in _values(document):
            if level == MOST_LEVELS:
                holder[key] = None
    return document


def levels(document: Any) -> int:
    """Return how deep a document is nested."""
    return max((level for level, _, _ in _values(document)), default=0) + 1


def _values(document: Any) -> Iterator[tuple[int, Any, Any]]:
    """Yield each map and list within a document, with its level and its place; a caller may replace it there."""
    left = [(0, document)]
    while left:
        level, node = left.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            if isinstance(node[key], dict | list):
                yield level + 1, node, key
                if isinstance(node[key], dict | list):
                    left.append((level + 1, node[key]))


def _cut(data: bytes) -> bytes:
    """Return a JSON text with null in place of each value that is too deep."""
    pieces, kept, level = [], 0, 0
    for found in _TOKEN.finditer(data):
        if found[0] in (b"{", b"["):
            level += 1
            if level == MOST_LEVELS + 1:
                pieces += [data[kept : found.start()], b"null"]
        elif found[0] in (b"}", b"]"):
            if level == MOST_LEVELS + 1:
                kept = found.end()
            level -= 1
    return b"".join([*pieces, data[kept:]])
