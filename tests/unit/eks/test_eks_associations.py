"""The five operations on associations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from podid.core.errors import AccessDenied, AwsError, NotImplementedHere
from podid.eks import Eks
from podid.eks.errors import InvalidParameter, ResourceInUse, ResourceLimitExceeded, ResourceNotFound
from podid.iam import Authorizer, Iam
from podid.store import Store

ACCOUNT = "111122223333"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def role(make_role: Callable[..., str]) -> str:
    return make_role("reader")


@pytest.fixture
def create(api: Any, role: str) -> Callable[..., Any]:
    def ask(**members: Any) -> Any:
        asked = {"clusterName": "eksdemo1", "namespace": "default", "serviceAccount": "app", "roleArn": role} | members
        return api("CreatePodIdentityAssociation", **asked)["association"]

    return ask


def test_create_answers_every_field(create: Callable[..., Any], role: str) -> None:
    made = create(tags={"team": "a"})
    assert re.fullmatch(r"a-[a-z0-9]{17}", made["associationId"])
    assert made == {
        "clusterName": "eksdemo1",
        "namespace": "default",
        "serviceAccount": "app",
        "roleArn": role,
        "associationArn": f"arn:aws:eks:us-east-1:{ACCOUNT}:podidentityassociation/eksdemo1/{made['associationId']}",
        "associationId": made["associationId"],
        "ownerArn": None,
        "tags": {"team": "a"},
        "createdAt": datetime(2026, 11, 24, 10, 0, 0, 123000, tzinfo=UTC),
        "modifiedAt": made["createdAt"],
        "disableSessionTags": False,
        "targetRoleArn": None,
        "externalId": None,
        "policy": None,
    }


def test_external_id_comes_with_a_target_role(create: Callable[..., Any]) -> None:
    made = create(targetRoleArn="arn:aws:iam::444455556666:role/far/away")
    assert made["targetRoleArn"] == "arn:aws:iam::444455556666:role/far/away"
    assert made["externalId"] == f"us-east-1/{ACCOUNT}/eksdemo1/default/app"


def test_describe_tells_what_was_created(api: Any, create: Callable[..., Any]) -> None:
    made = create(disableSessionTags=True, policy=POLICY)
    told = api("DescribePodIdentityAssociation", clusterName="eksdemo1", associationId=made["associationId"])
    assert told["association"] == made
    assert made["policy"] == POLICY and made["disableSessionTags"] is True


def test_second_association_of_a_service_account_is_refused(create: Callable[..., Any]) -> None:
    first = create()
    with pytest.raises(ResourceInUse, match=f"^Association already exists: {first['associationId']}$") as refused:
        create()
    assert refused.value.members == {"clusterName": "eksdemo1"}
    create(namespace="other")
    create(serviceAccount="other")


def test_of_fifty_at_once_one_wins(create: Callable[..., Any]) -> None:
    def ask(number: int) -> str:
        try:
            return str(create(clientRequestToken=f"token-{number}")["associationId"])
        except ResourceInUse as refused:
            return refused.public

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    (won,) = [answer for answer in answers if answer.startswith("a-")]
    assert sorted(answers) == sorted([won] + [f"Association already exists: {won}"] * 49)


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"clusterName": "none"}, "ResourceNotFoundException", "No cluster found for name: none."),
        ({"namespace": "Not_a_name"}, "InvalidParameterException", "namespace 'Not_a_name'"),
        ({"serviceAccount": ""}, "InvalidParameterException", "service account"),
        ({"serviceAccount": "a" * 254}, "InvalidParameterException", "service account"),
        ({"roleArn": "reader"}, "InvalidParameterException", "not the ARN of an IAM role"),
        ({"roleArn": f"arn:aws:iam::{ACCOUNT}:user/reader"}, "InvalidParameterException", "not the ARN of an IAM role"),
        (
            {"roleArn": "arn:aws:iam::444455556666:role/x"},
            "InvalidParameterException",
            "Cross-account pass role is not allowed.",
        ),
        (
            {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/none"},
            "InvalidParameterException",
            "^Role provided in the request does not exist.$",
        ),
        ({"targetRoleArn": "x"}, "InvalidParameterException", "targetRoleArn"),
        ({"policy": POLICY}, "InvalidParameterException", "disableSessionTags"),
        ({"policy": POLICY, "disableSessionTags": False}, "InvalidParameterException", "disableSessionTags"),
        ({"policy": "{", "disableSessionTags": True}, "InvalidParameterException", "policy is not valid"),
        ({"policy": POLICY + " " * 2048, "disableSessionTags": True}, "InvalidParameterException", "2048"),
        ({"tags": {"aws:x": "y"}}, "InvalidParameterException", "reserved"),
        ({"tags": {f"k{n}": "v" for n in range(51)}}, "InvalidParameterException", "at most 50"),
        ({"clientRequestToken": "t" * 256}, "InvalidParameterException", "clientRequestToken"),
    ],
)
def test_what_cannot_be_is_refused(
    create: Callable[..., Any], api: Any, members: dict[str, Any], code: str, text: str
) -> None:
    with pytest.raises(AwsError, match=text) as refused:
        create(**members)
    assert refused.value.code == code
    assert api("ListPodIdentityAssociations", clusterName="eksdemo1")["associations"] == []


@pytest.mark.parametrize(
    ("statement", "accepted"),
    [
        ({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, False),
        ({"Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}, False),
        ({"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:TagSession"}, False),
        ({"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole", "Effect": "Deny"}, False),
        ({"Principal": {"Service": ["ec2.amazonaws.com", "pods.eks.amazonaws.com"]}, "Action": "sts:*"}, True),
        (
            {
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole"],
                "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}},
            },
            True,  # conditions are not looked at here
        ),
    ],
)
def test_trust_policy_must_name_the_service(
    create: Callable[..., Any], make_role: Callable[..., str], statement: dict[str, Any], accepted: bool
) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    role = make_role("other", trust=trust)
    if accepted:
        assert create(roleArn=role)["roleArn"] == role
        return
    said = "^Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.$"
    with pytest.raises(InvalidParameter, match=said):
        create(roleArn=role)


def test_role_with_a_path(create: Callable[..., Any], make_role: Callable[..., str]) -> None:
    role = make_role("deep", path="/a/b/")
    assert create(roleArn=role)["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role/a/b/deep"


def test_caller_must_be_allowed_to_pass_the_role(
    create: Callable[..., Any], api: Any, make_user: Callable[..., Any], role: str
) -> None:
    may_create = {"Effect": "Allow", "Action": "eks:*", "Resource": "*"}
    api.caller = make_user("clerk", may_create)
    with pytest.raises(AccessDenied, match=f"not authorized to perform: iam:PassRole on resource: {role}"):
        create()
    elsewhere = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    api.caller = make_user(
        "misled", may_create, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": elsewhere}
    )
    with pytest.raises(AccessDenied):
        create()
    here = {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}
    api.caller = make_user(
        "trusted", may_create, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": here}
    )
    assert create()["roleArn"] == role


def test_client_request_token_replays_the_first_answer(create: Callable[..., Any], api: Any, clock: Any) -> None:
    first = create(clientRequestToken="one", tags={"a": "b"})
    clock.move(minutes=5)
    assert create(clientRequestToken="one", tags={"a": "b"}) == first
    with pytest.raises(InvalidParameter, match="used before with other parameters"):
        create(clientRequestToken="one", tags={"a": "c"})
    with pytest.raises(ResourceInUse):
        create(clientRequestToken="two")
    assert len(api("ListPodIdentityAssociations", clusterName="eksdemo1")["associations"]) == 1


def test_client_request_token_of_a_deleted_association_is_free(create: Callable[..., Any], api: Any) -> None:
    first = create(clientRequestToken="fixed")
    api("DeletePodIdentityAssociation", clusterName="eksdemo1", associationId=first["associationId"])
    second = create(clientRequestToken="fixed")
    assert second["associationId"] != first["associationId"]


def test_client_request_token_is_forgotten_after_a_day(create: Callable[..., Any], clock: Any) -> None:
    create(clientRequestToken="one")
    clock.move(hours=24, seconds=1)
    with pytest.raises(ResourceInUse):
        create(clientRequestToken="one")


def test_limit_of_a_cluster(store: Store, iam: Iam, api: Any, clock: Any, create: Callable[..., Any]) -> None:
    api.eks = Eks(store, iam, Authorizer(iam), api.eks.access, clock=clock, associations_per_cluster=2)
    first = create(serviceAccount="a")
    create(serviceAccount="b")
    with pytest.raises(ResourceLimitExceeded):
        create(serviceAccount="c")
    api("DeletePodIdentityAssociation", clusterName="eksdemo1", associationId=first["associationId"])
    create(serviceAccount="c")


def test_list_pages_filters_and_order(create: Callable[..., Any], api: Any, clock: Any) -> None:
    made = []
    for number in range(5):
        made.append(create(serviceAccount=f"sa-{number}", namespace="ab"[number % 2])["associationId"])
        clock.move(milliseconds=number % 2)
    told, token, pages = [], None, 0
    while pages == 0 or token:
        page = api("ListPodIdentityAssociations", clusterName="eksdemo1", maxResults=2, nextToken=token or "")
        told += [each["associationId"] for each in page["associations"]]
        token, pages = page["nextToken"], pages + 1
    assert sorted(told) == sorted(made) and len(told) == 5 and pages == 3
    of_a = api("ListPodIdentityAssociations", clusterName="eksdemo1", namespace="a")["associations"]
    assert [each["serviceAccount"] for each in of_a] == ["sa-0", "sa-2", "sa-4"]
    one = api("ListPodIdentityAssociations", clusterName="eksdemo1", namespace="b", serviceAccount="sa-1")
    assert [set(each) for each in one["associations"]] == [
        {"clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn"}
    ]
    assert one["nextToken"] is None
    assert api("ListPodIdentityAssociations", clusterName="eksdemo1", serviceAccount="no")["associations"] == []


@pytest.mark.parametrize("token", ["x", "!", "eyJxIjoiIiwiYSI6W119", "e30", "x" * 5000, "bnVsbA"])
def test_foreign_page_tokens_are_refused(api: Any, token: str) -> None:
    with pytest.raises(InvalidParameter, match="nextToken"):
        api("ListPodIdentityAssociations", clusterName="eksdemo1", nextToken=token)


def test_page_token_belongs_to_its_question(create: Callable[..., Any], api: Any) -> None:
    create(serviceAccount="a")
    create(serviceAccount="b")
    token = api("ListPodIdentityAssociations", clusterName="eksdemo1", maxResults=1)["nextToken"]
    assert token
    with pytest.raises(InvalidParameter, match="nextToken"):
        api("ListPodIdentityAssociations", clusterName="eksdemo1", namespace="default", nextToken=token)


@pytest.mark.parametrize("size", [0, 101, -1])
def test_page_sizes_outside_the_range_are_refused(api: Any, size: int) -> None:
    with pytest.raises(InvalidParameter, match="maxResults"):
        api("ListPodIdentityAssociations", clusterName="eksdemo1", maxResults=size)


def test_page_tokens_survive_a_restart(
    store: Store, iam: Iam, create: Callable[..., Any], api: Any, clock: Any
) -> None:
    made = {create(serviceAccount=name)["associationId"] for name in "ab"}
    first = api("ListPodIdentityAssociations", clusterName="eksdemo1", maxResults=1)
    api.eks = Eks(store, iam, Authorizer(iam), api.eks.access, clock=clock)
    rest = api("ListPodIdentityAssociations", clusterName="eksdemo1", maxResults=1, nextToken=first["nextToken"])
    assert {each["associationId"] for page in (first, rest) for each in page["associations"]} == made


class TestUpdate:
    @pytest.fixture
    def made(self, create: Callable[..., Any]) -> Any:
        return create(targetRoleArn="arn:aws:iam::444455556666:role/far")

    @pytest.fixture
    def update(self, api: Any, made: Any) -> Callable[..., Any]:
        def ask(**members: Any) -> Any:
            asked = {"clusterName": "eksdemo1", "associationId": made["associationId"]} | members
            return api("UpdatePodIdentityAssociation", **asked)["association"]

        return ask

    def test_changes_what_is_given_and_the_time(
        self, made: Any, update: Callable[..., Any], make_role: Callable[..., str], clock: Any
    ) -> None:
        other = make_role("writer")
        clock.move(seconds=5)
        changed = update(roleArn=other)
        assert changed == made | {"roleArn": other, "modifiedAt": changed["modifiedAt"]}
        assert changed["modifiedAt"] > made["modifiedAt"]

    def test_empty_text_unsets_the_target_role_and_absence_leaves_it(self, update: Callable[..., Any]) -> None:
        assert update(disableSessionTags=True)["targetRoleArn"] == "arn:aws:iam::444455556666:role/far"
        unset = update(targetRoleArn="")
        assert unset["targetRoleArn"] is None and unset["externalId"] is None

    def test_policy_and_session_tags_must_agree(self, update: Callable[..., Any]) -> None:
        with pytest.raises(InvalidParameter, match="disableSessionTags"):
            update(policy=POLICY)
        assert update(policy=POLICY, disableSessionTags=True)["policy"] == POLICY
        with pytest.raises(InvalidParameter, match="disableSessionTags"):
            update(disableSessionTags=False)
        assert update(policy="", disableSessionTags=False)["policy"] is None

    def test_nothing_to_change_is_refused(self, update: Callable[..., Any]) -> None:
        with pytest.raises(InvalidParameter, match="Nothing to update"):
            update()

    def test_unknown_association(self, update: Callable[..., Any]) -> None:
        with pytest.raises(ResourceNotFound, match="a-none") as refused:
            update(associationId="a-none", disableSessionTags=True)
        assert refused.value.members == {"clusterName": "eksdemo1"}

    def test_the_service_account_cannot_be_changed(self, update: Callable[..., Any]) -> None:
        with pytest.raises(NotImplementedHere):
            update(serviceAccount="other")

    def test_role_is_checked(self, update: Callable[..., Any]) -> None:
        with pytest.raises(InvalidParameter, match="does not exist"):
            update(roleArn=f"arn:aws:iam::{ACCOUNT}:role/none")

    def test_client_request_token(self, update: Callable[..., Any], clock: Any) -> None:
        first = update(disableSessionTags=True, clientRequestToken="one")
        clock.move(seconds=5)
        assert update(disableSessionTags=True, clientRequestToken="one") == first
        with pytest.raises(InvalidParameter, match="other parameters"):
            update(disableSessionTags=False, clientRequestToken="one")


def test_delete_answers_what_was_removed(create: Callable[..., Any], api: Any) -> None:
    made = create()
    assert api("DeletePodIdentityAssociation", clusterName="eksdemo1", associationId=made["associationId"]) == {
        "association": made
    }
    for operation in ("DescribePodIdentityAssociation", "DeletePodIdentityAssociation"):
        with pytest.raises(ResourceNotFound):
            api(operation, clusterName="eksdemo1", associationId=made["associationId"])
    create()


def test_find_association_sees_every_change_at_once(eks: Eks, create: Callable[..., Any], api: Any) -> None:
    subject = (ACCOUNT, "us-east-1", "eksdemo1", "default", "app")
    assert eks.find_association(*subject) is None
    made = create()
    found = eks.find_association(*subject)
    assert found is not None and found.id == made["associationId"]
    assert eks.find_association(*subject) is found
    api("UpdatePodIdentityAssociation", clusterName="eksdemo1", associationId=found.id, disableSessionTags=True)
    changed = eks.find_association(*subject)
    assert changed is not None and changed.disable_session_tags
    api("DeletePodIdentityAssociation", clusterName="eksdemo1", associationId=found.id)
    assert eks.find_association(*subject) is None


def test_accounts_and_regions_are_apart(
    eks: Eks, api: Any, create: Callable[..., Any], make_user: Callable[..., Any], cluster: Any
) -> None:
    from podid.eks import ClusterRegistration

    create()
    registration = ClusterRegistration(name="eksdemo1", issuer="https://issuer.test")
    eks.register_cluster("444455556666", "us-east-1", registration)
    eks.register_cluster(ACCOUNT, "eu-west-1", registration)
    other = make_user("admin", {"Effect": "Allow", "Action": "*", "Resource": "*"}, account="444455556666")
    assert api("ListPodIdentityAssociations", caller=other, clusterName="eksdemo1")["associations"] == []
    assert api("ListPodIdentityAssociations", region="eu-west-1", clusterName="eksdemo1")["associations"] == []
    assert eks.find_association("444455556666", "us-east-1", "eksdemo1", "default", "app") is None


@pytest.mark.parametrize("strange", ["\0", "a\nb", "\u2028", "x" * 10_000, "'; DROP TABLE eks_associations; --"])
def test_strange_names_find_nothing(api: Any, cluster: Any, strange: str) -> None:
    for members in ({"clusterName": strange}, {"clusterName": "eksdemo1", "associationId": strange}):
        with pytest.raises(ResourceNotFound):
            operation = "DescribePodIdentityAssociation" if len(members) == 2 else "ListPodIdentityAssociations"
            api(operation, **members)
    for name in ("namespace", "serviceAccount"):
        assert api("ListPodIdentityAssociations", clusterName="eksdemo1", **{name: strange})["associations"] == []
    with pytest.raises(ResourceNotFound):
        api("DescribeAddon", clusterName="eksdemo1", addonName=strange)
    with pytest.raises(ResourceNotFound):
        api("DescribeUpdate", name="eksdemo1", updateId=strange)
    assert api("ListUpdates", name="eksdemo1", addonName=strange)["updateIds"] == []
