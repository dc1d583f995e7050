"""Find the kinds of custom resources: each folder of `alluxio_operator.kinds` is one, and its `kind.py` describes it.

The search follows the path of that package, so a test can add a kind by adding a folder to the path. Callers that need
only a kind's API use this module; the others use `alluxio_operator.kinds.discovery`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from alluxio_operator.api.description import Description

PACKAGE: Final = "alluxio_operator.kinds"


class KindError(Exception):
    """A folder of `kinds` lacks a valid descriptor, or two kinds share a name."""


def descriptions() -> Mapping[str, Description]:
    """Return the description of every kind by its name, in order. Raise KindError."""
    return _found(tuple(importlib.import_module(PACKAGE).__path__))


@lru_cache(maxsize=4)
def _found(path: tuple[str, ...]) -> Mapping[str, Description]:
    names = [module.name for module in pkgutil.iter_modules(path) if module.ispkg]
    found = sorted((_description(f"{PACKAGE}.{name}") for name in names), key=lambda one: (one.order, one.kind))
    for field in ("kind", "plural", "short"):
        twice = [value for value, times in Counter(getattr(one, field) for one in found).items() if times > 1]
        if twice:
            raise KindError(f"two kinds have the {field} {twice[0]!r}: change it in the kind.py of one of them")
    return {one.kind: one for one in found}


def _description(package: str) -> Description:
    module = f"{package}.kind"
    if importlib.util.find_spec(module) is None:
        raise KindError(f"{package} has no kind.py: each folder of {PACKAGE} is a kind, and kind.py describes it")
    found = getattr(importlib.import_module(module), "DESCRIPTOR", None)
    if not isinstance(found, Description):
        raise KindError(f"{module} has no DESCRIPTOR: assign it a KindDescriptor")
    return found
