from pathlib import Path

from dev.images.keys import files_below, image_key


def tree(root: Path) -> dict[str, Path]:
    (root / "src" / "__pycache__").mkdir(parents=True)
    (root / "src" / "a.py").write_text("a")
    (root / "src" / "__pycache__" / "a.pyc").write_text("compiled")
    (root / "src" / "pkg.egg-info").mkdir()
    (root / "src" / "pkg.egg-info" / "PKG-INFO").write_text("x")
    (root / "Dockerfile").write_text("FROM scratch")
    (root / "other").write_text("not named")
    return files_below(root, ["src", "Dockerfile"])


def test_only_sources_of_the_named_folders_count(tmp_path: Path) -> None:
    assert sorted(tree(tmp_path)) == ["Dockerfile", "src/a.py"]


def test_the_key_changes_with_content_mode_name_and_value(tmp_path: Path) -> None:
    files = tree(tmp_path)
    seen = {image_key({"v": "1"}, files), image_key({"v": "2"}, files)}
    (tmp_path / "src" / "a.py").write_text("b")
    seen.add(image_key({"v": "1"}, files))
    (tmp_path / "src" / "a.py").chmod(0o755)
    seen.add(image_key({"v": "1"}, files))
    seen.add(image_key({"v": "1"}, {"renamed": files["src/a.py"], "Dockerfile": files["Dockerfile"]}))
    assert len(seen) == 5


def test_the_key_does_not_depend_on_order_or_place(tmp_path: Path) -> None:
    here = tree(tmp_path / "here")
    there = tree(tmp_path / "there")
    assert image_key({"a": "1", "b": "2"}, here) == image_key({"b": "2", "a": "1"}, dict(reversed(there.items())))


def test_neighbouring_values_are_not_confused() -> None:
    assert image_key({"a": "1", "ab": ""}, {}) != image_key({"a": "", "ab": "1"}, {})
