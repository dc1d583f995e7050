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
class Page:
    """What came of one template: the digest of its text, and the manifests in it."""

    text: str
    items: tuple[Outline, ...]


@dataclass(frozen=True, slots=True)
class Outlines:
    """All that is kept of a rendering: the digest of its context, and what came of each template.

    The bodies would be most of what the operator holds in memory, and a cluster at rest needs none of them.
    """

    context: str
    pages: Mapping[str, Page]
    """By template."""


class RenderError(Exception):
    """A template and its context don't fit together: a defect of the operator, not of the resource."""


class Renderer:
    """Renders the templates of a folder; compiled once, safe to share between threads.

    A folder, and the files that its templates include, may lie in any of the places; the first that has it wins.
    """

    def __init__(self, place: Path, *more: Path) -> None:
        self._places = (place, *more)
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._places),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 (YAML, not HTML: values are placed as JSON)
            auto_reload=False,
        )
        # Jinja's own tojson escapes for HTML.
        self._environment.filters["tojson"] = as_json

    def texts(self, folder: str, context: Mapping[str, Any]) -> dict[str, str]:
        """Return the text of each template of `folder`, by its name and in the order of the numbers."""
        found = {}
        home = next((place for place in self._places if (place / folder).is_dir()), self._places[0])
        for path in sorted((home / folder).glob("*.yaml.j2")):
            name = f"{folder}/{path.name}"
            try:
                found[name] = self._environment.get_template(name).render(context)
            except jinja2.TemplateError as error:
                raise RenderError(f"template {name}: {error}") from error
        return found

    def render(self, folder: str, context: Mapping[str, Any]) -> tuple[Manifest, ...]:
        """Return the manifests of `folder` in the order of the template numbers."""
        texts = self.texts(folder, context)
        return tuple(manifest for name, text in texts.items() for manifest in parse(name, text))


def parse(template: str, text: str) -> tuple[Manifest, ...]:
    """Return the manifests in what a template was rendered to; `template` is named in errors and gives the order."""
    try:
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise RenderError(f"template {template}: {error}") from error
    order = int(template.rpartition("/")[2].split("-", 1)[0])
    return tuple(Manifest(order, document) for document in documents if document)


class Rendering:
    """The manifests of a context; bodies are rendered and parsed only when asked for, where `known` allows it.

    Rendering is most of the work of a reconcile that changes nothing, and parsing YAML two thirds of rendering: with
    the same context nothing is rendered, and a template that gives the same text as before isn't parsed.
    """

    def __init__(
        self, renderer: Renderer, folder: str, context: Mapping[str, Any], known: Outlines | None = None
    ) -> None:
        self._render = partial(renderer.texts, folder, context)
        self._texts: dict[str, str] = {}
        self._bodies: dict[Ref, Object] = {}
        present = digest(context)
        if known is None or known.context != present:
            known = Outlines(present, self._pages({} if known is None else known.pages))
        self.outlines = known
        """What to keep for the next rendering."""
        self._template_of = {item.ref: name for name, page in known.pages.items() for item in page.items}
        self.manifests = tuple(
            LazyManifest(outline, self.body) for page in known.pages.values() for outline in page.items
        )

    def body(self, ref: Ref) -> Object:
        """Return an object as rendered."""
        if ref not in self._bodies:
            self._texts = self._texts or self._render()
            name = self._template_of[ref]
            self._parsed(name, self._texts[name])
        return self._bodies[ref]

    def _pages(self, known: Mapping[str, Page]) -> dict[str, Page]:
        self._texts = self._render()
        pages = {}
        for name, text in self._texts.items():
            present, page = digest(text), known.get(name)
            if page is None or page.text != present:
                page = Page(present, tuple(Outline(m.order, m.ref, m.hash) for m in self._parsed(name, text)))
            pages[name] = page
        return pages

    def _parsed(self, name: str, text: str) -> tuple[Manifest, ...]:
        manifests = parse(name, text)
        self._bodies.update({manifest.ref: manifest.obj for manifest in manifests})
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
