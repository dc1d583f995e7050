"""Rendering: order by file name, strict about what is missing, and harmless with any value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    """Counts how often it renders."""

    times = 0

    def texts(self, folder: str, context: Mapping[str, Any]) -> dict[str, str]:
        self.times += 1
        return super().texts(folder, context)


def test_what_is_known_of_a_context_is_not_rendered_again_until_a_body_is_needed(templates: Path):
    renderer = CountingRenderer(templates)
    first = Rendering(renderer, "kind", {"value": "1", "n": 2})

    again = Rendering(renderer, "kind", {"n": 2, "value": "1"}, first.outlines)

    assert renderer.times == 1
    assert [(m.order, m.ref, m.hash) for m in again.manifests] == [(m.order, m.ref, m.hash) for m in first.manifests]
    assert again.manifests[-1].obj == first.manifests[-1].obj
    assert renderer.times == 2


def test_a_template_with_the_same_text_is_parsed_again_only_for_a_body(
    templates: Path, monkeypatch: pytest.MonkeyPatch
):
    parsed = []

    def counted(template: str, text: str) -> tuple[Manifest, ...]:
        parsed.append(template)
        return parse(template, text)

    monkeypatch.setattr(render, "parse", counted)
    (templates / "pages").mkdir()
    (templates / "pages" / "10-same.yaml.j2").write_text(OBJECT.format(name="same").replace("value", "n"))
    (templates / "pages" / "20-other.yaml.j2").write_text(OBJECT.format(name="other"))
    renderer = Renderer(templates)
    first = Rendering(renderer, "pages", {"value": "1", "n": 2})
    parsed.clear()

    other = Rendering(renderer, "pages", {"value": "2", "n": 2}, first.outlines)

    assert parsed == ["pages/20-other.yaml.j2"]
    assert [m.obj["data"]["x"] for m in other.manifests] == [2, "2"]
    assert parsed == ["pages/20-other.yaml.j2", "pages/10-same.yaml.j2"]


def test_another_context_is_rendered_anew(templates: Path):
    renderer = CountingRenderer(templates)
    first = Rendering(renderer, "kind", {"value": "1", "n": 2})

    other = Rendering(renderer, "kind", {"value": "2", "n": 2}, first.outlines)

    assert other.manifests[-1].hash != first.manifests[-1].hash
    assert other.manifests[-1].obj["data"] == {"x": "2"}
