"""Tags of associations, and pages of their list: tokens that outlive the process that gave them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.conformance.endpoint import ACCOUNT, CLUSTER, CLUSTER_ARN, REGION, Endpoint, Key

PATH = f"/clusters/{CLUSTER}/pod-identity-associations"


@pytest.fixture(scope="module")
def tagged(endpoint: Endpoint, role: str) -> str:
    """The escaped ARN of an association with one tag."""
    return quote(endpoint.associate(role, "tagged", tags={"first": "1"})["associationArn"], safe="")


def test_tags_are_listed_added_and_removed(endpoint: Endpoint, tagged: str) -> None:
    assert endpoint.eks("GET", f"/tags/{tagged}").json == {"tags": {"first": "1"}}
    added = endpoint.eks("POST", f"/tags/{tagged}", {"tags": {"second": "2", "first": "one"}})
    assert (added.status, added.json) == (200, {})
    assert endpoint.eks("GET", f"/tags/{tagged}").json == {"tags": {"first": "one", "second": "2"}}
    assert endpoint.eks("DELETE", f"/tags/{tagged}?tagKeys=first&tagKeys=second&tagKeys=none").status == 200
    assert endpoint.eks("GET", f"/tags/{tagged}").json == {"tags": {}}


def test_describe_shows_tags_given_later(endpoint: Endpoint, role: str) -> None:
    association = endpoint.associate(role, "tagged-later")
    endpoint.eks("POST", f"/tags/{quote(association['associationArn'], safe='')}", {"tags": {"a": "b"}})
    told = endpoint.eks("GET", f"{PATH}/{association['associationId']}").json["association"]
    assert told["tags"] == {"a": "b"}


def test_a_cluster_has_tags_too(endpoint: Endpoint) -> None:
    arn = quote(CLUSTER_ARN, safe="")
    assert endpoint.eks("POST", f"/tags/{arn}", {"tags": {"env": "test"}}).status == 200
    assert endpoint.eks("GET", f"/clusters/{CLUSTER}").json["cluster"]["tags"] == {"env": "test"}
    assert endpoint.eks("DELETE", f"/tags/{arn}?tagKeys=env").status == 200


GONE = f"arn:aws:eks:{REGION}:{ACCOUNT}:podidentityassociation/{CLUSTER}/a-00000000000000000"
REFUSED: dict[str, tuple[str, str, Any, int, str]] = {
    "list of one that is gone": ("GET", GONE, None, 404, "NotFoundException"),
    "tag one that is gone": ("POST", GONE, {"tags": {"a": "b"}}, 404, "NotFoundException"),
    "untag one that is gone": ("DELETE", f"{GONE}?tagKeys=a", None, 404, "NotFoundException"),
    "no arn": ("GET", "nonsense", None, 400, "BadRequestException"),
    "a bucket": ("GET", "arn:aws:s3:::bucket", None, 400, "BadRequestException"),
    "another account's": ("GET", GONE.replace(ACCOUNT, "444455556666"), None, 403, "AccessDeniedException"),
    "no tags": ("POST", "TAGGED", {"tags": {}}, 400, "BadRequestException"),
    "a key of AWS": ("POST", "TAGGED", {"tags": {"aws:a": "b"}}, 400, "BadRequestException"),
    "51 keys": ("POST", "TAGGED", {"tags": {f"k{n}": "" for n in range(51)}}, 400, "BadRequestException"),
    "no keys": ("DELETE", "TAGGED", None, 400, "BadRequestException"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_of_the_tag_api(endpoint: Endpoint, tagged: str, case: str) -> None:
    method, arn, body, status, code = REFUSED[case]
    name, question, query = arn.partition("?")
    path = f"/tags/{tagged if name == 'TAGGED' else quote(name, safe='')}{question}{query}"
    answer = endpoint.eks(method, path, body)
    if case == "another account's" and answer.status == 404:
        status, code = 404, "NotFoundException"  # the administrator may ask; there is no such thing of theirs
    assert (answer.status, answer.code) == (status, code), answer


def test_tagging_is_a_permission_on_the_resource(endpoint: Endpoint, powerless: Key, tagged: str) -> None:
    answer = endpoint.eks("GET", f"/tags/{tagged}", key=powerless)
    assert (answer.status, answer.code) == (403, "AccessDeniedException")
    assert (
        "eks:ListTagsForResource on resource: arn:aws:eks:us-east-1:111122223333:podidentityassociation/" in answer.text
    )


def test_creating_with_tags_can_be_kept_to_some(endpoint: Endpoint, role: str) -> None:
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": "eks:CreatePodIdentityAssociation",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:RequestTag/team": "a"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
            },
        },
        {"Effect": "Allow", "Action": ["iam:PassRole", "eks:TagResource"], "Resource": "*"},
    ]
    key = endpoint.user("tagger", *statements)
    asked = {"namespace": "ns", "serviceAccount": "tagger", "roleArn": role}
    assert endpoint.eks("POST", PATH, asked, key=key).status == 403
    assert endpoint.eks("POST", PATH, asked | {"tags": {"team": "b"}}, key=key).status == 403
    assert endpoint.eks("POST", PATH, asked | {"tags": {"team": "a", "x": ""}}, key=key).status == 403
    assert endpoint.eks("POST", PATH, asked | {"tags": {"team": "a"}}, key=key).status == 200


# -- pages -------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def many(endpoint: Endpoint, role: str) -> set[str]:
    """Seven associations in a namespace of their own; gives their ids."""
    return {endpoint.associate(role, f"sa-{n}", "pages")["associationId"] for n in range(7)}


def ids(answer: Any) -> list[str]:
    return [each["associationId"] for each in answer.json["associations"]]


def test_pages_are_disjoint_and_whole(endpoint: Endpoint, many: set[str]) -> None:
    path, seen, sizes = f"{PATH}?namespace=pages&maxResults=3", [], []
    token = ""
    while True:
        page = endpoint.eks("GET", f"{path}&nextToken={quote(token)}" if token else path)
        seen += ids(page)
        sizes.append(len(ids(page)))
        token = page.json.get("nextToken", "")
        if not token:
            break
    assert sizes == [3, 3, 1]
    assert len(seen) == 7
    assert set(seen) == many


def test_the_last_page_has_no_token(endpoint: Endpoint, many: set[str]) -> None:
    assert "nextToken" not in endpoint.eks("GET", f"{PATH}?namespace=pages&maxResults=7").json
    assert "nextToken" not in endpoint.eks("GET", f"{PATH}?namespace=nobody").json


def test_a_filter_by_service_account(endpoint: Endpoint, many: set[str]) -> None:
    assert len(ids(endpoint.eks("GET", f"{PATH}?namespace=pages&serviceAccount=sa-3"))) == 1
    assert len(ids(endpoint.eks("GET", f"{PATH}?serviceAccount=sa-3"))) == 1
    assert ids(endpoint.eks("GET", f"{PATH}?namespace=page")) == [], "no prefixes"


def test_a_token_is_for_its_own_question(endpoint: Endpoint, many: set[str]) -> None:
    token = endpoint.eks("GET", f"{PATH}?namespace=pages&maxResults=3").json["nextToken"]
    answer = endpoint.eks("GET", f"{PATH}?maxResults=3&nextToken={quote(token)}")
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


def test_a_page_goes_on_where_its_last_one_was_deleted(endpoint: Endpoint, role: str) -> None:
    for n in range(4):
        endpoint.associate(role, f"sa-{n}", "hole")
    first = endpoint.eks("GET", f"{PATH}?namespace=hole&maxResults=2")
    endpoint.eks("DELETE", f"{PATH}/{ids(first)[-1]}")
    rest = endpoint.eks("GET", f"{PATH}?namespace=hole&maxResults=2&nextToken={quote(first.json['nextToken'])}")
    assert len(ids(rest)) == 2


def test_the_paginator_of_boto3(endpoint: Endpoint, many: set[str]) -> None:
    pages = endpoint.client("eks").get_paginator("list_pod_identity_associations")
    found = pages.paginate(clusterName=CLUSTER, namespace="pages", PaginationConfig={"PageSize": 2})
    assert {each["associationId"] for each in found.search("associations")} == many
