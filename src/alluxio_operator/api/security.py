"""User and group as which the processes of a resource run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, cel, rules

Id = Annotated[int, Field(ge=1, le=2147483647)]
"""A user or group id; not 0, since no pod runs as root."""


class Security(Model):
    """User and group as which the processes run, and which own the volumes."""

    identity: Literal["Fixed", "Namespace"] = Field(
        "Fixed",
        description="Fixed: the pods name user and groups. Namespace: they name none, so that the namespace sets them, "
        "as OpenShift's security context constraints do. Namespace excludes features that need folders of the node.",
    )
    run_as_user: Id | None = Field(None, description="User id. Default: 1000, the user of the images.")
    run_as_group: Id | None = Field(None, description="Group id. Default: 1000, the group of the images.")
    fs_group: Id | None = Field(None, description="Group id that owns the volumes. Default: 1000.")


SECURITY_RULES = {
    "Security": rules(
        cel(
            "self.identity == 'Fixed' || (!has(self.runAsUser) && !has(self.runAsGroup) && !has(self.fsGroup))",
            "with identity Namespace the namespace sets user and groups: remove runAsUser, runAsGroup and fsGroup, or "
            "set identity to Fixed",
            field_path=".identity",
        ),
    ),
}

IDENTITY_KEPT = cel(
    "has(self.security) == has(oldSelf.security) && (!has(self.security) || self.security == oldSelf.security)",
    "spec.security can't be changed: the files of the journal and of the root mount belong to the earlier user; create "
    "another AlluxioCluster instead",
    field_path=".security",
)
