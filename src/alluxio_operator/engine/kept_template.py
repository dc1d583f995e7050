"""Keeps the pod template of a Deployment for which another version of the operator would render another text.

Kubernetes replaces the pods of a Deployment when anything in their template changes. The template has the hash of the
values in it, but its text also comes with the operator. So the operator keeps the text with which it last applied the
hash, in an annotation of the Deployment. The live template can't replace it: the API server adds defaults to that, and
others edit it.
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
    """Return a Deployment with the pod template that its pods run, if that has the rendered hash.

    After `kubectl rollout restart`, which replaces the pods anyway, it has the rendered template.
    """
    rendered = obj["spec"].get("template", {})
    wanted = _annotations(rendered).get(CONFIG_HASH)
    if wanted is None:
        return obj
    restarted, before = _restart_of(live), _kept(live)
    same = _annotations(before.get("template", {})).get(CONFIG_HASH) == wanted
    template = before["template"] if same and before.get("restarted") == restarted else rendered
    kept = json.dumps({"template": template, "restarted": restarted}, sort_keys=True)
    metadata = {**obj["metadata"], "annotations": {**obj["metadata"].get("annotations", {}), KEPT: kept}}
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "template": template}}


def held_template(live: Object) -> Object:
    """Return the pod template to apply to a Deployment that has to keep its own: the last applied one.

    A Deployment from before this annotation keeps its whole live template.
    """
    found: Object = _kept(live).get("template") or live["spec"]["template"]
    return found


def _kept(live: Object | None) -> Mapping[str, Any]:
    text = (live or {}).get("metadata", {}).get("annotations", {}).get(KEPT, "")
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("template"), dict) else {}


def _restart_of(live: Object | None) -> str | None:
    found = _annotations((live or {}).get("spec", {}).get("template", {})).get(RESTARTED)
    return None if found is None else str(found)


def _annotations(template: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = template.get("metadata", {}).get("annotations", {})
    return found
