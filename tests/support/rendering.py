"""Cached rendering and parsing, because the worlds render the same cluster thousands of times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.builders import TEMPLATES

from alluxio_operator.engine import render
from alluxio_operator.engine.render import Manifest, Renderer

_parse = render.parse


class RememberingRenderer(Renderer):
    """Renders each distinct context once."""

    def __init__(self) -> None:
        super().__init__(TEMPLATES)
        self._known: dict[str, dict[str, str]] = {}

    def texts(self, folder: str, context: Mapping[str, Any]) -> dict[str, str]:
        key = json.dumps([folder, context], sort_keys=True)
        if key not in self._known:
            self._known[key] = super().texts(folder, context)
        return dict(self._known[key])


RENDERER = RememberingRenderer()


def parse_once(template: str, text: str) -> tuple[Manifest, ...]:
    """Return the cached result of `parse`, with separate objects for each call."""
    return tuple(Manifest(order, json.loads(obj)) for order, obj in _parsed(template, text))


@cache
def _parsed(template: str, text: str) -> tuple[tuple[int, str], ...]:
    return tuple((manifest.order, json.dumps(manifest.obj)) for manifest in _parse(template, text))
