"""The pod identity associations an add-on owns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.eks.one_daemonset import ACCOUNT, AGENT, OF

from podid.core.errors import AccessDenied
from podid.eks.addons.worker import AddonWorker
from podid.eks.errors import InvalidParameter, ResourceInUse


class TestOwnedAssociations:
    @pytest.fixture
    def wish(self, make_role: Callable[..., str]) -> Callable[[str], Any]:
        return lambda role: [{"serviceAccount": AGENT, "roleArn": make_role(role)}]

    def associations(self, api: Any) -> Any:
        return api("ListPodIdentityAssociations", clusterName="eksdemo1")["associations"]

    def test_made_with_the_add_on_and_gone_with_it(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, worker: AddonWorker
    ) -> None:
        made = create(podIdentityAssociations=wish("one"))
        (association,) = self.associations(api)
        assert made["podIdentityAssociations"] == [association["associationArn"]]
        assert association["ownerArn"] == made["addonArn"]
        assert (association["namespace"], association["serviceAccount"]) == ("kube-system", AGENT)
        api("DeleteAddon", **OF)
        worker.look()
        assert self.associations(api) == []

    def test_kept_with_preserve_as_anyones(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, worker: AddonWorker
    ) -> None:
        create(podIdentityAssociations=wish("one"))
        api("DeleteAddon", **OF, preserve=True)
        worker.look()
        (association,) = self.associations(api)
        assert association["ownerArn"] is None

    def test_one_that_exists_is_not_adopted_and_nothing_is_half_made(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, make_role: Callable[..., str]
    ) -> None:
        theirs = api(
            "CreatePodIdentityAssociation",
            clusterName="eksdemo1",
            namespace="kube-system",
            serviceAccount=AGENT,
            roleArn=make_role("one"),
        )["association"]
        with pytest.raises(ResourceInUse, match=f"Association already exists: {theirs['associationId']}"):
            create(podIdentityAssociations=wish("one"))
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == []

    def test_update_changes_leaves_or_removes(
        self, active: Any, wish: Callable[[str], Any], api: Any, status: Callable[[], str]
    ) -> None:
        def update(**members: Any) -> Any:
            told = api("UpdateAddon", **OF, **members)["update"]
            assert status() == "ACTIVE"
            return told

        told = update(podIdentityAssociations=wish("one"))
        assert [each["type"] for each in told["params"]] == ["PodIdentityAssociations"]
        (first,) = self.associations(api)
        update(addonVersion="v1.3.8-eksbuild.2")
        assert self.associations(api) == [first]
        update(podIdentityAssociations=wish("two"))
        (second,) = self.associations(api)
        assert second == first
        full = api("DescribePodIdentityAssociation", clusterName="eksdemo1", associationId=first["associationId"])
        assert full["association"]["roleArn"].endswith(":role/two")
        update(podIdentityAssociations=[])
        assert self.associations(api) == []

    def test_role_is_checked_and_must_be_passed(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, make_user: Callable[..., Any]
    ) -> None:
        missing = [{"serviceAccount": AGENT, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}]
        with pytest.raises(InvalidParameter, match=r"^Role provided in the request does not exist\.$"):
            create(podIdentityAssociations=missing)
        asked = wish("one")
        api.caller = make_user("clerk", {"Effect": "Allow", "Action": "eks:*", "Resource": "*"})
        with pytest.raises(AccessDenied, match="iam:PassRole"):
            create(podIdentityAssociations=asked)
        with pytest.raises(AccessDenied, match="iam:PassRole"):
            create(serviceAccountRoleArn=asked[0]["roleArn"])

    def test_named_twice(self, create: Callable[..., Any], wish: Callable[[str], Any]) -> None:
        with pytest.raises(InvalidParameter, match="more than once"):
            create(podIdentityAssociations=wish("one") * 2)
