"""The layers of an image, read from its archive."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from dev.images.layers import Layer, layers, table


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def archive(path: Path, history: list[dict[str, Any]], sizes: list[int]) -> Path:
    names = [f"{number}.tar" for number in range(len(sizes))]
    with tarfile.open(path, "w") as tar:
        for name, size in zip(names, sizes, strict=True):
            add(tar, name, bytes(size))
        add(tar, "config.json", json.dumps({"history": history}).encode())
        add(tar, "manifest.json", json.dumps([{"Config": "config.json", "Layers": names}]).encode())
    return path


def test_each_layer_has_its_size_and_its_step(tmp_path: Path):
    history = [
        {"created_by": "/bin/sh"},
        {"created_by": "/bin/sh -c #(nop) COPY file:d42c in /usr/local/bin/tool  FROM 3f161e5ece11"},
        {"created_by": "/bin/sh -c #(nop) USER 65532 FROM 12", "empty_layer": True},
        {"created_by": f"/bin/sh -c apt-get install {'a ' * 100} FROM 12"},
    ]

    found = layers(archive(tmp_path / "image.tar", history, [3000, 2000, 1000]))

    assert found[1] == Layer("COPY /usr/local/bin/tool", 2000)
    assert [layer.bytes for layer in found] == [3000, 2000, 1000]
    assert len(found[2].step) == 93


def test_the_sum_comes_last():
    lines = list(table([Layer("the base", 121_700_000), Layer("COPY /opt/venv", 95_000_000)]))

    assert lines[0] == "   121.7 MB  the base"
    assert lines[-1].split()[:3] == ["216.7", "MB", "together,"]
