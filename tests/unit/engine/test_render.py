"""Rendering: order by file name, strict about what is missing, and harmless with any value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.builders import TEMPLATES

from alluxio_operator.engine import render
from alluxio_operator.engine.render import Manifest, Renderer, RenderError, Rendering, parse
from alluxio_operator.kube.kinds import Ref

OBJECT = """
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{x: {{{{ value | tojson }}}}}}
"""


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "kind").mkdir()
    (folder / "kind" / "90-last.yaml.j2").write_text(OBJECT.format(name="last"))
    (folder / "kind" / "10-first.yaml.j2").write_text(OBJECT.format(name="a") + OBJECT.format(name="b"))
    (folder / "kind" / "20-none.yaml.j2").write_text("{% if false %}" + OBJECT.format(name="none") + "{% endif %}")
    (folder / "kind" / "macros.j2").write_text("not an object")
    return folder


def value_of(templates: Path, value: object) -> object:
    return Renderer(templates).render("kind", {"value": value})[0].obj["data"]["x"]


def test_objects_come_in_the_order_of_the_files_and_know_their_number(templates: Path):
    manifests = Renderer(templates).render("kind", {"value": 1})

    assert [(m.order, m.ref.name) for m in manifests] == [(10, "a"), (10, "b"), (90, "last")]
    assert manifests[0].ref == Ref("ConfigMap", "a")


def test_what_the_context_lacks_is_an_error_that_names_the_template(templates: Path):
    with pytest.raises(RenderError, match=r"kind/10-first\.yaml\.j2.*'value' is undefined"):
        Renderer(templates).render("kind", {})


def test_a_folder_of_another_place_includes_files_of_both(templates: Path, tmp_path: Path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "10-own.yaml.j2").write_text("{% include 'kind/90-last.yaml.j2' %}")

    [manifest] = Renderer(tmp_path, templates).render("other", {"value": 1})

    assert (manifest.order, manifest.ref.name) == (10, "last")
    assert len(Renderer(tmp_path, templates).render("kind", {"value": 1})) == 3


def test_what_isnt_yaml_is_an_error_that_names_the_template(tmp_path: Path):
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / "10-bad.yaml.j2").write_text("a: [")

    with pytest.raises(RenderError, match=r"kind/10-bad\.yaml\.j2"):
        Renderer(tmp_path).render("kind", {})


@pytest.mark.parametrize(
    "value",
    [
        "null", "yes", "on", "~", "1e3", "0x10", "2030-01-02", "", " ", "# no comment", "a: b", "- a", "*a", "&a", "%",
        "{{ name }}", "{% if %}", "it's \"quoted\"", "two\nlines\n", "tab\t", "back\\slash", "<b>&amp;</b>", "\u2028",
        "\x7f", "\x00", "\x85", "\ufeff", "日本語", "😀", True, 3, None, ["a", {"b": "c"}],
    ],
)  # fmt: skip
def test_any_value_arrives_as_it_was_given(templates: Path, value: object):
    assert value_of(templates, value) == value


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(codec="utf-8")))
def test_any_text_arrives_as_it_was_given(templates: Path, value: str):
    assert value_of(templates, value) == value


def test_the_hash_follows_from_what_is_rendered_and_not_from_its_order():
    one = Manifest(10, {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}})
    same = Manifest(20, {"data": {"y": "2", "x": "1"}, "metadata": {"name": "a"}, "kind": "ConfigMap"})
    other = Manifest(10, {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "y": "3"}})

    assert one.hash == same.hash
    assert one.hash != other.hash


class CountingRenderer(Renderer):
    """Lists the templates that it renders."""

    def __init__(self, templates: Path) -> None:
        super().__init__(templates)
        self.rendered: list[str] = []

    def text(self, name: str, context: Mapping[str, Any]) -> str:
        self.rendered.append(name.partition("/")[2].partition(".")[0])
        return super().text(name, context)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lists the templates that are parsed."""
    found: list[str] = []

    def counted(template: str, text: str) -> tuple[Manifest, ...]:
        found.append(template.partition("/")[2].partition(".")[0])
        return parse(template, text)

    monkeypatch.setattr(render, "parse", counted)
    return found


@pytest.fixture
def pages(tmp_path: Path) -> CountingRenderer:
    """Two templates, of which one reads `n` and the other one `value`."""
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / "10-n.yaml.j2").write_text(OBJECT.format(name="n").replace("value", "n"))
    (tmp_path / "kind" / "20-value.yaml.j2").write_text(OBJECT.format(name="value"))
    return CountingRenderer(tmp_path)


def data_of(rendering: Rendering) -> list[object]:
    return [manifest.obj["data"]["x"] for manifest in rendering.manifests]


def test_an_equal_context_renders_nothing_until_a_body_is_needed(pages: CountingRenderer):
    first = Rendering(pages, "kind", {"value": "1", "n": 2})
    pages.rendered.clear()

    again = Rendering(pages, "kind", {"n": 2, "value": "1"}, first.outlines)

    assert pages.rendered == []
    assert [(m.order, m.ref, m.hash) for m in again.manifests] == [(m.order, m.ref, m.hash) for m in first.manifests]
    assert again.manifests[-1].obj == first.manifests[-1].obj
    assert pages.rendered == ["20-value"]


