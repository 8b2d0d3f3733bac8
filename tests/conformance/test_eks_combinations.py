"""Facts of the EKS API that show only where two things meet: tokens and changes, pages and deletions, ARNs and denials, owners and theirs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from tests.conformance.endpoint import ACCOUNT, CLUSTER, CLUSTER_ARN, OTHER_CLUSTER, REGION, Endpoint

PATH = f"/clusters/{CLUSTER}/pod-identity-associations"
TARGET = "arn:aws:iam::444455556666:role/target"
AGENT = "eks-pod-identity-agent"


def wish(role: str, name: str, **more: Any) -> dict[str, Any]:
    """What is asked for a new association in a namespace of these tests."""
    return {"namespace": "combined", "serviceAccount": name, "roleArn": role, **more}


def tags_of(arn: str) -> str:
    """The path of a resource's tags."""
    return f"/tags/{quote(arn, safe='')}"


# -- client request tokens ---------------------------------------------------------------------------------------------
def test_twenty_at_once_with_one_token_make_one_association(endpoint: Endpoint, role: str) -> None:
    asked = wish(role, "twenty", clientRequestToken="twenty")
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: endpoint.eks("POST", PATH, asked), range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["association"]["associationId"] for answer in answers}) == 1


def test_the_first_answer_comes_again_after_changes(endpoint: Endpoint, role: str) -> None:
    asked = wish(role, "replayed-later", clientRequestToken="replayed-later")
    first = endpoint.eks("POST", PATH, asked).json
    endpoint.eks("POST", f"{PATH}/{first['association']['associationId']}", {"disableSessionTags": True})
    endpoint.eks("POST", tags_of(first["association"]["associationArn"]), {"tags": {"a": "b"}})
    assert endpoint.eks("POST", PATH, asked).json == first


@pytest.mark.parametrize(
    "more", [{"disableSessionTags": False}, {"tags": {}}, {"targetRoleArn": ""}, {"policy": ""}, {"tags": None}]
)
def test_a_default_that_is_written_out_is_no_other_parameter(
    endpoint: Endpoint, role: str, more: dict[str, Any]
) -> None:
    asked = wish(role, "defaults", clientRequestToken="defaults")
    assert endpoint.eks("POST", PATH, asked).json == endpoint.eks("POST", PATH, asked | more).json


def test_a_token_may_be_used_by_both_create_and_update(endpoint: Endpoint, role: str) -> None:
    made = endpoint.eks("POST", PATH, wish(role, "both", clientRequestToken="both")).json["association"]
    path = f"{PATH}/{made['associationId']}"
    change = {"disableSessionTags": True, "clientRequestToken": "both"}
    first = endpoint.eks("POST", path, change)
    assert first.json["association"]["disableSessionTags"] is True
    assert endpoint.eks("POST", path, change).json == first.json


def test_an_update_with_a_used_token_and_other_parameters_is_refused(endpoint: Endpoint, role: str) -> None:
    one, two = (endpoint.associate(role, name, "combined")["associationId"] for name in ("used-1", "used-2"))
    change = {"disableSessionTags": True, "clientRequestToken": "used"}
    assert endpoint.eks("POST", f"{PATH}/{one}", change).status == 200
    for path, asked in ((one, change | {"disableSessionTags": False}), (two, change)):
        answer = endpoint.eks("POST", f"{PATH}/{path}", asked)
        assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert endpoint.eks("GET", f"{PATH}/{two}").json["association"]["disableSessionTags"] is False
    endpoint.eks("DELETE", f"{PATH}/{one}")
    assert endpoint.eks("POST", f"{PATH}/{two}", change).status == 200, "the token of what is gone is forgotten"


def test_a_refused_request_does_not_use_its_token_up(endpoint: Endpoint, role: str) -> None:
    asked = wish(f"arn:aws:iam::{ACCOUNT}:role/nobody", "mended", clientRequestToken="mended")
    assert endpoint.eks("POST", PATH, asked).status == 400
    assert endpoint.eks("POST", PATH, asked | {"roleArn": role}).status == 200


# -- members -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("member", ["targetRoleArn", "disableSessionTags", "policy", "tags", "clientRequestToken"])
def test_null_is_as_if_left_out(endpoint: Endpoint, role: str, member: str) -> None:
    answer = endpoint.eks("POST", PATH, wish(role, f"null-{member.lower()}", **{member: None}))
    told = answer.json["association"]
    assert (answer.status, told["disableSessionTags"], told["tags"]) == (200, False, {})
    assert {"targetRoleArn", "policy", "externalId", "ownerArn"}.isdisjoint(told)


