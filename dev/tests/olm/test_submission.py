"""A submission needs an image that others can pull, and the version of the sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from alluxio_operator import __version__
from dev.cluster.tools import Toolbox
from dev.olm import submission
from dev.olm.programs import Programs
from dev.tasks.shell import StepFailed

NONE = Programs(Toolbox({}))


@pytest.mark.parametrize(
    "image", ["alluxio-operator:0.1.0", "localhost/alluxio-operator:0.1.0", "registry.example.com/a"]
)
def test_an_image_that_nobody_else_can_pull_is_refused(tmp_path: Path, image: str):
    with pytest.raises(StepFailed, match=r"IMAGE=.*needs an image that its users can pull"):
        submission.write(NONE, __version__, image, tmp_path)


def test_another_version_than_the_sources_is_refused(tmp_path: Path):
    with pytest.raises(StepFailed, match=r"VERSION=9\.9\.9: the sources are those of"):
        submission.write(NONE, "9.9.9", "registry.example.com/a:9.9.9", tmp_path)


def test_what_can_be_pulled_is_taken():
    for image in ("registry.example.com/team/operator:0.1.0", "registry.example.com:5000/o:1@sha256:" + "a" * 64):
        assert submission.IMAGE.fullmatch(image)
