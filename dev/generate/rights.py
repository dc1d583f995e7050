"""Generate the roles in config/rbac: the operator's rights, and the users' rights to its resources."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.api.base import GROUP
from alluxio_operator.engine.kind import ENGINE_RIGHTS, KindDescriptor, Right
from alluxio_operator.kube.kinds import KINDS
from dev.generate.lists import HEAD

ORDER: Final = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
"""The order of verbs in a rule."""
WIDTH: Final = 118


@dataclass(slots=True)
class _Rule:
    """Rights on resources of one API group; each reason becomes a comment."""

    group: str
    resources: list[str]
    verbs: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)

    def text(self) -> Iterator[str]:
        for reason in self.reasons:
            yield from textwrap.wrap(reason, WIDTH, initial_indent="# ", subsequent_indent="# ")
        yield f"- apiGroups: [{self.group or chr(34) * 2}]"
        yield f"  resources: [{', '.join(self.resources)}]"
        yield f"  verbs: [{', '.join(sorted(self.verbs, key=ORDER.index))}]"


def of_the_operator(kinds: Sequence[KindDescriptor]) -> str:
    """Return the role of the operator in a namespace that it watches."""
    plurals = [one.plural for one in kinds]
    rules = [
        _Rule(GROUP, plurals, {"get", "list", "watch"}),
        _Rule(GROUP, [f"{plural}/status" for plural in plurals], {"update"}),
        *_joined(_required(kinds)),
    ]
    head = f"""{HEAD}
# The operator's rights in a namespace that it watches. The namespaced forms turn this into a Role."""
    return _role(head, "alluxio-operator", "", rules)


def of_people(kinds: Sequence[KindDescriptor]) -> str:
    """Return the roles that let editors and viewers of a namespace edit or view the custom resources in it."""
    plurals = [one.plural for one in kinds]
    scaled = [f"{one.plural}/scale" for one in kinds if one.scale]
    edit = [_Rule(GROUP, plurals, set(ORDER))]
    if scaled:
        edit.append(_Rule(GROUP, scaled, {"get", "update", "patch"}))
    head = f"""{HEAD}
# For users: Kubernetes adds these rights to its roles admin, edit and view."""
    return (
        _role(head, "alluxio-operator-edit", _aggregated("admin", "edit"), edit)
        + "---\n"
        + _role("", "alluxio-operator-view", _aggregated("view"), [_Rule(GROUP, plurals, {"get", "list", "watch"})])
    )


def _required(kinds: Sequence[KindDescriptor]) -> Iterator[Right]:
    for one in kinds:
        for child in one.children:
            kind = KINDS[child.kind]
            yield Right(kind.plural, child.verbs, child.reason, kind.api_version.rpartition("/")[0])
    for one in kinds:
        yield from one.rights
    yield from ENGINE_RIGHTS


def _joined(required: Iterable[Right]) -> list[_Rule]:
    """Return one rule per resource with all its verbs; consecutive rules with equal verbs and reasons become one."""
    by_resource: dict[tuple[str, str], _Rule] = {}
    for right in required:
        rule = by_resource.setdefault((right.group, right.resource), _Rule(right.group, [right.resource]))
        rule.verbs.update(right.verbs)
        if right.reason and right.reason not in rule.reasons:
            rule.reasons.append(right.reason)
    rules: list[_Rule] = []
    for rule in by_resource.values():
        last = rules[-1] if rules else None
        if last and (last.group, last.verbs, last.reasons) == (rule.group, rule.verbs, rule.reasons):
            last.resources += rule.resources
        else:
            rules.append(rule)
    return rules


def _aggregated(*roles: str) -> str:
    labels = "".join(f'    rbac.authorization.k8s.io/aggregate-to-{role}: "true"\n' for role in roles)
    return f"  labels:\n{labels}"


def _role(head: str, name: str, metadata: str, rules: Iterable[_Rule]) -> str:
    lines = "".join(f"{line}\n" for rule in rules for line in rule.text())
    opening = f"{head}\n" if head else ""
    return f"""{opening}apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {name}
{metadata}rules:
{lines}"""
