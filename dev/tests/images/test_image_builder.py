from pathlib import Path
from typing import Any

import pytest

from dev.images import builder
from dev.images.builder import CHANGED, build_images, full_keys, out_of_date, with_bases
from dev.images.cache import Cache, Entry
from dev.images.errors import ImageError
from dev.images.recipe import PREFIX, Recipe


class FakeBuildah:
    """Writes an archive that names the saved image."""

    def __init__(self, **_: Any) -> None:
        self.loaded: list[Path] = []

    def run(self, *_: str, **__: Any) -> str:
        return ""

    def has(self, _: str) -> bool:
        return False

    def load(self, path: Path) -> None:
        assert path.is_file(), "a base is loaded from its archive"

    def save(self, tag: str, path: Path) -> str:
        path.write_text(tag)
        return f"sha256:{tag}"

    def limit(self) -> None:
        pass


class Shop:
    """Three images on each other, with keys that a test can change, and what was built in which order."""

    def __init__(self) -> None:
        self.keys = {"base": "1", "java": "1", "app": "1"}
        self.built: list[str] = []
        self.while_building: dict[str, str] = {}

    def recipe(self, name: str, *needs: str) -> Recipe:
        def build(_: Any) -> None:
            self.built.append(name)
            self.keys.update(self.while_building)

        bases = tuple(f"{PREFIX}/{need}:1" for need in needs)
        return Recipe(name, f"{PREFIX}/{name}:1", "1 s", bases, lambda: self.keys[name], build)

    @property
    def recipes(self) -> list[Recipe]:
        return [self.recipe("base"), self.recipe("java", "base"), self.recipe("app", "java")]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(builder, "Buildah", FakeBuildah)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return Shop()


def test_bases_are_built_first_and_nothing_else(shop: Shop, tmp_path: Path) -> None:
    build_images(Cache(tmp_path), ["java"], shop.recipes)
    assert shop.built == ["base", "java"]


def test_what_is_current_is_left_alone(shop: Shop, tmp_path: Path) -> None:
    build_images(Cache(tmp_path), ["app"], shop.recipes)
    shop.built.clear()
    build_images(Cache(tmp_path), ["app"], shop.recipes)
    assert shop.built == []


def test_a_changed_base_makes_what_stands_on_it_anew(shop: Shop, tmp_path: Path) -> None:
    build_images(Cache(tmp_path), ["app"], shop.recipes)
    shop.built.clear()
    shop.keys["java"] = "2"
    build_images(Cache(tmp_path), ["app"], shop.recipes)
    assert shop.built == ["java", "app"]


def test_force_builds_what_is_named_only(shop: Shop, tmp_path: Path) -> None:
    build_images(Cache(tmp_path), ["app"], shop.recipes)
    shop.built.clear()
    build_images(Cache(tmp_path), ["java"], shop.recipes, force=True)
    assert shop.built == ["java"]


def test_an_image_whose_files_changed_meanwhile_is_not_current(shop: Shop, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    shop.while_building = {"base": "2"}
    build_images(cache, ["base"], shop.recipes)
    assert cache.read()[f"{PREFIX}/base:1"].key == CHANGED
    shop.built.clear()
    build_images(cache, ["base"], shop.recipes)
    assert shop.built == ["base"]


def test_an_unknown_image_is_told_with_those_that_are(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="base, java, app"):
        build_images(Cache(tmp_path), ["jav"], shop.recipes)


def test_not_root_is_told_before_anything_is_built(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ImageError, match="root"):
        build_images(Cache(tmp_path), ["base"], shop.recipes)
    assert shop.built == []


def test_a_name_and_a_tag_both_name_an_image() -> None:
    recipes = Shop().recipes
    assert [r.name for r in with_bases(["java"], recipes)] == ["base", "java"]
    assert [r.name for r in with_bases([f"{PREFIX}/java:1"], recipes)] == ["base", "java"]


def test_out_of_date_is_what_is_missing_or_has_another_key() -> None:
    recipes = Shop().recipes
    keys = full_keys(recipes)
    entries = {
        f"{PREFIX}/base:1": Entry("b.tar", "id", keys[f"{PREFIX}/base:1"]),
        f"{PREFIX}/java:1": Entry("j.tar", "id", "older"),
    }
    assert [r.name for r in out_of_date(recipes, keys, entries)] == ["java", "app"]


def test_an_archive_is_named_after_its_tag() -> None:
    assert Shop().recipe("app").archive == "app-1.tar"
