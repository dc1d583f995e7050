"""What is found inside an image."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from dev.images.sbom import Component, components, debian, document, go_modules, python
from dev.tests.images.test_layers import add

STATUS = """Package: tini
Status: install ok installed
Architecture: amd64
Version: 0.19.0-1+b1
Description: tiny init
 Package: not-one

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
GO = (
    "/x/shell-operator: go1.26.4\n\tpath\tgithub.com/flant/shell-operator/cmd/shell-operator\n"
    "\tmod\talluxio-operator.io/dev/tools/shell-operator\t(devel)\t\n"
    "\tdep\tgithub.com/flant/shell-operator\tv1.20.2\th1:aaa=\n"
    "\tdep\tgithub.com/go-openapi/validate\tv0.25.1\n"
    "\t=>\tgithub.com/flant/go-openapi-validate\tv0.19.12-flant.0\th1:bbb=\n"
    "\tbuild\t-compiler=gc\n"
)
METADATA = "Metadata-Version: 2.4\nName: python_json.Logger\nVersion: 4.2.0\n\nName: not this\n"


def test_only_installed_packages_of_debian_count():
    assert list(debian(STATUS)) == [Component("pkg:deb/debian/tini@0.19.0-1%2Bb1?arch=amd64", "tini", "0.19.0-1+b1")]


def test_names_of_python_packages_are_normal():
    assert python(METADATA) == Component("pkg:pypi/python-json-logger@4.2.0", "python_json.Logger", "4.2.0")


def test_a_go_module_that_was_replaced_is_what_replaced_it():
    assert [one.purl for one in go_modules(GO)] == [
        "pkg:golang/github.com/flant/shell-operator@v1.20.2",
        "pkg:golang/github.com/flant/go-openapi-validate@v0.19.12-flant.0",
    ]


def test_all_layers_are_read_and_the_document_is_the_same_each_time(tmp_path: Path):
    layers = []
    for name, content in (
        ("var/lib/dpkg/status", STATUS),
        ("opt/venv/lib/python3.11/site-packages/a-1.dist-info/METADATA", METADATA),
    ):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as layer:
            add(layer, name, content.encode())
        layers.append(buffer.getvalue())
    file = tmp_path / "image.tar"
    with tarfile.open(file, "w") as tar:
        for number, layer_bytes in enumerate(layers):
            add(tar, f"{number}.tar", layer_bytes)
        add(tar, "manifest.json", json.dumps([{"Config": "c", "Layers": ["0.tar", "1.tar"]}]).encode())

    found = components(file)

    assert [one.name for one in found] == ["tini", "python_json.Logger"]
    made = document(found, "operator", "0.1.0")
    assert made == document(components(file), "operator", "0.1.0")
    assert made["bomFormat"] == "CycloneDX"
    assert len({one["bom-ref"] for one in made["components"]}) == 2
