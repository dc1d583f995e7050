"""Turns a context into manifests: strict templates, in the order of their file names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import yaml

from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.kube.text import as_json


@dataclass(frozen=True)
class Manifest:
    """An object to apply; `order` is the number of its template."""

    order: int
    obj: Object

    @cached_property
    def ref(self) -> Ref:
        """Name of the object."""
        return Ref.of(self.obj)

    @cached_property
    def hash(self) -> str:
        """Tells whether the object is still rendered as before."""
        return hashlib.sha256(json.dumps(self.obj, sort_keys=True).encode()).hexdigest()[:16]


class RenderError(Exception):
    """A template and its context don't fit together: a defect of the operator, not of the resource."""


class Renderer:
    """Renders the templates of a folder; compiled once, safe to share between threads."""

    def __init__(self, templates: Path) -> None:
        self._templates = templates
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 (YAML, not HTML: values are placed as JSON)
            auto_reload=False,
        )
        # Jinja's own tojson escapes for HTML.
        self._environment.filters["tojson"] = as_json

    def render(self, folder: str, context: Mapping[str, Any]) -> tuple[Manifest, ...]:
        """Return the manifests of `folder` in the order of the template numbers."""
        manifests: list[Manifest] = []
        for path in sorted((self._templates / folder).glob("*.yaml.j2")):
            name = f"{folder}/{path.name}"
            try:
                text = self._environment.get_template(name).render(context)
                documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
            except (jinja2.TemplateError, yaml.YAMLError) as error:
                raise RenderError(f"template {name}: {error}") from error
            order = int(path.name.split("-", 1)[0])
            manifests.extend(Manifest(order, document) for document in documents if document)
        return tuple(manifests)