@pytest.mark.parametrize("member", ["namespace", "serviceAccount", "roleArn"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_required_is_neither_null_nor_empty(
    endpoint: Endpoint, role: str, member: str, value: str | None
) -> None:
    answer = endpoint.eks("POST", PATH, wish(role, "required") | {member: value})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


@pytest.mark.parametrize("member", ["roleArn", "targetRoleArn"])
@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::\uff11\uff1111122223333:role/conformance",
        f"arn:aws:iam::{ACCOUNT}:role/conform\u00e4nce",
        f"arn:aws:iam:{REGION}:{ACCOUNT}:role/conformance",
        f"arn:aws:iam::{ACCOUNT}:role/conformance/",
        f"arn:aws:iam::{ACCOUNT}:role/*",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/conformance/session",
        f" arn:aws:iam::{ACCOUNT}:role/conformance",
        f"ARN:aws:iam::{ACCOUNT}:role/conformance",
    ],
)
def test_what_only_looks_like_the_arn_of_a_role(endpoint: Endpoint, role: str, member: str, arn: str) -> None:
    answer = endpoint.eks("POST", PATH, wish(role, "looks") | {member: arn})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "is not the ARN of an IAM role" in answer.text


@pytest.mark.parametrize("asked", [{"namespace": "other"}, {"serviceAccount": "other"}, {"tags": {"a": "b"}}])
def test_an_update_of_what_cannot_be_updated_is_none(endpoint: Endpoint, role: str, asked: dict[str, Any]) -> None:
    id_ = endpoint.associate(role, f"fixed-{min(asked).lower()}", "combined")["associationId"]
    answer = endpoint.eks("POST", f"{PATH}/{id_}", asked)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


def test_session_tags_come_back_only_without_the_policy(endpoint: Endpoint, role: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    path = f"{PATH}/{endpoint.associate(role, 'tags-back', disableSessionTags=True, policy=policy)['associationId']}"
    answer = endpoint.eks("POST", path, {"disableSessionTags": False})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    told = endpoint.eks("POST", path, {"disableSessionTags": False, "policy": ""}).json["association"]
    assert (told["disableSessionTags"], "policy" in told) == (False, False)


# -- paths -------------------------------------------------------------------------------------------------------------
def test_paths_are_read_escaped_and_with_a_last_slash(endpoint: Endpoint, role: str) -> None:
    made = endpoint.associate(role, "paths")["associationId"]
    told = endpoint.eks("GET", f"{PATH}/{made}").json
    for path in (f"{PATH}/%61{made[1:]}", f"{PATH}/{made}/", f"{PATH.replace('/c', '/%63')}/{made}"):
        assert endpoint.eks("GET", path).json == told, path
    assert endpoint.eks("GET", f"{PATH}/{made.upper()}").code == "ResourceNotFoundException"
    assert endpoint.eks("GET", f"/clusters/{CLUSTER.upper()}").code == "ResourceNotFoundException"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "DELETE"])
def test_a_method_that_no_operation_has(endpoint: Endpoint, method: str) -> None:
    answer = endpoint.eks(method, PATH)
    assert (answer.status, answer.code) == (404, "UnknownOperationException")


# -- lists -------------------------------------------------------------------------------------------------------------
def test_pages_while_the_list_changes(endpoint: Endpoint, role: str) -> None:
    """What was told is not told again, what is new comes at the end."""
    for n in range(4):
        endpoint.associate(role, f"changing-{n}", "changing")
    listed = f"{PATH}?namespace=changing&maxResults=2"
    first = endpoint.eks("GET", listed).json
    told = [each["associationId"] for each in first["associations"]]
    endpoint.eks("POST", f"{PATH}/{told[0]}", {"disableSessionTags": True})
    newest = endpoint.associate(role, "newest", "changing")["associationId"]
    token = quote(first["nextToken"])
    rest = endpoint.eks("GET", f"{listed.replace('=2', '=100')}&nextToken={token}").json["associations"]
    ids = [each["associationId"] for each in rest]
    assert (len(ids), ids[-1]) == (3, newest)
    assert not set(ids) & set(told)
    elsewhere = f"{PATH.replace(CLUSTER, OTHER_CLUSTER)}?namespace=changing&"
    for other in ("/clusters?", f"/clusters/{CLUSTER}/addons?", elsewhere):
        answer = endpoint.eks("GET", f"{other}nextToken={token}")
        assert (answer.status, answer.code) == (400, "InvalidParameterException"), other


