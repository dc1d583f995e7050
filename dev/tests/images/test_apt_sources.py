from pathlib import Path

import pytest

from dev.images.apt import Source, machine_sources, main_source, parse_deb822, parse_one_line
from dev.images.errors import ImageError

DEB822 = """\
Types: deb
# a comment between fields
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://mirror.example/sources
Suites: bookworm
Components: main

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main contrib

Types: deb
Enabled: no
URIs: http://mirror.example/off
Suites: bookworm
Components: main
"""


def test_a_deb822_file_gives_its_enabled_binary_sources() -> None:
    assert list(parse_deb822(DEB822)) == [
        Source("http://mirror.example/debian", "bookworm", ("main",)),
        Source("http://mirror.example/debian", "bookworm-updates", ("main",)),
        Source("http://mirror.example/security", "bookworm-security", ("main", "contrib")),
    ]


def test_a_sources_list_is_read_with_and_without_options() -> None:
    text = (
        "# deb http://mirror.example/old bookworm main\n"
        "deb http://mirror.example/debian bookworm main contrib # the rest\n"
        "deb [arch=amd64 signed-by=/a.gpg] http://mirror.example/security bookworm-security main\n"
        "deb-src http://mirror.example/debian bookworm main\n"
    )
    assert list(parse_one_line(text)) == [
        Source("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        Source("http://mirror.example/security", "bookworm-security", ("main",)),
    ]


def test_only_the_suite_of_the_images_is_taken(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    (tmp_path / "sources.list").write_text("deb http://mirror.example/other trixie main\n")
    found = machine_sources(tmp_path)
    assert {source.suite for source in found} == {"bookworm", "bookworm-updates", "bookworm-security"}
    assert main_source(found).uri == "http://mirror.example/debian"


def test_another_debian_is_told(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://mirror.example/debian trixie main\n")
    with pytest.raises(ImageError, match="bookworm"):
        machine_sources(tmp_path)


def test_a_source_is_written_with_its_keyring() -> None:
    line = Source("http://mirror.example/debian", "bookworm", ("main", "contrib")).line("/keys.gpg")
    assert line == "deb [signed-by=/keys.gpg] http://mirror.example/debian bookworm main contrib"
