"""Generate the files that list the kinds: kustomizations, and PROJECT for operator-sdk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alluxio_operator.api.base import GROUP, VERSION
from alluxio_operator.engine.kind import KindDescriptor

HEAD = "# Generated from the kinds' descriptors by `make generate`."


def crds(bases: Iterable[str]) -> str:
    """Return the kustomization of the CRDs."""
    return _kustomization(HEAD, bases)


def samples(kinds: Sequence[KindDescriptor]) -> str:
    """Return the kustomization of the samples."""
    head = (
        f"{HEAD}\n"
        "# Examples for catalogs, which the bundle contains. The other samples need objects that you create first."
    )
    return _kustomization(head, [example for one in kinds for example in one.examples])


def project(kinds: Sequence[KindDescriptor]) -> str:
    """Return the file PROJECT in operator-sdk's format."""
    name, _, domain = GROUP.partition(".")
    resources = "".join(
        f"""- api:
    crdVersion: v1
    namespaced: true
  domain: {domain}
  group: {name}
  kind: {one.kind}
  version: {VERSION}
"""
        for one in kinds
    )
    return f"""# For operator-sdk in `make bundle`. Generated from the kinds' descriptors by `make generate`.
domain: {domain}
projectName: alluxio-operator
resources:
{resources}version: "3"
"""


def _kustomization(head: str, resources: Iterable[str]) -> str:
    listed = "".join(f"- {one}\n" for one in resources)
    return f"{head}\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{listed}"