# -- ARNs and permissions ----------------------------------------------------------------------------------------------
def test_a_wildcard_for_an_arn_does_not_get_round_a_denial(endpoint: Endpoint) -> None:
    principal = endpoint.role("tagged-entry")
    asked = {"principalArn": principal}
    arn = endpoint.eks("POST", f"/clusters/{CLUSTER}/access-entries", asked).json["accessEntry"]["accessEntryArn"]
    denied = {"Effect": "Deny", "Action": ["eks:TagResource", "eks:UntagResource"], "Resource": arn}
    key = endpoint.user("not-this-entry", {"Effect": "Allow", "Action": "eks:*", "Resource": "*"}, denied)
    assert endpoint.eks("POST", tags_of(arn), {"tags": {"a": "b"}}, key=key).status == 403
    every = tags_of(arn.rpartition("/")[0] + "/*")
    for method, path, body in (
        ("GET", every, None),
        ("POST", every, {"tags": {"a": "b"}}),
        ("DELETE", f"{every}?tagKeys=a", None),
    ):
        answer = endpoint.eks(method, path, body, key=key)
        assert (answer.status, answer.code) == (404, "NotFoundException"), method
    assert endpoint.eks("GET", tags_of(arn)).json == {"tags": {}}


def test_a_role_is_passed_for_a_cluster_or_for_an_association(endpoint: Endpoint, role: str) -> None:
    """iam:AssociatedResourceArn is what the operation acts on."""
    ours = f"arn:aws:eks:{REGION}:{ACCOUNT}:podidentityassociation/{CLUSTER}/*"
    made = endpoint.associate(role, "passed-for")["associationId"]
    for name, arn, create, update in (
        ("for-cluster", CLUSTER_ARN, 200, 403),
        ("for-association", ours, 403, 200),
        ("for-another", f"{CLUSTER_ARN}2", 403, 403),
    ):
        key = endpoint.user(
            name,
            {"Effect": "Allow", "Action": "eks:*PodIdentityAssociation", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": role,
                "Condition": {"ArnLike": {"iam:AssociatedResourceArn": arn}},
            },
        )
        assert endpoint.eks("POST", PATH, wish(role, name), key=key).status == create, name
        assert endpoint.eks("POST", f"{PATH}/{made}", {"roleArn": role}, key=key).status == update, name


def test_a_permission_by_what_an_entry_is(endpoint: Endpoint) -> None:
    """The keys that the service authorization reference has for access entries tell of the entry, not of the request."""
    entries = f"/clusters/{CLUSTER}/access-entries"
    person, node = endpoint.role("keyed-person"), endpoint.role("keyed-node")
    endpoint.eks("POST", entries, {"principalArn": person, "username": "jo", "kubernetesGroups": ["g"]})
    endpoint.eks("POST", entries, {"principalArn": node, "type": "EC2_LINUX"})
    statement = {"Effect": "Allow", "Action": "eks:*AccessEntry", "Resource": "*"}
    for number, (key, value, of_person, of_node) in enumerate(
        [
            ("eks:accessEntryType", "EC2_LINUX", 403, 200),
            ("eks:principalArn", person, 200, 403),
            ("eks:username", "jo", 200, 403),
            ("eks:kubernetesGroups", "g", 200, 403),
            ("eks:clusterName", CLUSTER, 200, 200),
            ("eks:clusterName", OTHER_CLUSTER, 403, 403),
        ]
    ):
        condition = {"ForAnyValue:StringEquals": {key: value}}
        user = endpoint.user(f"keyed-{number}", statement | {"Condition": condition})
        for arn, status in ((person, of_person), (node, of_node)):
            answer = endpoint.eks("GET", f"{entries}/{quote(arn, safe='')}", key=user)
            assert answer.status == status, (key, value, arn)
    denied = statement | {"Effect": "Deny", "Condition": {"ArnEquals": {"eks:principalArn": person}}}
    user = endpoint.user("keyed-deny", statement, denied)
    assert endpoint.eks("DELETE", f"{entries}/{quote(person, safe='')}", key=user).status == 403
    assert endpoint.eks("DELETE", f"{entries}/{quote(node, safe='')}", key=user).status == 200


def test_what_passes_no_role_needs_no_pass_role(endpoint: Endpoint, role: str) -> None:
    path = f"{PATH}/{endpoint.associate(role, 'passes-none')['associationId']}"
    statement = {"Effect": "Allow", "Action": "eks:UpdatePodIdentityAssociation", "Resource": "*"}
    key = endpoint.user("passes-none", statement)
    assert endpoint.eks("POST", path, {"targetRoleArn": TARGET}, key=key).status == 200
    answer = endpoint.eks("POST", path, {"roleArn": role}, key=key)
    assert answer.status == 403
    assert "is not authorized to perform: iam:PassRole on resource: " in answer.text