def test_a_template_whose_values_are_equal_is_not_rendered_until_a_body_is_needed(pages: CountingRenderer):
    first = Rendering(pages, "kind", {"value": "1", "n": 2, "other": 3})
    pages.rendered.clear()

    other = Rendering(pages, "kind", {"value": "2", "n": 2, "other": 4}, first.outlines)

    assert pages.rendered == ["20-value"]
    assert data_of(other) == [2, "2"]
    assert pages.rendered == ["20-value", "10-n"]


def test_a_template_that_gives_the_same_text_is_not_parsed_until_a_body_is_needed(
    pages: CountingRenderer, parsed: list[str], tmp_path: Path
):
    (tmp_path / "kind" / "30-same.yaml.j2").write_text("{% if value %}" + OBJECT.format(name="x").replace("value", "n"))
    (tmp_path / "kind" / "30-same.yaml.j2").open("a").write("{% endif %}")
    first = Rendering(pages, "kind", {"value": "1", "n": 2})
    pages.rendered.clear()
    parsed.clear()

    other = Rendering(pages, "kind", {"value": "2", "n": 2}, first.outlines)

    assert (pages.rendered, parsed) == (["20-value", "30-same"], ["20-value"])
    assert data_of(other) == [2, "2", 2]


def test_another_value_gives_another_hash(pages: CountingRenderer):
    first = Rendering(pages, "kind", {"value": "1", "n": 2})

    other = Rendering(pages, "kind", {"value": "2", "n": 2}, first.outlines)

    assert [m.hash == n.hash for m, n in zip(first.manifests, other.manifests, strict=True)] == [True, False]


def test_a_body_that_was_kept_is_neither_rendered_nor_parsed(pages: CountingRenderer, parsed: list[str]):
    first = Rendering(pages, "kind", {"value": "ü😀", "n": 2})
    bodies = {manifest.ref: manifest.body for manifest in first.manifests}
    pages.rendered.clear()
    parsed.clear()

    again = Rendering(pages, "kind", {"value": "ü😀", "n": 2}, first.outlines, bodies)

    assert [m.obj for m in again.manifests] == [m.obj for m in first.manifests]
    assert (pages.rendered, parsed) == ([], [])


def test_a_body_of_an_earlier_rendering_is_not_taken_for_a_later_one(pages: CountingRenderer):
    first = Rendering(pages, "kind", {"value": "1", "n": 2})
    bodies = {manifest.ref: manifest.body for manifest in first.manifests}

    other = Rendering(pages, "kind", {"value": "2", "n": 2}, first.outlines, bodies)

    assert data_of(other) == [2, "2"]


# --- what a template reads ----------------------------------------------------------------------------------------


def inputs_of(folder: Path, **files: str) -> frozenset[str] | None:
    (folder / "kind").mkdir()
    for name, text in files.items():
        (folder / "kind" / name.replace("_", ".")).write_text(text)
    found = Renderer(folder).inputs("kind/own.j2")
    # Names of Jinja's own are never in a context, but for "namespace".
    return None if found is None else found - {"range", "dict", "lipsum", "cycler", "joiner", "operatorNamespace"}


def test_what_macros_and_included_files_read_a_template_reads_as_well(tmp_path: Path):
    own = '{% import "kind/m.j2" as m with context %}{{ own }}{% set local = 1 %}{{ local }}{% include "kind/i.j2" %}'

    found = inputs_of(
        tmp_path, own_j2=own, m_j2="{% macro f(given) %}{{ given + named }}{% endmacro %}", i_j2="{{ i }}"
    )

    assert found == {"own", "named", "i", "namespace"}


def test_a_file_that_a_value_names_may_read_anything(tmp_path: Path):
    assert inputs_of(tmp_path, own_j2="{% include chosen %}") is None


def test_templates_that_import_each_other_come_to_an_end(tmp_path: Path):
    own, other = '{% import "kind/other.j2" as o %}{{ a }}', '{% import "kind/own.j2" as o %}{{ b }}'

    assert inputs_of(tmp_path, own_j2=own, other_j2=other) == {"a", "b", "namespace"}


def test_a_value_of_a_name_that_jinja_has_as_well_counts(tmp_path: Path):
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / "10-own.yaml.j2").write_text(OBJECT.format(name="own").replace("value", "namespace"))
    renderer = CountingRenderer(tmp_path)
    first = Rendering(renderer, "kind", {"namespace": "one"})

    assert data_of(Rendering(renderer, "kind", {"namespace": "two"}, first.outlines)) == ["two"]


@pytest.mark.parametrize("name", [f"alluxio/{path.name}" for path in sorted((TEMPLATES / "alluxio").glob("*.yaml.j2"))])
def test_every_template_of_a_cluster_says_what_it_reads(name: str):
    assert Renderer(TEMPLATES).inputs(name) is not None
