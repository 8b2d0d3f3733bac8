"""The tag operations on the three kinds of resource, and the rules of tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from podid.eks.errors import BadRequest, TagTargetNotFound
from podid.eks.tags import problem_with_tags

ACCOUNT = "111122223333"


@pytest.fixture(params=["cluster", "addon", "association"])
def resource(request: pytest.FixtureRequest, api: Any, cluster: Any, make_role: Callable[..., str], eks: Any) -> str:
    """The ARN of a resource with the tag a=1."""
    eks.close()  # the add-on is left as it is
    if request.param == "cluster":
        api("TagResource", resourceArn=cluster.arn, tags={"a": "1"})
        return str(cluster.arn)
    if request.param == "addon":
        asked = {"clusterName": "eksdemo1", "addonName": "eks-pod-identity-agent", "tags": {"a": "1"}}
        return str(api("CreateAddon", **asked)["addon"]["addonArn"])
    asked = {"namespace": "default", "serviceAccount": "app", "roleArn": make_role("r"), "tags": {"a": "1"}}
    return str(api("CreatePodIdentityAssociation", clusterName="eksdemo1", **asked)["association"]["associationArn"])


def test_tag_list_untag(api: Any, resource: str) -> None:
    assert api("ListTagsForResource", resourceArn=resource) == {"tags": {"a": "1"}}
    assert api("TagResource", resourceArn=resource, tags={"a": "2", "b": ""}) == {}
    assert api("ListTagsForResource", resourceArn=resource) == {"tags": {"a": "2", "b": ""}}
    assert api("UntagResource", resourceArn=resource, tagKeys=["a", "never"]) == {}
    assert api("ListTagsForResource", resourceArn=resource) == {"tags": {"b": ""}}


def test_tags_for_conditions_are_those_of_now(api: Any, eks: Any, resource: str) -> None:
    assert eks.tags_of(resource) == {"a": "1"}
    api("TagResource", resourceArn=resource, tags={"b": "2"})
    assert eks.tags_of(resource) == {"a": "1", "b": "2"}
    if ":addon/" in resource:
        assert eks.tags_of(resource.rpartition("/")[0] + "/*") == {"a": "1", "b": "2"}
    for nothing in (resource + "x", "x", "arn:aws:s3:::bucket", ""):
        assert eks.tags_of(nothing) is None


def test_a_caller_names_one_resource(api: Any, resource: str) -> None:
    every = resource.rpartition("/")[0] + "/*"
    for operation, members in (("ListTagsForResource", {}), ("TagResource", {"tags": {"a": "b"}})):
        with pytest.raises((TagTargetNotFound, BadRequest)):
            api(operation, resourceArn=every, **members)


def test_limit_counts_old_and_new(api: Any, resource: str) -> None:
    api("TagResource", resourceArn=resource, tags={f"k{n}": "" for n in range(49)})
    with pytest.raises(BadRequest, match="at most 50"):
        api("TagResource", resourceArn=resource, tags={"one-more": ""})
    api("TagResource", resourceArn=resource, tags={"a": "changed"})
    assert len(api("ListTagsForResource", resourceArn=resource)["tags"]) == 50


def test_nothing_given(api: Any, resource: str) -> None:
    with pytest.raises(BadRequest):
        api("TagResource", resourceArn=resource, tags={})
    with pytest.raises(BadRequest):
        api("UntagResource", resourceArn=resource, tagKeys=[])


@pytest.mark.parametrize(
    "arn", ["", "x", "arn:aws:iam::111122223333:role/r", f"arn:aws:eks:us-east-1:{ACCOUNT}:nodegroup/a/b/c"]
)
def test_what_cannot_be_tagged(api: Any, arn: str) -> None:
    for operation, members in (("ListTagsForResource", {}), ("TagResource", {"tags": {"a": "b"}})):
        with pytest.raises(BadRequest):
            api(operation, resourceArn=arn, **members)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/none",
        f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/eksdemo1",
        "arn:aws:eks:us-east-1:444455556666:cluster/eksdemo1",
        f"arn:aws-cn:eks:us-east-1:{ACCOUNT}:cluster/eksdemo1",
        f"arn:aws:eks:us-east-1:{ACCOUNT}:podidentityassociation/eksdemo1/a-none",
        f"arn:aws:eks:us-east-1:{ACCOUNT}:addon/eksdemo1/eks-pod-identity-agent/00000000-0000-4000-8000-000000000000",
    ],
)
def test_resources_that_are_not_there_for_this_caller(api: Any, cluster: Any, arn: str) -> None:
    with pytest.raises(TagTargetNotFound) as missing:
        api("ListTagsForResource", resourceArn=arn)
    assert (missing.value.code, missing.value.status) == ("NotFoundException", 404)


@pytest.mark.parametrize(
    ("tags", "fine"),
    [
        ({}, True),
        ({"Größe/x:y=1+2@a-b_c.d": "日本 語"}, True),
        ({"k" * 128: "v" * 256}, True),
        ({"": "v"}, False),
        ({"k" * 129: "v"}, False),
        ({"k": "v" * 257}, False),
        ({"aws:k": "v"}, False),
        ({"AWS:k": "v"}, False),
        ({"k": "aws:v"}, True),
        ({"k!": "v"}, False),
        ({"k": "v\n"}, False),
        ({f"k{n}": "" for n in range(50)}, True),
        ({f"k{n}": "" for n in range(51)}, False),
    ],
)
def test_rules(tags: dict[str, str], fine: bool) -> None:
    assert (problem_with_tags(tags) == "") is fine
