"""What may be installed: versions and configuration schemas."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.eks.one_daemonset import AGENT

from podid.eks.errors import InvalidParameter, ResourceNotFound


class TestDescriptions:
    def test_versions(self, api: Any) -> None:
        (told,) = api("DescribeAddonVersions", addonName=AGENT, kubernetesVersion="1.33")["addons"]
        assert told["type"] == "security" and told["owner"] == "aws"
        versions = told["addonVersions"]
        assert versions[0]["compatibilities"] == [
            {"clusterVersion": "1.33", "platformVersions": ["*"], "defaultVersion": True}
        ]
        assert [each["compatibilities"][0]["defaultVersion"] for each in versions[1:]] == [False] * (len(versions) - 1)
        assert api("DescribeAddonVersions")["addons"][0]["addonName"] == AGENT
        for members in ({"types": ["storage"]}, {"owners": ["community"]}, {"kubernetesVersion": "1.2"}):
            assert api("DescribeAddonVersions", **members)["addons"] == []
        with pytest.raises(InvalidParameter):
            api("DescribeAddonVersions", addonName="no-such")

    def test_configuration(self, api: Any) -> None:
        import json

        told = api("DescribeAddonConfiguration", addonName=AGENT, addonVersion="v1.3.8-eksbuild.2")
        assert "additionalArgs" in json.loads(told["configurationSchema"])["properties"]["agent"]["properties"]
        with pytest.raises(ResourceNotFound):
            api("DescribeAddonConfiguration", addonName=AGENT, addonVersion="v0")