# -- clusters and add-ons ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def cluster(endpoint: Endpoint) -> str:
    """The path of a cluster that the API made."""
    trusted = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = endpoint.role("combined-cluster", {"Version": "2012-10-17", "Statement": [trusted]})
    asked = {"name": "combined", "roleArn": role, "resourcesVpcConfig": {}, "tags": {"a": "b"}}
    assert endpoint.eks("POST", "/clusters", asked).status == 200
    return "/clusters/combined"


def test_a_cluster_takes_everything_with_it(endpoint: Endpoint, role: str, cluster: str) -> None:
    asked = endpoint.eks("GET", cluster).json["cluster"]
    made = endpoint.eks("POST", f"{cluster}/pod-identity-associations", wish(role, "taken")).json["association"]
    endpoint.eks("POST", f"{cluster}/addons", {"addonName": AGENT})
    endpoint.eks("POST", f"{cluster}/update-config", {"resourcesVpcConfig": {"endpointPrivateAccess": True}})
    assert len(endpoint.eks("GET", f"{cluster}/updates").json["updateIds"]) == 1
    assert endpoint.eks("DELETE", cluster).json["cluster"]["status"] == "DELETING"
    for path in (cluster, f"{cluster}/pod-identity-associations/{made['associationId']}", f"{cluster}/addons/{AGENT}"):
        assert endpoint.eks("GET", path).text == "No cluster found for name: combined."
    assert endpoint.eks("GET", tags_of(made["associationArn"])).code == "NotFoundException"
    again = {"name": "combined", "roleArn": asked["roleArn"], "resourcesVpcConfig": {}}
    told = endpoint.eks("POST", "/clusters", again).json["cluster"]
    assert told["tags"] == {}
    assert told["identity"]["oidc"]["issuer"] != asked["identity"]["oidc"]["issuer"]
    for path, member in (("pod-identity-associations", "associations"), ("addons", "addons"), ("updates", "updateIds")):
        assert endpoint.eks("GET", f"{cluster}/{path}").json == {member: []}


def test_auto_mode_may_be_off(endpoint: Endpoint, cluster: str) -> None:
    """Tools say so of every cluster that has none of it."""
    role = endpoint.eks("GET", cluster).json["cluster"]["roleArn"]
    off = {"computeConfig": {"enabled": False}, "storageConfig": {"blockStorage": {"enabled": False}}}
    asked = {"name": "combined-off", "roleArn": role, "resourcesVpcConfig": {}, **off}
    assert endpoint.eks("POST", "/clusters", asked | {"computeConfig": {"enabled": True}}).status == 501
    told = endpoint.eks("POST", "/clusters", asked).json["cluster"]
    assert {name: told[name] for name in off} == off
    assert endpoint.eks("DELETE", "/clusters/combined-off").status == 200


def test_the_seen_texts_of_a_config_update_that_changes_nothing(endpoint: Endpoint, cluster: str) -> None:
    logging = {"clusterLogging": [{"types": ["api"], "enabled": False}]}
    vpc = {"endpointPublicAccess": True}
    for asked, text in (
        ({"logging": logging}, "No changes needed for the logging config provided"),
        (
            {"resourcesVpcConfig": vpc},
            "Cluster is already at the desired configuration with endpointPrivateAccess: false , "
            "endpointPublicAccess: true, and Public Endpoint Restrictions: [0.0.0.0/0]",
        ),
        ({"logging": logging, "resourcesVpcConfig": vpc}, "Only one type of update can be allowed."),
    ):
        answer = endpoint.eks("POST", f"{cluster}/update-config", asked)
        assert (answer.status, answer.code, answer.text) == (400, "InvalidParameterException", text)


def test_an_owned_association_may_be_changed_and_deleted_by_itself(endpoint: Endpoint, role: str, cluster: str) -> None:
    """EKS user guide, "IAM roles for Amazon EKS add-ons": ownership binds the add-on, not the caller."""
    addon, listed = f"{cluster}/addons/{AGENT}", f"{cluster}/pod-identity-associations"
    wishes = [{"serviceAccount": AGENT, "roleArn": role}]
    made = endpoint.eks("POST", f"{cluster}/addons", {"addonName": AGENT, "podIdentityAssociations": wishes})
    (arn,) = made.json["addon"]["podIdentityAssociations"]
    path = f"{listed}/{arn.rpartition('/')[2]}"
    told = endpoint.eks("POST", path, {"targetRoleArn": TARGET}).json["association"]
    assert (told["ownerArn"], told["targetRoleArn"]) == (made.json["addon"]["addonArn"], TARGET)
    assert endpoint.eks("DELETE", path).json["association"]["ownerArn"] == made.json["addon"]["addonArn"]
    assert "podIdentityAssociations" not in endpoint.eks("GET", addon).json["addon"]
