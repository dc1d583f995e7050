"""Keeps the pod template of a Deployment for which another version of the operator would render another text.

Kubernetes replaces the pods of a Deployment when anything in their template changes. The template has the hash of the
values in it, but its text also comes with the operator. So the operator keeps the text with which it last applied the
hash, in an annotation of the Deployment. The live template can't replace it: the API server adds defaults to that, and
others edit it. Only a Deployment from before this annotation keeps its live template, until its hash changes.

The hash doesn't cover how the kubelet pulls the images, since most workloads need no restart for that. A Deployment
gets the rendered template when it differs in that: otherwise its pods would wait for wrong credentials for ever.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.base import GROUP
from alluxio_operator.kube.kinds import Object

CONFIG_HASH: Final = f"{GROUP}/config-hash"
"""Annotation of a pod: the hash of all values in it."""
KEPT: Final = f"{GROUP}/template"
"""Annotation of a Deployment: the pod template as it was last applied, and the restart that was seen then."""
RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"
"""Annotation of a pod template that `kubectl rollout restart` sets."""


def with_kept_template(obj: Object, live: Object | None) -> Object:
    """Return a Deployment with the pod template that its pods run, if that has the rendered hash and pulls alike.

    After `kubectl rollout restart`, which replaces the pods anyway, it has the rendered template.
    """
    rendered = obj["spec"].get("template", {})
    if CONFIG_HASH not in _annotations(rendered):
        return obj
    restarted, before = _restart_of(live), _kept(live)
    if live is not None and KEPT not in _annotations(live):
        before = {"template": _live_template(live), "restarted": restarted}
    last = before.get("template", {})
    template = last if runs_as(last, rendered) and before.get("restarted") == restarted else rendered
    kept = json.dumps({"template": template, "restarted": restarted}, sort_keys=True)
    metadata = {**obj["metadata"], "annotations": {**obj["metadata"].get("annotations", {}), KEPT: kept}}
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "template": template}}


def runs_as(last: Mapping[str, Any], rendered: Mapping[str, Any]) -> bool:
    """Return True if pods of the last template needn't be replaced for the rendered one."""
    hashes = [_annotations(template).get(CONFIG_HASH) for template in (last, rendered)]
    return hashes[0] == hashes[1] and _pulls_alike(last, rendered)


def held_template(live: Object) -> Object:
    """Return the pod template to apply to a Deployment that has to keep its own: the last applied one.

    A Deployment from before this annotation keeps its whole live template.
    """
    found: Object = _kept(live).get("template") or _live_template(live)
    return found


def _live_template(live: Object) -> Object:
    """Return the live pod template without the restart, which belongs to kubectl."""
    template: Object = live["spec"]["template"]
    annotations = {key: text for key, text in _annotations(template).items() if key != RESTARTED}
    return {**template, "metadata": {**template.get("metadata", {}), "annotations": annotations}}


def _pulls_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return True if two templates pull their images with the same Secrets, and those they share by the same policy."""
    first, second = _policies(one), _policies(other)
    return _secrets(one) == _secrets(other) and all(
        first[name] == second[name] for name in first.keys() & second.keys()
    )


def _secrets(template: Mapping[str, Any]) -> list[Any]:
    return list(template.get("spec", {}).get("imagePullSecrets") or ())


def _policies(template: Mapping[str, Any]) -> Mapping[str, Any]:
    pod = template.get("spec", {})
    containers = [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]
    return {one["name"]: one.get("imagePullPolicy") for one in containers}


def _kept(live: Object | None) -> Mapping[str, Any]:
    text = (live or {}).get("metadata", {}).get("annotations", {}).get(KEPT, "")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("template"), dict) else {}


def _restart_of(live: Object | None) -> str | None:
    found = _annotations((live or {}).get("spec", {}).get("template", {})).get(RESTARTED)
    return None if found is None else str(found)


def _annotations(of: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = of.get("metadata", {}).get("annotations") or {}
    return found
