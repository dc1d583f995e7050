"""An older operator keeps each word and field that a newer one wrote, wherever in a status it is."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from alluxio_operator.api.alluxiobackup import BackupStatus
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.lenient import read_status
from alluxio_operator.api.presto_status import PrestoStatus

Json = dict[str, Any]
Path = tuple[str | int, ...]
STATUSES = (BackupStatus, ClusterStatus, PrestoStatus)
TIME, SIZE = "2030-01-02T03:04:05Z", "1Gi"
WORD, NUMBER = "Hibernating", 97


def words(kind: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path of each Literal in a type, with one of its values."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        yield path, inner[0]
    elif origin is Annotated:
        yield from words(inner[0], path)
    elif origin in (Union, types.UnionType, tuple):
        for one in inner:
            if one is not Ellipsis:
                yield from words(one, (*path, 0) if origin is tuple else path)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from words(field.annotation, (*path, field.alias or name))


def filled(kind: Any, name: str = "") -> Any:
    """Return a value of a type in which every field is set and each list has one entry."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return inner[0]
    if origin is Annotated:
        return filled(inner[0], name)
    if origin in (Union, types.UnionType):
        return filled(inner[0], name)
    if origin is tuple:
        return [filled(inner[0], name)]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        return {field.alias or key: filled(field.annotation, field.alias or key) for key, field in fields}
    if kind in (int, bool):
        return kind(1)
    return {} if origin in (dict, Mapping) or kind is dict else _text(name)


def _text(name: str) -> str:
    sizes = ("size", "wanted", "quota", "capacity", "cpuBefore", "cpuPeak", "memoryBefore", "memoryPeak")
    sizes += ("unpersisted", "unpersistedOnRestart", "cachedOnce", "pinned", "unavailable")
    if name in sizes:
        return SIZE
    times = (
        "since",
        "Since",
        "started",
        "finished",
        "ended",
        "Time",
        "retryAt",
        "replaced",
        "retried",
        "checked",
        "nextChange",
    )
    times += (
        "recoveryPoint",
        "asOf",
        "oldest",
        "lossAsked",
        "confirmed",
        "counted",
        "marksUntil",
        "leftAt",
        "cleanAt",
        "progressAt",
        "deadline",
    )
    return TIME if name.endswith(times) or name in ("at", "last", "taken", "requested") else "x"


def at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def written(model: type[Any], status: Json) -> Json:
    """Return the status that an operator writes after it has read one; nothing of it may be unread."""
    reading = read_status(model, {"metadata": {}, "status": status})
    assert reading.unread == ()
    dumped: Json = reading.status.model_dump(by_alias=True, mode="json", exclude_none=True, warnings=False)
    return dumped


def nodes(data: Any) -> Iterator[Json]:
    """Yield every object of a status."""
    if isinstance(data, dict) and data:
        yield data
    for one in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from nodes(one)


@pytest.mark.parametrize("model", STATUSES)
def test_a_filled_status_is_written_as_it_was_read(model: type[Any]):
    status = filled(model)

    assert written(model, status) == status


WORDS = [(model, path, known) for model in STATUSES for path, known in words(model)]


@pytest.mark.parametrize(
    ("model", "path", "known"), WORDS, ids=[f"{m.__name__}.{'.'.join(map(str, p))}" for m, p, _ in WORDS]
)
def test_an_unknown_word_of_every_field_is_kept(model: type[Any], path: Path, known: str | int):
    status = filled(model)
    unknown = NUMBER if isinstance(known, int) else WORD
    at(status, path[:-1])[path[-1]] = unknown

    assert at(written(model, status), path) == unknown


@pytest.mark.parametrize("model", STATUSES)
def test_an_unknown_field_of_every_object_is_kept(model: type[Any]):
    status = filled(model)
    for node in list(nodes(status)):
        node["novelty"] = {"since": "next year", "parts": [1, "two"]}

    assert written(model, deepcopy(status)) == status
