"""The command for drills, on the stand-in for the API server of the backups' tests."""

from __future__ import annotations

import json
from typing import Any

from tests.support.drill import drill
from tests.unit.plugin.test_backups import run as run

Json = dict[str, Any]
READING: Json = {"phase": "Reading", "summary": "Job first-read is running", "backup": "nightly"}
PASSED: Json = {
    "phase": "Completed",
    "passed": True,
    "summary": "100 of 100 files equal those in the volume. RPO 245 s, RTO 95 s",
    "backup": "nightly",
    "rpoSeconds": 245,
    "restoreSeconds": 60,
    "rtoSeconds": 95,
    "files": {"listed": 200, "sampled": 100, "matched": 100, "changed": 0, "missing": 0, "different": 0},
}
FAILED: Json = {
    **PASSED,
    "phase": "Failed",
    "passed": False,
    "summary": "2 of 100 files aren't in the UFS any more\x1b[31m",
    "files": {**PASSED["files"], "matched": 98, "missing": 2},
}


def test_a_drill_is_created_and_waited_for(run, capsys):
    words = ("drill", "small", "--as", "first", "--backup", "nightly", "--files", "7", "--timeout", "900")
    kube, code = run(*words, states=(READING, PASSED))
    assert kube.made["first"]["kind"] == "AlluxioDrill"
    assert kube.made["first"]["spec"] == {
        "clusterRef": {"name": "small"},
        "backupName": "nightly",
        "sample": {"files": 7},
        "timeoutSeconds": 900,
    }
    printed = capsys.readouterr().out
    assert "first  Completed: 100 of 100 files equal those in the volume" in printed
    assert [word for word in ("passed", "4m", "95s", "1m35s", "200") if word in printed]
    assert code == 0


def test_a_failed_drill_ends_with_3_and_without_control_characters(run, capsys):
    _, code = run("drill", "small", "--as", "first", states=(READING, FAILED))
    printed = capsys.readouterr().out
    assert (code, "failed" in printed, "\x1b" in printed) == (3, True, False)


def test_programs_get_json_only(run, capsys):
    run("drill", "small", "--as", "first", "-o", "json", states=(READING, PASSED))
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["rtoSeconds"], found["files"]["matched"]) == (True, 95, 100)


def test_without_waiting_the_state_is_left_to_kubectl(run, capsys):
    kube, code = run("drill", "small", "--no-wait", states=({},))
    assert code == 0
    assert kube.made
    assert "kubectl get alluxiodrill small-" in capsys.readouterr().out


def test_a_name_that_exists_is_refused_with_the_option(run, capsys):
    _, code = run("drill", "small", "--as", "first", states=(PASSED,), made=(drill("first"),))
    assert code == 1
    assert "there is an AlluxioDrill first already: give --as another name" in capsys.readouterr().err
