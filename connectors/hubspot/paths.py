"""Where each resource of the API is, for the one API version that this connector speaks.

Numbered paths (v3, v4) retire on 30 March 2027 (v4) and in September 2027 (the rest); dated versions live 18 months:
https://developers.hubspot.com/docs/api-reference/latest/overview. A change of version is a change of `API_VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NUMBERED: Final = "numbered"

# `2026-03`, `2026-09`, …, or NUMBERED.
API_VERSION: Final[str] = "2026-03"


@dataclass(frozen=True, slots=True)
class Paths:
    """The path prefix of each resource."""

    objects: str
    associations: str
    labels: str
    properties: str
    pipelines: str
    owners: str
    schemas: str
    account: str
    token: str


def paths_of(version: str) -> Paths:
    """The paths of an API version."""
    if version == NUMBERED:
        return Paths(
            objects="/crm/v3/objects",
            associations="/crm/v4/associations",
            labels="/crm/associations/v4",
            properties="/crm/v3/properties",
            pipelines="/crm/v3/pipelines",
            owners="/crm/v3/owners",
            schemas="/crm-object-schemas/v3/schemas",
            account="/account-info/v3/details",
            token="/oauth/v1/token",  # noqa: S106 - a path
        )
    return Paths(
        objects=f"/crm/objects/{version}",
        associations=f"/crm/associations/{version}",
        labels=f"/crm/associations/{version}",
        properties=f"/crm/properties/{version}",
        pipelines=f"/crm/pipelines/{version}",
        owners=f"/crm/owners/{version}",
        schemas=f"/crm-object-schemas/{version}/schemas",
        account=f"/account-info/{version}/details",
        token=f"/oauth/{version}/token",
    )
