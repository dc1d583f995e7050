"""Turns a context into manifests: strict templates, in the order of their file names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jinja2
import yaml

from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.kube.text import as_json, digest


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
        return digest(self.obj)


@dataclass(frozen=True, slots=True)
class Outline:
    """A manifest without its body."""

    order: int
    ref: Ref
    hash: str


@dataclass(frozen=True, slots=True)
class Outlines:
    """All that is kept of a rendering: the digest of its context, and what came of it.

    The bodies would be most of what the operator holds in memory, and a cluster at rest needs none of them.
    """

    context: str
    items: tuple[Outline, ...]


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


class Rendering:
    """The manifests of a context; with `known` of the same context their bodies are rendered only when asked for.

    Rendering is most of the work of a reconcile that changes nothing.
    """

    def __init__(
        self, renderer: Renderer, folder: str, context: Mapping[str, Any], known: Outlines | None = None
    ) -> None:
        self._render = partial(renderer.render, folder, context)
        self._bodies: dict[Ref, Object] = {}
        present = digest(context)
        if known is None or known.context != present:
            items = tuple(Outline(m.order, m.ref, m.hash) for m in self._rendered())
            known = Outlines(present, items)
        self.outlines = known
        """What to keep for the next rendering."""
        self.manifests = tuple(LazyManifest(outline, self.body) for outline in known.items)

    def body(self, ref: Ref) -> Object:
        """Return an object as rendered."""
        if not self._bodies:
            self._rendered()
        return self._bodies[ref]

    def _rendered(self) -> tuple[Manifest, ...]:
        manifests = self._render()
        self._bodies = {manifest.ref: manifest.obj for manifest in manifests}
        return manifests


@dataclass(frozen=True, slots=True)
class LazyManifest:
    """A manifest whose body is rendered when it is needed."""

    outline: Outline
    body: Callable[[Ref], Object]

    @property
    def order(self) -> int:
        """Number of its template."""
        return self.outline.order

    @property
    def ref(self) -> Ref:
        """Name of the object."""
        return self.outline.ref

    @property
    def hash(self) -> str:
        """Tells whether the object is still rendered as before."""
        return self.outline.hash

    @property
    def obj(self) -> Object:
        """The object to apply."""
        return self.body(self.ref)
