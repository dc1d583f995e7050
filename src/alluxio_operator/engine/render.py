"""Renders manifests from a context by strict templates, in the order of their file names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import jinja2
import yaml
from jinja2 import meta

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
        """Digest of the object as rendered."""
        return digest(self.obj)


@dataclass(frozen=True, slots=True)
class Outline:
    """A manifest without its body."""

    order: int
    ref: Ref
    hash: str


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered object as JSON, which reads twenty times faster than YAML; `hash` is that of its manifest."""

    hash: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The result of one template: digests of the values that it reads and of its text, and the manifests in it."""

    inputs: str
    text: str
    items: tuple[Outline, ...]


@dataclass(frozen=True, slots=True)
class Outlines:
    """What is kept of a rendering: the digest of its context, and the result of each template.

    The bodies would be most of the operator's memory, and a resource at rest needs none of them.
    """

    context: str
    pages: Mapping[str, Page]
    """By template."""


DEFAULT_NAMESPACE: Final = "alluxio-operator"
"""Namespace of an operator that is installed as the documentation says."""
NO_BODIES: Final[Mapping[Ref, Body]] = MappingProxyType({})


class RenderError(Exception):
    """A template and its context don't match: a defect of the operator, not of the resource."""


class Renderer:
    """Renders the templates of a folder; compiled once, safe to share between threads.

    A folder, and the files that its templates include, may lie in any of the places; the first that has it wins.
    Every template knows `operatorNamespace`, the namespace of the operator's own pods.
    """

    def __init__(self, place: Path, *more: Path, operator_namespace: str = DEFAULT_NAMESPACE) -> None:
        self._places = (place, *more)
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._places),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 (YAML, not HTML: values are placed as JSON)
            auto_reload=False,
        )
        self._environment.globals["operatorNamespace"] = operator_namespace
        # Jinja's own tojson escapes for HTML.
        self._environment.filters["tojson"] = as_json
        self._inputs: dict[str, frozenset[str] | None] = {}

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the names of the templates of `folder` in the order of their numbers."""
        home = next((place for place in self._places if (place / folder).is_dir()), self._places[0])
        return tuple(f"{folder}/{path.name}" for path in sorted((home / folder).glob("*.yaml.j2")))

    def text(self, name: str, context: Mapping[str, Any]) -> str:
        """Return the text that a template renders to; raise RenderError."""
        try:
            return self._environment.get_template(name).render(context)
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            # A filter's own errors are no TemplateError.
            raise RenderError(f"template {name}: {error}") from error

    def inputs(self, name: str) -> frozenset[str] | None:
        """Return the names in a context that a template may read; None when its source doesn't show them."""
        if name not in self._inputs:
            try:
                self._inputs[name] = self._read_by(name, frozenset())
            except jinja2.TemplateError as error:
                raise RenderError(f"template {name}: {error}") from error
        return self._inputs[name]

    def render(self, folder: str, context: Mapping[str, Any]) -> tuple[Manifest, ...]:
        """Return the manifests of `folder` in the order of the template numbers."""
        return tuple(one for name in self.names(folder) for one in parse(name, self.text(name, context)))

    def _read_by(self, name: str, above: frozenset[str]) -> frozenset[str] | None:
        loader = self._environment.loader
        source = loader.get_source(self._environment, name)[0] if loader else ""
        tree = self._environment.parse(source)
        # Jinja leaves out what its globals define, and a context may define it as well: "namespace", for one.
        found = meta.find_undeclared_variables(tree) | self._environment.globals.keys()
        for other in meta.find_referenced_templates(tree):
            if other is None:
                # A value names the included file.
                return None
            if other not in above:
                more = self._read_by(other, above | {name})
                if more is None:
                    return None
                found |= more
        return frozenset(found)


def parse(template: str, text: str) -> tuple[Manifest, ...]:
    """Return the manifests in the text of a template; `template` is its name, which gives the order."""
    try:
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise RenderError(f"template {template}: {error}") from error
    order = int(template.rpartition("/")[2].split("-", 1)[0])
    return tuple(Manifest(order, document) for document in documents if document)


class Rendering:
    """The manifests of a context; where `known` allows it, bodies are rendered and parsed only when asked for.

    Rendering is most of the work of a reconcile that changes nothing, and parsing YAML two thirds of rendering. So an
    equal context renders nothing, a template whose values are equal isn't rendered, and one whose text is equal isn't
    parsed. `bodies` are those of an earlier rendering.
    """

    def __init__(
        self,
        renderer: Renderer,
        folder: str,
        context: Mapping[str, Any],
        known: Outlines | None = None,
        bodies: Mapping[Ref, Body] = NO_BODIES,
    ) -> None:
        self._renderer = renderer
        self._context = context
        self._kept = bodies
        self._bodies: dict[Ref, Object] = {}
        values = {key: digest(value) for key, value in context.items()}
        present = digest(values)
        if known is None or known.context != present:
            pages = {} if known is None else known.pages
            known = Outlines(present, {name: self._page(name, values, pages) for name in renderer.names(folder)})
        self.outlines = known
        """What to keep for the next rendering."""
        self._page_of = {item.ref: (name, item) for name, page in known.pages.items() for item in page.items}
        self.manifests = tuple(
            LazyManifest(outline, self.body) for page in known.pages.values() for outline in page.items
        )

    def body(self, ref: Ref) -> Object:
        """Return an object as rendered."""
        if ref not in self._bodies:
            name, outline = self._page_of[ref]
            kept = self._kept.get(ref)
            if kept is not None and kept.hash == outline.hash:
                self._bodies[ref] = json.loads(kept.text)
            else:
                self._parsed(name, self._renderer.text(name, self._context))
        return self._bodies[ref]

    def _page(self, name: str, values: Mapping[str, str], known: Mapping[str, Page]) -> Page:
        read, before = self._renderer.inputs(name), known.get(name)
        inputs = digest(values if read is None else {key: one for key, one in values.items() if key in read})
        if before is not None and before.inputs == inputs:
            return before
        text = self._renderer.text(name, self._context)
        present = digest(text)
        if before is not None and before.text == present:
            return Page(inputs, present, before.items)
        return Page(inputs, present, tuple(Outline(m.order, m.ref, m.hash) for m in self._parsed(name, text)))

    def _parsed(self, name: str, text: str) -> tuple[Manifest, ...]:
        manifests = parse(name, text)
        self._bodies.update({manifest.ref: manifest.obj for manifest in manifests})
        return manifests


@dataclass(frozen=True, slots=True)
class LazyManifest:
    """A manifest whose body is rendered when it is needed."""

    outline: Outline
    of: Callable[[Ref], Object]

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
        """Digest of the object as rendered."""
        return self.outline.hash

    @property
    def obj(self) -> Object:
        """The object to apply."""
        return self.of(self.ref)

    @property
    def body(self) -> Body:
        """The object, to keep for a later rendering."""
        return Body(self.hash, json.dumps(self.obj))
