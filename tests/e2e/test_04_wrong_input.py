"""Wrong input at every door: each is refused in the service's own words, and nothing half-made is left."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.e2e.installed import (
    CLUSTER,
    Installed,
    allow,
    document,
    pod,
    service_account,
    trust,
)

pytestmark = [pytest.mark.tools, pytest.mark.namespaces]

ROLE = "arn:aws:iam::111122223333:role/doors"
SERVICES = {"eks": ("eks", "list_clusters"), "sts": ("sts", "get_caller_identity"), "s3": ("s3", "list_buckets")}


def refused(call: Any, code: str, status: int, text: str, **arguments: Any) -> None:
    """The call is refused with exactly this code and status, and a message that holds the text."""
    with pytest.raises(ClientError) as problem:
        call(**arguments)
    answer = problem.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert text in answer["Error"]["Message"]


@pytest.fixture(scope="module")
def doors(with_agent: Installed) -> Iterator[Installed]:
    """The shared installation with one pod that has a role, `doors`."""
    with_agent.associate("doors", with_agent.make_role("doors", trust(), allow("s3:ListAllMyBuckets")))
    with_agent.apply(service_account("doors"), pod("doors"))
    with_agent.wait_ready("doors")
    yield with_agent
    with_agent.kubectl("delete", "pod", "doors", "--wait=false")


# --- the AWS endpoint


@pytest.mark.parametrize(
    ("service", "code"),
    [("eks", "InvalidSignatureException"), ("sts", "SignatureDoesNotMatch"), ("s3", "SignatureDoesNotMatch")],
)
def test_a_wrong_secret(shared: Installed, service: str, code: str) -> None:
    wrong = {**shared.environment, "AWS_SECRET_ACCESS_KEY": "not the secret"}
    call = getattr(shared.client(service, wrong), SERVICES[service][1])
    refused(call, code, 403, "The request signature we calculated does not match the signature you provided.")


@pytest.mark.parametrize(
    ("service", "code", "text"),
    [
        ("eks", "UnrecognizedClientException", "The security token included in the request is invalid"),
        ("sts", "InvalidClientTokenId", "The security token included in the request is invalid"),
        ("s3", "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    ],
)
def test_an_unknown_access_key(shared: Installed, service: str, code: str, text: str) -> None:
    unknown = {**shared.environment, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}
    refused(getattr(shared.client(service, unknown), SERVICES[service][1]), code, 403, text)


def ask(url: str, headers: dict[str, str]) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, json.loads(problem.read()) | {"type": problem.headers.get("x-amzn-ErrorType")}


def test_a_signature_of_an_hour_ago(shared: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    then = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then.replace(tzinfo=None))
    url = shared.environment["AWS_ENDPOINT_URL"] + "/clusters"
    request = AWSRequest("GET", url)
    credentials = Credentials(shared.environment["AWS_ACCESS_KEY_ID"], shared.environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, "eks", "us-east-1").add_auth(request)
    status, answer = ask(url, dict(request.headers.items()))
    assert (status, answer["type"]) == (403, "InvalidSignatureException")
    assert answer["message"].startswith(f"Signature expired: {then:%Y%m%dT%H%M%SZ} is now earlier than ")


def test_no_signature_at_all(shared: Installed) -> None:
    host = {"Host": "eks.us-east-1.amazonaws.com"}
    status, answer = ask(shared.environment["AWS_ENDPOINT_URL"] + "/clusters", host)
    assert (status, answer["type"]) == (403, "MissingAuthenticationTokenException")


# --- associations


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("arn:aws:iam::111122223333:role/nobody", "Role provided in the request does not exist."),
        (
            "arn:aws:iam::111122223333:role/eksdemo1-node-role",  # trusts EC2 only
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
        ),
        ("arn:aws:iam::444455556666:role/nobody", "Cross-account pass role is not allowed."),
        ("nonsense", "nonsense"),
    ],
)
def test_an_association_with_a_role_that_cannot_be(shared: Installed, role: str, text: str) -> None:
    eks = shared.client("eks")
    wanted = {"clusterName": CLUSTER, "namespace": "default", "serviceAccount": "no-such-role"}
    refused(eks.create_pod_identity_association, "InvalidParameterException", 400, text, **wanted, roleArn=role)
    assert eks.list_pod_identity_associations(**wanted)["associations"] == []


def test_an_association_in_an_unknown_cluster(doors: Installed) -> None:
    call = doors.client("eks").create_pod_identity_association
    wanted = {"clusterName": "nowhere", "namespace": "default", "serviceAccount": "doors", "roleArn": ROLE}
    refused(call, "ResourceNotFoundException", 404, "No cluster found for name: nowhere.", **wanted)


def test_an_association_twice(doors: Installed) -> None:
    eks = doors.client("eks")
    same = {"clusterName": CLUSTER, "namespace": "default", "serviceAccount": "doors"}
    (before,) = eks.list_pod_identity_associations(**same)["associations"]
    text = f"Association already exists: {before['associationId']}"
    refused(eks.create_pod_identity_association, "ResourceInUseException", 409, text, **same, roleArn=ROLE)
    assert eks.list_pod_identity_associations(**same)["associations"] == [before]


def test_an_association_without_the_right_to_pass_the_role(doors: Installed) -> None:
    iam = doors.client("iam")
    iam.create_user(UserName="no-pass")
    policy = json.dumps(document(allow("eks:*")))
    iam.put_user_policy(UserName="no-pass", PolicyName="eks", PolicyDocument=policy)
    key = iam.create_access_key(UserName="no-pass")["AccessKey"]
    eks = doors.client("eks", key)
    wanted = {"clusterName": CLUSTER, "namespace": "default", "serviceAccount": "no-pass"}
    text = (
        f"User: arn:aws:iam::111122223333:user/no-pass is not authorized to perform: iam:PassRole on resource: {ROLE}"
    )
    refused(eks.create_pod_identity_association, "AccessDeniedException", 403, text, **wanted, roleArn=ROLE)
    assert eks.list_pod_identity_associations(**wanted)["associations"] == []


def test_an_association_that_is_not_there(shared: Installed) -> None:
    call = shared.client("eks").delete_pod_identity_association
    unknown = {"clusterName": CLUSTER, "associationId": "a-00000000000000000"}
    refused(call, "ResourceNotFoundException", 404, "a-00000000000000000", **unknown)


def test_a_role_twice_and_one_whose_trust_policy_cannot_be_read(doors: Installed) -> None:
    iam = doors.client("iam")
    again = {"RoleName": "doors", "AssumeRolePolicyDocument": json.dumps(trust())}
    refused(iam.create_role, "EntityAlreadyExists", 409, "Role with name doors already exists.", **again)
    broken = {"RoleName": "broken", "AssumeRolePolicyDocument": "{"}
    refused(iam.create_role, "MalformedPolicyDocument", 400, "", **broken)
    refused(iam.get_role, "NoSuchEntity", 404, "The role with name broken cannot be found.", RoleName="broken")


def test_an_addon_twice_and_one_that_nobody_knows(doors: Installed) -> None:
    create = doors.client("eks").create_addon
    known = {"clusterName": CLUSTER, "addonName": "eks-pod-identity-agent"}
    refused(create, "ResourceInUseException", 409, "already exists", **known)
    unknown = {"clusterName": CLUSTER, "addonName": "no-such-addon"}
    refused(create, "InvalidParameterException", 400, "Addon no-such-addon specified is not supported", **unknown)


# --- tokens


def exchange(installed: Installed, token: str) -> Any:
    """AssumeRoleForPodIdentity as the administrator, who may."""
    return installed.client("eks-auth").assume_role_for_pod_identity(clusterName=CLUSTER, token=token)


def bound_token(installed: Installed, *, audience: str = "pods.eks.amazonaws.com") -> str:
    """A token as the kubelet asks for it, for the pod `doors`."""
    made = installed.kubectl(
        "create", "token", "doors", f"--audience={audience}", "--bound-object-kind=Pod", "--bound-object-name=doors"
    )
    assert made.code == 0, made.output
    return made.output.strip()


def changed(token: str, part: int, **claims: Any) -> str:
    """The token with other claims (1) or another header (0), its signature as it was."""
    parts = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(parts[part] + "==")) | claims
    parts[part] = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    return ".".join(parts)


def test_a_token_as_the_kubelet_asks_for_it_is_good(doors: Installed) -> None:
    assert exchange(doors, bound_token(doors))["subject"] == {"namespace": "default", "serviceAccount": "doors"}


def test_a_token_for_another_audience(doors: Installed) -> None:
    token = bound_token(doors, audience="sts.amazonaws.com")
    refused(lambda: exchange(doors, token), "InvalidTokenException", 400, "audience")


@pytest.mark.parametrize(
    ("part", "claims"),
    [
        (1, {"sub": "system:serviceaccount:kube-system:default"}),
        (1, {"exp": int(time.time()) + 10**8}),
        (0, {"alg": "none"}),
        (0, {"alg": "HS256"}),
        (0, {"kid": "another"}),
    ],
)
def test_a_forged_token(doors: Installed, part: int, claims: dict[str, Any]) -> None:
    token = changed(bound_token(doors), part, **claims)
    refused(
        lambda: exchange(doors, token), "InvalidTokenException", 400, "The token included in the request is not valid"
    )


def test_a_token_without_its_signature_or_of_another_form(doors: Installed) -> None:
    header, claims, _ = bound_token(doors).split(".")
    refused(lambda: exchange(doors, f"{header}.{claims}.AAAA"), "InvalidTokenException", 400, "")
    with pytest.raises(ClientError) as problem:
        exchange(doors, "nonsense")
    assert problem.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_token_of_a_pod_that_is_gone(doors: Installed) -> None:
    doors.apply(pod("short", "doors"))
    doors.wait_ready("short")
    made = doors.kubectl(
        "create",
        "token",
        "doors",
        "--audience=pods.eks.amazonaws.com",
        "--bound-object-kind=Pod",
        "--bound-object-name=short",
    )
    doors.kubectl("delete", "pod", "short", "--force", "--grace-period=0")
    refused(lambda: exchange(doors, made.output.strip()), "InvalidTokenException", 400, "")


@pytest.mark.usefixtures("curl")
@pytest.mark.parametrize(
    ("header", "status", "body"),
    [
        ("X-Nothing: here", 400, "Service account token cannot be empty"),
        ("Authorization: nonsense", 400, "Service account token cannot be parsed"),
        ("Host: credentials.example", 403, "Access Denied. Called agent through invalid address"),
    ],
)
def test_what_the_agent_refuses(doors: Installed, header: str, status: int, body: str) -> None:
    asked = doors.exec("doors", f"curl -s -w '\\n%{{http_code}}' -H '{header}' $AWS_CONTAINER_CREDENTIALS_FULL_URI")
    said, _, code = asked.output.rpartition("\n")
    assert int(code) == status
    assert said.startswith(body), said


@pytest.mark.usefixtures("curl")
def test_a_forged_token_at_the_agent(doors: Installed) -> None:
    token = changed(bound_token(doors), 1, sub="system:serviceaccount:kube-system:default")
    script = f"curl -s -w '\\n%{{http_code}}' -H 'Authorization: {token}' $AWS_CONTAINER_CREDENTIALS_FULL_URI"
    said, _, code = doors.exec("doors", script).output.rpartition("\n")
    assert code == "400"
    assert "(InvalidTokenException)" in said
    assert "AccessKeyId" not in said


# --- Kubernetes


def test_a_manifest_with_a_service_account_that_is_not_there(shared: Installed) -> None:
    applied = shared.apply(pod("lost", "nobody-made-it"))
    assert applied.code == 1
    assert (
        'pods "lost" is forbidden: error looking up service account default/nobody-made-it: serviceaccount "nobody-made-it"'
        " not found" in applied.output
    )
    left = shared.kubectl("get", "pod", "lost")
    assert left.output.strip() == 'Error from server (NotFound): pods "lost" not found'


def test_a_manifest_that_is_none(shared: Installed) -> None:
    wrong = pod("wrong", "default")
    wrong["spec"]["containers"][0]["name"] = "Not A Name"
    applied = shared.apply(wrong)
    assert applied.code == 1
    assert 'The Pod "wrong" is invalid: spec.containers[0].name: Invalid value: "Not A Name"' in applied.output
    assert "NotFound" in shared.kubectl("get", "pod", "wrong").output


def test_a_kubernetes_token_that_is_none_and_one_that_may_nothing(doors: Installed) -> None:
    assert "Unauthorized" in doors.kubectl("--token=nonsense", "get", "pods").output
    token = doors.kubectl("create", "token", "doors").output.strip()
    denied = doors.kubectl(f"--token={token}", "get", "pods")
    assert denied.code == 1
    assert 'User "system:serviceaccount:default:doors" cannot list resource "pods"' in denied.output
    created = doors.kubectl(f"--token={token}", "create", "token", "default")
    assert created.code == 1
    assert "forbidden" in created.output.lower()
