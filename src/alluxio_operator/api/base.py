"""Building blocks of the API types: the base model, bounded strings, quantities and CRD extensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from kubernetes.utils.quantity import parse_quantity
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

GROUP: Final = "alluxio-operator.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

QUANTITY_PATTERN: Final = r"^[0-9]+(\.[0-9]{1,9})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"


class Model(BaseModel):
    """Base of every part of a resource: camelCase in JSON, snake_case in Python, immutable.

    It ignores unknown fields on purpose. The API server has already rejected fields that its CRD lacks, and an operator
    that is older than the CRD must accept newer fields.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


def cel(rule: str, message: str, *, field_path: str | None = None, reason: str | None = None) -> dict[str, str]:
    """Return one CEL validation rule with the message that the API server answers on a violation."""
    extra = {"fieldPath": field_path, "reason": reason}
    return {"rule": rule, "message": message, **{k: v for k, v in extra.items() if v is not None}}


def rules(*validations: dict[str, str]) -> dict[str, Any]:
    """Return the schema extension that carries CEL rules."""
    return {"x-kubernetes-validations": list(validations)}


def all_equal(fields: Iterable[str], one: str, other: str) -> str:
    """Return a CEL expression that is true if each optional field is equal in two objects or missing in both."""
    return " && ".join(
        f"has({one}.{field}) == has({other}.{field}) && (!has({one}.{field}) || {one}.{field} == {other}.{field})"
        for field in fields
    )


def _to_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def quantity(text: str) -> Decimal:
    """Return a Kubernetes quantity as a number: cores for CPU, bytes for memory and storage."""
    return Decimal(parse_quantity(text))


def in_bytes(text: str) -> int:
    """Return a quantity of memory or storage in whole bytes."""
    return int(quantity(text))


def in_binary(count: int) -> str:
    """Format bytes as a quantity with the largest binary unit that is exact, such as 512Mi."""
    for exponent, suffix in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        unit = 1024**exponent
        if count >= unit and count % unit == 0:
            return f"{count // unit}{suffix}"
    return str(count)


LARGEST: Final = 2**63 - 1
"""Largest quantity of Kubernetes, whose API server turns a larger one of a pod into this."""


def _possible(text: str) -> str:
    if quantity(text) > LARGEST:
        raise ValueError("it is larger than the largest quantity of Kubernetes, 2^63-1")
    return text


Quantity = Annotated[
    str,
    BeforeValidator(_to_text),
    Field(pattern=QUANTITY_PATTERN, max_length=32),
    AfterValidator(_possible),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "pattern": QUANTITY_PATTERN,
            "maxLength": 32,
        }
    ),
]
"""A Kubernetes quantity such as 500m, 2 or 1Gi."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", min_length=1, max_length=63)]
"""A name that is a DNS label."""

ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", min_length=1, max_length=253)]
"""The name of another Kubernetes object."""

Cron = Annotated[str, Field(pattern=r"^\S+( +\S+){4}$", max_length=128)]
"""A cron expression of five fields: minute, hour, day of the month, month, day of the week."""

TimeZone = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._+-]*(/[A-Za-z0-9._+-]+)*$", max_length=64)]
"""A name of the IANA time zone database."""

Port = Annotated[int, Field(ge=1024, le=65535)]
"""A TCP port that an unprivileged process may open."""

Text = Annotated[str, Field(max_length=1024)]
"""A short text."""

Opaque = Annotated[
    Mapping[str, Any],
    WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]
"""A Kubernetes structure that the operator passes on unchanged; the API server validates it in the pod."""

StringMap = Annotated[Mapping[str, Text], Field(max_length=64)]
"""A map of short texts, such as labels or annotations."""


class LocalReference(Model):
    """A reference to an object in the same namespace."""

    name: ObjectName = Field(description="Name of the object.")
