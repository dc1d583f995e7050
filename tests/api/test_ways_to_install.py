"""By kustomize, by one file and by a bundle the same objects are made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from dev.generate.crds import without_empty
from dev.olm import install_yaml
from dev.olm.programs import Programs
from dev.tasks.shell import ROOT

Json = dict[str, Any]
BUNDLE = ROOT / "bundle"


def test_the_three_ways_to_install_give_the_same_objects(tmp_path: Path):
    programs = Programs.built(())
    rendered = programs.run("kubectl", "kustomize", str(ROOT / "config" / "default"))
    kustomized = {key(one): one for one in yaml.safe_load_all(rendered)}
    one_file = {key(one): one for one in yaml.safe_load_all(install_yaml.write(programs, tmp_path).read_text())}
    assert one_file == kustomized

    bundled = {key(one): one for file in (BUNDLE / "manifests").glob("*.yaml") for one in [read(file)]}
    [csv] = [one for (kind, _), one in bundled.items() if kind == "ClusterServiceVersion"]
    install = csv["spec"]["install"]["spec"]
    # What the bundle has as such.
    for (kind, name), one in kustomized.items():
        if kind == "CustomResourceDefinition" or (kind, name) in bundled:
            assert without_empty(bundled[kind, name].get("spec")) == without_empty(one.get("spec"))
            assert bundled[kind, name].get("rules") == one.get("rules")
    # What the Operator Lifecycle Manager makes of the rest.
    [deployment] = install["deployments"]
    [permissions] = install["permissions"]
    made = {("Deployment", deployment["name"]), ("ServiceAccount", permissions["serviceAccountName"])}
    left = {one for one in kustomized if one not in bundled} - made
    assert left == {
        ("Namespace", "alluxio-operator"),
        ("ClusterRole", "alluxio-operator"),
        ("ClusterRoleBinding", "alluxio-operator"),
        ("Role", "alluxio-operator-leader"),
        ("RoleBinding", "alluxio-operator-leader"),
    }
    rules = [kustomized["ClusterRole", "alluxio-operator"], kustomized["Role", "alluxio-operator-leader"]]
    assert canonical(permissions["rules"]) == canonical([rule for role in rules for rule in role["rules"]])
    ours = without_namespaces(kustomized["Deployment", "alluxio-operator"]["spec"])
    theirs = {name: value for name, value in deployment["spec"].items() if (name, value) != ("strategy", {})}
    assert without_namespaces(theirs) == ours


def key(obj: Json) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


def read(file: Path) -> Json:
    return dict(yaml.safe_load(file.read_text()))


def canonical(rules: list[Json]) -> list[str]:
    return sorted(json.dumps(rule, sort_keys=True) for rule in rules)


def without_namespaces(deployment: Json) -> Json:
    """Return the Deployment but for which namespaces are watched: that is where the three ways differ."""
    made: Json = json.loads(json.dumps(deployment))
    [container] = made["template"]["spec"]["containers"]
    container["env"] = [one for one in container["env"] if one["name"] != "WATCH_NAMESPACE"]
    return made
