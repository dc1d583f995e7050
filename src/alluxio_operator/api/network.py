"""Which pods may reach the ports of a cluster: the input of its NetworkPolicy."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, cel, rules

LabelKey = Annotated[str, Field(min_length=1, max_length=317)]
LabelValue = Annotated[str, Field(max_length=63)]
Cidr = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$", max_length=43)]


class LabelExpression(Model):
    """One requirement of a label selector."""

    key: LabelKey = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="Relation of the key to the values.")
    values: Annotated[tuple[LabelValue, ...], Field(max_length=32)] = Field((), description="Values, for In and NotIn.")


class LabelSelector(Model):
    """A label selector; an empty one selects everything."""

    match_labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=16)] = Field(
        {}, description="Labels that an object must have."
    )
    match_expressions: Annotated[tuple[LabelExpression, ...], Field(max_length=16)] = Field(
        (), description="Requirements that an object must meet."
    )


class IpBlock(Model):
    """A range of addresses."""

    cidr: Cidr = Field(description="The range, such as 10.0.0.0/16.")
    except_: Annotated[tuple[Cidr, ...], Field(max_length=16)] = Field(
        (), alias="except", description="Ranges within it that are left out."
    )


class AccessPeer(Model):
    """Pods or addresses from which clients connect."""

    namespace_selector: LabelSelector | None = Field(
        None, description="Namespaces of the pods. Default: the namespace of this resource."
    )
    pod_selector: LabelSelector | None = Field(None, description="The pods. Default: all pods of the namespaces.")
    ip_block: IpBlock | None = Field(None, description="A range of addresses, in place of the selectors.")


class Access(Model):
    """Who may connect to the pods: the operator makes a NetworkPolicy from it.

    The cluster's network plugin enforces NetworkPolicies; some plugins don't.
    """

    enabled: bool = Field(
        True,
        description="Make a NetworkPolicy. Without one, every pod that reaches the ports may read, write and delete "
        "all data: by default, neither Alluxio nor Presto checks a password.",
    )
    from_: Annotated[tuple[AccessPeer, ...], Field(max_length=32)] = Field(
        (),
        alias="from",
        description="Where clients run. Default: all pods of the namespace. The operator, the pods of the resource "
        "itself and, for metrics, namespaces with the label alluxio-operator.io/metrics=enabled always have access.",
    )


PEER_RULES: Final[dict[str, Any]] = rules(
    cel(
        "has(self.namespaceSelector) || has(self.podSelector) || has(self.ipBlock)",
        "an entry of access.from needs namespaceSelector, podSelector or ipBlock",
    ),
    cel(
        "!has(self.ipBlock) || (!has(self.namespaceSelector) && !has(self.podSelector))",
        "an entry of access.from has either ipBlock or selectors: make two entries",
        field_path=".ipBlock",
    ),
)

ACCESS_TEXT: Final = (
    "Who may connect to the pods. Default: all pods of the namespace may, for a resource that this version of the "
    "operator or a later one created; an earlier resource stays open to everybody until you set this field."
)
ACCESS_RULES: Final = {"AccessPeer": PEER_RULES}
"""CEL rules by type."""
