"""The mappings that come with Partner Hub fit the systems that they are for."""

from pathlib import Path

import pytest

from connectors.hubspot import CONNECTOR as HUBSPOT
from connectors.salesforce import CONNECTOR as SALESFORCE
from hub.mapping.describe import check_mapping
from hub.mapping.load import load_system
from hub.record.registry import RECORD_TYPES
from hub.sdk.capabilities import Describes
from hub.sdk.connector import ConnectorSpec
from hub.sdk.testing import open_sandboxed


@pytest.mark.parametrize("spec", [SALESFORCE, HUBSPOT], ids=lambda spec: spec.name)
async def test_every_mapping_fits_what_the_system_says_of_its_fields(spec: ConnectorSpec) -> None:
    sandbox = spec.load_sandbox().make()
    async with open_sandboxed(spec, sandbox) as connector:
        assert isinstance(connector, Describes)
        for mapping in load_system(Path("mappings"), spec.name, RECORD_TYPES).values():
            issues = check_mapping(mapping, describe=await connector.describe(mapping.object))
            assert [str(issue) for issue in issues if issue.level == "error"] == []
