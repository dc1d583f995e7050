"""The generated files: those that are committed follow from the descriptors, and a difference is named."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from dev.generate import __main__ as command
from dev.generate import files, rights
from dev.olm.rights import granted
from tests.support.builders import ROOT

from alluxio_operator.engine.kind import KEPT_VERBS, Child, Right
from alluxio_operator.kinds.discovery import descriptors
from alluxio_operator.kinds.presto.kind import DESCRIPTOR as PRESTO

KINDS = descriptors()
WANTED = files.generated(KINDS)


def rules(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(text)["rules"]
    return found


def test_what_is_committed_is_what_the_descriptors_say():
    assert list(files.differences(ROOT, WANTED)) == []


def test_what_is_written_is_no_difference(tmp_path: Path):
    files.write(tmp_path, WANTED)

    assert list(files.differences(tmp_path, WANTED)) == []
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()} == WANTED.keys()


@pytest.mark.parametrize("path", WANTED)
def test_a_file_that_differs_or_lacks_is_named_with_the_command(tmp_path: Path, path: str):
    files.write(tmp_path, WANTED)

    (tmp_path / path).write_text("edited by hand")
    [edited] = files.differences(tmp_path, WANTED)
    (tmp_path / path).unlink()
    [missing] = files.differences(tmp_path, WANTED)

    assert edited == f"{path} differs from the kinds' types and descriptors: run `make generate` and commit the result"
    assert missing == f"{path} is missing: run `make generate` and commit the result"


def test_what_was_generated_for_a_kind_that_is_gone_goes_too(tmp_path: Path):
    files.write(tmp_path, WANTED)
    (tmp_path / "hooks" / "20-resync.py").write_text("written by hand")
    without = files.generated([one for one in KINDS if one.kind != "Presto"])

    assert [problem for problem in files.differences(tmp_path, without) if "belongs to no kind" in problem] == [
        f"{path} belongs to no kind: run `make generate` and commit the result"
        for path in (
            "config/crd/bases/alluxio-operator.io_prestos.yaml",
            "docs/reference-presto.md",
            "hooks/15-prestos.py",
        )
    ]
    files.write(tmp_path, without)
    assert list(files.differences(tmp_path, without)) == []
    assert (tmp_path / "hooks" / "20-resync.py").exists()


def test_the_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for kept in ("docs", "templates", "bundle", "config"):
        shutil.copytree(ROOT / kept, tmp_path / kept)
    shutil.copy(ROOT / "README.md", tmp_path)
    assert command.main(["--check", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"error: {path} is missing: run `make generate` and commit the result"
        for path in (
            "hooks/10-alluxioclusters.py",
            "hooks/15-alluxiobackups.py",
            "hooks/15-alluxiodrills.py",
            "hooks/15-prestos.py",
            "PROJECT",
        )
    ]

    assert command.main([str(tmp_path)]) == 0
    assert command.main(["--check", str(tmp_path)]) == 0


def test_the_operator_gets_the_rights_of_all_kinds_together():
    one = replace(PRESTO, plural="ones", children=(Child("ConfigMap", KEPT_VERBS, "It stays."),), rights=())
    other = replace(
        PRESTO, plural="others", children=(Child("ConfigMap"),), rights=(Right("pods", ("list",), "To count them."),)
    )

    text = rights.of_the_operator([one, other])

    assert {str(right) for right in granted(rules(text))} == {
        *(f"{verb} {plural}.alluxio-operator.io" for verb in ("get", "list", "watch") for plural in ("ones", "others")),
        "update ones/status.alluxio-operator.io",
        "update others/status.alluxio-operator.io",
        *(f"{verb} configmaps" for verb in ("get", "list", "watch", "create", "patch", "delete")),
        "list pods",
        "create events",
        "patch events",
    }
    assert "# It stays.\n- apiGroups" in text
    assert "# To count them.\n- apiGroups" in text


def test_resources_with_the_same_verbs_and_reasons_share_a_rule():
    kind = replace(PRESTO, children=(Child("ConfigMap"), Child("Service"), Child("Pod", reason="Why.")), rights=())

    found = [rule["resources"] for rule in rules(rights.of_the_operator([kind]))]

    assert found == [["prestos"], ["prestos/status"], ["configmaps", "services"], ["pods"], ["events"]]


def test_people_may_scale_what_can_be_scaled():
    def resources(kind: Any) -> set[str]:
        edit, view = yaml.safe_load_all(rights.of_people([kind]))
        assert granted(view["rules"]) <= granted(edit["rules"])
        return {right.resource for right in granted(edit["rules"])}

    assert resources(PRESTO) == {"prestos", "prestos/scale"}
    assert resources(replace(PRESTO, scale=None)) == {"prestos"}
