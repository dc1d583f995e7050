"""Cached rendering and parsing, because the worlds render the same cluster thousands of times."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.builders import TEMPLATES

from alluxio_operator.engine import render
from alluxio_operator.engine.render import Manifest, Renderer

_parse = render.parse


class RememberingRenderer(Renderer):
    """Renders a template once for each context."""

    def __init__(self) -> None:
        super().__init__(TEMPLATES)
        self._known: dict[tuple[str, str], str] = {}
        self._last: tuple[Mapping[str, Any], str] = ({}, "{}")

    def text(self, name: str, context: Mapping[str, Any]) -> str:
        if context is not self._last[0]:
            self._last = context, json.dumps(context, sort_keys=True)
        key = name, self._last[1]
        if key not in self._known:
            self._known[key] = super().text(name, context)
        return self._known[key]

    def forget(self) -> None:
        """Drop all texts, here and of `parse_once`."""
        self._known.clear()
        _parsed.cache_clear()


RENDERER = RememberingRenderer()


class AnotherVersion(Renderer):
    """Renders as another version of the operator would: the same values in templates of another text."""

    def __init__(self) -> None:
        super().__init__(TEMPLATES)

    def text(self, name: str, context: Mapping[str, Any]) -> str:
        # Another value of a field that is there, and a field that is new.
        text = super().text(name, context).replace("terminationMessagePolicy: FallbackToLogsOnError", "stdin: true")
        return re.sub(r"^( *)readinessProbe:$", r"\g<0>\n\1  initialDelaySeconds: 1", text, flags=re.MULTILINE)


def parse_once(template: str, text: str) -> tuple[Manifest, ...]:
    """Return the cached result of `parse`, with separate objects for each call."""
    return tuple(Manifest(order, json.loads(obj)) for order, obj in _parsed(template, text))


@cache
def _parsed(template: str, text: str) -> tuple[tuple[int, str], ...]:
    return tuple((manifest.order, json.dumps(manifest.obj)) for manifest in _parse(template, text))
