"""Reads a status that another version of the operator, or a hand, has written.

An operator that is older than a status meets words, fields and shapes that it doesn't know. It keeps unknown words and
fields, so that the newer operator finds them again. It replaces a broken time, and drops what it can't read. The caller
learns which parts it dropped, so that it doesn't act on a record that it can't read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler
from pydantic.functional_validators import AfterValidator, BeforeValidator, WrapValidator

from alluxio_operator.api.base import Model, quantity

M = TypeVar("M", bound=Model)

_WRITTEN: Final = "time of the last write"
_KEEPS: Final = "keeps unknown words"
"""Keys of the validation context; without it, validation is strict."""
_EPOCH: Final = "1970-01-01T00:00:00Z"
_MOST_REPAIRS: Final = 1000
_LONGEST_WORD: Final = 64


class StatusModel(Model):
    """Base of every part of a status: it keeps the fields that it doesn't know."""

    model_config = ConfigDict(extra="allow")


def _keeps(info: ValidationInfo) -> bool:
    return info.context is not None and bool(info.context[_KEEPS])


def _keep(value: Any, strict: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return strict(value)
    except ValidationError:
        if not _keeps(info) or not isinstance(value, str) or len(value) > _LONGEST_WORD:
            raise
        return value


def _keep_number(value: Any, strict: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return strict(value)
    except ValidationError:
        if not _keeps(info) or isinstance(value, bool) or not isinstance(value, int):
            raise
        return value


def _as_quantity(value: str, info: ValidationInfo) -> str:
    if info.context is not None:
        quantity(value)
    return value


def _as_time(value: Any, info: ValidationInfo) -> Any:
    if info.context is None or value is None:
        return value
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError):
        return info.context[_WRITTEN]


KEPT: Final = WrapValidator(_keep)
"""For a Literal: an unknown word of a status stays as it is."""

KEPT_NUMBER: Final = WrapValidator(_keep_number)
"""The same for a Literal of numbers."""

SIZE: Final = AfterValidator(_as_quantity)
"""For a quantity of a status: one that can't be parsed counts as missing."""

TIME: Final = (BeforeValidator(_as_time), Field(max_length=253))
"""For a time: another notation is converted, and a broken time becomes the time of the status's last write."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[M]):
    """A status as far as it could be read; `unread` are the paths of what was dropped or cut, such as journal.state."""

    status: M
    unread: tuple[str, ...] = ()

    def unread_below(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Return the paths in `unread` that lie in one of the fields."""
        known = set(fields)
        return tuple(path for path in self.unread if path.partition(".")[0] in known)


def read_status(model: type[M], resource: Mapping[str, Any], *, known_words: bool = False) -> Reading[M]:
    """Read the status of a resource; never raises for what stands in it. With `known_words`, drop the unknown ones."""
    data = resource.get("status") or {}
    context = {_WRITTEN: _last_write(resource.get("metadata", {})), _KEEPS: not known_words}
    unread: list[str] = []
    for _ in range(_MOST_REPAIRS):
        try:
            return Reading(model.model_validate(data, context=context), tuple(unread))
        except ValidationError as error:
            if not isinstance(data, Mapping):
                break
            data = data if unread else deepcopy(dict(data))
            # From the end, so that the indexes of a list stay those of the errors.
            for item in reversed(error.errors(include_url=False)):
                _repair(data, item["loc"], item["type"], item.get("ctx", {}))
                unread.append(".".join(str(part) for part in item["loc"]))
    return Reading(model(), (*unread, *(data if isinstance(data, Mapping) else ())))


def _repair(data: Any, path: tuple[int | str, ...], kind: str, limits: Mapping[str, Any]) -> None:
    """Cut a value that exceeds a limit; drop any other, and an object that lacks a field."""
    # What is missing can't be dropped, but what it is missing in can.
    path = path[:-1] if kind == "missing" else path
    for part in path[:-1]:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return
    key = path[-1] if path else None
    try:
        if kind in ("string_too_long", "too_long"):
            data[key] = data[key][: limits["max_length"]]
        elif kind in ("less_than_equal", "greater_than_equal"):
            data[key] = limits.get("le", limits.get("ge"))
        else:
            del data[key]
    except (KeyError, IndexError, TypeError):
        return


def _last_write(metadata: Mapping[str, Any]) -> str:
    writes = [
        entry["time"]
        for entry in metadata.get("managedFields") or ()
        if entry.get("subresource") == "status" and entry.get("time")
    ]
    return str(max(writes, default=metadata.get("creationTimestamp") or _EPOCH))
