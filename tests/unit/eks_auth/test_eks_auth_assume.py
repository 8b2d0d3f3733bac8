"""AssumeRoleForPodIdentity, from a token to credentials."""

from __future__ import annotations

import gzip
import inspect
import json
import re
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest

from podid.core.errors import AwsError
from podid.core.operations import snake_case

ACCOUNT = "111122223333"
CLUSTER_ARN = f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/eksdemo1"
POD_UID = "5e1f1f5e-0000-4000-8000-000000000001"
SERVICE = {"Service": "pods.eks.amazonaws.com"}
BOTH = ["sts:AssumeRole", "sts:TagSession"]
DENIED = "Unauthorized Exception! EKS does not have permissions to assume the associated role."
TAGS = {
    "eks-cluster-arn": CLUSTER_ARN,
    "eks-cluster-name": "eksdemo1",
    "kubernetes-namespace": "default",
    "kubernetes-service-account": "app",
    "kubernetes-pod-name": "aws-cli",
    "kubernetes-pod-uid": POD_UID,
}


def refused(world: Any, token: str, **members: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        world.assume(token, **members)
    return caught.value


def test_every_member_of_the_answer_is_filled(world: Any) -> None:
    association = world.associate(world.role("reader"))
    answer = world.assume(world.token())
    assert answer["subject"] == {"namespace": "default", "serviceAccount": "app"}
    assert answer["audience"] == "pods.eks.amazonaws.com"
    assert answer["podIdentityAssociation"] == {
        "associationArn": association["associationArn"],
        "associationId": association["associationId"],
    }
    arn = answer["assumedRoleUser"]["arn"]
    assert re.fullmatch(
        rf"arn:aws:sts::{ACCOUNT}:assumed-role/reader/eks-eksdemo1-aws-cli-[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}",
        arn,
    )
    assert re.fullmatch(
        r"AROA[A-Z2-7]{17}:" + re.escape(arn.rpartition("/")[2]), answer["assumedRoleUser"]["assumeRoleId"]
    )
    given = answer["credentials"]
    assert given["accessKeyId"].startswith("ASIA") and given["secretAccessKey"] and given["sessionToken"]
    assert given["expiration"] == world.now + timedelta(hours=6)


def test_session_carries_six_transitive_tags_in_order(world: Any) -> None:
    world.associate(world.role("reader"))
    caller = world.caller_of(world.assume(world.token()))
    assert list(caller.session.tags.items()) == list(TAGS.items())
    assert caller.session.transitive == frozenset(TAGS)


def test_session_names_are_cut_and_new_each_time(world: Any) -> None:
    world.associate(world.role("reader"))
    kubernetes = {
        "namespace": "default",
        "pod": {"name": "web.frontend-7d9c", "uid": POD_UID},
        "serviceaccount": {"name": "app", "uid": "u"},
    }
    names = [
        world.assume(world.token(**{"kubernetes.io": kubernetes}))["assumedRoleUser"]["arn"].rpartition("/")[2]
        for _ in range(2)
    ]
    assert all(name.startswith("eks-eksdemo1-web.fronte-") and len(name) <= 64 for name in names)
    assert names[0] != names[1]


@pytest.mark.parametrize("algorithm", ["rsa", "ec"])
def test_algorithms(world: Any, algorithm: str) -> None:
    world.publish("rsa", "ec")
    world.associate(world.role("reader"))
    assert world.assume(world.token(key=algorithm))["audience"]


def test_hints_of_the_node_are_taken(world: Any) -> None:
    world.associate(world.role("reader"))
    assert world.assume(world.token(), eksNodeName="node-1", instanceId="i-0123456789abcdef0", zone="use1-az1")
    assert refused(world, world.token(), zone="z" * 257).code == "InvalidParameterException"


class TestCluster:
    def test_unknown(self, world: Any) -> None:
        error = refused(world, world.token(), clusterName="none")
        assert (error.code, error.status) == ("ResourceNotFoundException", 404)

    @pytest.mark.parametrize("name", ["_x", "a/b", "a" * 101])
    def test_no_name(self, world: Any, name: str) -> None:
        assert refused(world, world.token(), clusterName=name).code == "InvalidParameterException"

    def test_token_of_another_cluster(self, world: Any) -> None:
        """Its issuer is another one, even where both publish the same key."""
        from podid.eks import ClusterRegistration

        world.associate(world.role("reader"))
        other = ClusterRegistration(name="other", issuer="https://other.test", jwks_file=world.jwks)
        world.eks.register_cluster(ACCOUNT, "us-east-1", other)
        error = refused(world, world.token(), clusterName="other")
        assert error.code == "InvalidTokenException" and "issuer" in error.private

    def test_without_keys_the_service_is_unavailable(self, world: Any) -> None:
        world.jwks.unlink()
        error = refused(world, world.token())
        assert (error.code, error.status) == ("ServiceUnavailableException", 503)
        assert refused(world, "no.token.x").code == "InvalidTokenException"


class TestToken:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"iss": "https://evil.test"}, "WrongIssuer"),
            ({"iss": None}, "WrongIssuer"),
            ({"aud": ["sts.amazonaws.com"]}, "WrongAudience"),
            ({"aud": None}, ""),
            ({"exp": None}, "Malformed"),
            ({"exp": "soon"}, "Malformed"),
            ({"sub": "system:serviceaccount:kube-system:admin"}, "NotBound"),
            ({"kubernetes.io": None}, "NotBound"),
            ({"kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "app", "uid": "u"}}}, "NotBound"),
            ({"kubernetes.io": [1]}, "Malformed"),
        ],
    )
    def test_claims_that_do_not_hold(self, world: Any, changes: dict[str, Any], reason: str) -> None:
        world.associate(world.role("reader"))
        error = refused(world, world.token(**changes))
        assert (error.code, error.status) == ("InvalidTokenException", 400)
        assert error.private.startswith(reason)

    def test_token_begins_at_nbf(self, world: Any) -> None:
        world.associate(world.role("reader"))
        early = world.token(nbf=int(world.now.timestamp()) + 1)
        error = refused(world, early)
        assert (error.code, error.private) == ("InvalidTokenException", "NotYetValid")
        assert error.public == (
            "The token included in the request is not yet valid: current date/time 2026-11-24T10:00:00Z must not be "
            "before the date/time 2026-11-24T10:00:01Z."
        )
        world.move(seconds=1)
        assert world.assume(early)

    def test_the_instant_of_exp_is_too_late(self, world: Any) -> None:
        world.associate(world.role("reader"))
        token = world.token(exp=int(world.now.timestamp()) + 60)
        world.move(seconds=60, microseconds=-1)
        assert world.assume(token)
        world.move(microseconds=1)
        error = refused(world, token)
        assert (error.code, error.status) == ("ExpiredTokenException", 400)
        assert error.public == (
            "The token included in the request is expired: current date/time 2026-11-24T10:01:00Z must be before the "
            "expiration date/time 2026-11-24T10:01:00Z."
        )

    def test_signature_of_a_stranger_under_a_known_kid(self, world: Any) -> None:
        world.associate(world.role("reader"))
        good, strange = world.token().split("."), world.token(key="stranger").split(".")
        assert refused(world, ".".join([good[0], good[1], strange[2]])).code == "InvalidTokenException"
        assert refused(world, ".".join([good[0], strange[1], good[2]]) + "x").code == "InvalidTokenException"

    @pytest.mark.parametrize("token", ["a", "a.b", "..", "a.b.c", "é.b.c", "x" * 20_000])
    def test_no_token_at_all(self, world: Any, token: str) -> None:
        assert refused(world, token).code == "InvalidTokenException"

    def test_errors_never_repeat_the_token(self, world: Any) -> None:
        token = world.token(key="stranger")
        error = refused(world, token)
        assert token not in error.public + error.private and token.split(".")[2] not in error.public + error.private


class TestAssociation:
    def test_none(self, world: Any) -> None:
        error = refused(world, world.token())
        assert (error.code, error.status) == ("ResourceNotFoundException", 404)

    def test_of_another_service_account(self, world: Any) -> None:
        world.associate(world.role("reader"), serviceAccount="other")
        world.associate(world.role("reader"), namespace="other")
        assert refused(world, world.token()).code == "ResourceNotFoundException"

    def test_change_is_seen_by_the_next_call(self, world: Any) -> None:
        made = world.associate(world.role("reader"))
        assert "/reader/" in world.assume(world.token())["assumedRoleUser"]["arn"]
        members = {"clusterName": "eksdemo1", "associationId": made["associationId"]}
        world.call(world.eks, "UpdatePodIdentityAssociation", roleArn=world.role("writer"), **members)
        assert "/writer/" in world.assume(world.token())["assumedRoleUser"]["arn"]
        world.call(world.eks, "DeletePodIdentityAssociation", **members)
        assert refused(world, world.token()).code == "ResourceNotFoundException"


class TestRole:
    def test_deleted_role(self, world: Any) -> None:
        world.associate(world.role("reader"))
        world.call(world.iam, "DeleteRolePolicy", RoleName="reader", PolicyName="own")
        world.call(world.iam, "DeleteRole", RoleName="reader")
        error = refused(world, world.token())
        assert (error.code, error.status, error.public) == ("AccessDeniedException", 400, DENIED)
        assert "does not exist" in error.private
        world.role("reader")  # made again, the association works again: it holds the ARN
        assert world.assume(world.token())

    @pytest.mark.parametrize(
        ("condition", "allowed"),
        [
            ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
            ({"StringEquals": {"aws:SourceAccount": "999999999999"}}, False),
            ({"ArnEquals": {"aws:SourceArn": CLUSTER_ARN}}, True),
            ({"ArnLike": {"aws:SourceArn": f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/other"}}, False),
            ({"StringEquals": {"aws:RequestTag/kubernetes-namespace": "default"}}, True),
            ({"StringEquals": {"aws:RequestTag/kubernetes-namespace": "prod"}}, False),
            ({"StringEquals": {"aws:RequestTag/eks-cluster-arn": CLUSTER_ARN}}, True),
            ({"StringLike": {"sts:RoleSessionName": "eks-*"}}, True),
            ({"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": list(TAGS)}}, True),
        ],
    )
    def test_conditions_of_the_trust_policy(self, world: Any, condition: Any, allowed: bool) -> None:
        world.associate(world.role("reader", {"Principal": SERVICE, "Action": BOTH, "Condition": condition}))
        if allowed:
            assert world.assume(world.token())
            return
        error = refused(world, world.token())
        assert (error.code, error.public) == ("AccessDeniedException", DENIED) and error.private

    def test_tag_session_is_needed_only_with_tags(self, world: Any) -> None:
        made = world.associate(world.role("reader", {"Principal": SERVICE, "Action": "sts:AssumeRole"}))
        error = refused(world, world.token())
        assert error.public == DENIED and "sts:TagSession" in error.private
        members = {"clusterName": "eksdemo1", "associationId": made["associationId"]}
        world.call(world.eks, "UpdatePodIdentityAssociation", disableSessionTags=True, **members)
        assert world.caller_of(world.assume(world.token())).session.tags == {}

    def test_session_policy_narrows(self, world: Any) -> None:
        policy = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
        )
        world.associate(world.role("reader"), disableSessionTags=True, policy=policy)
        assert world.caller_of(world.assume(world.token())).session_policies == (policy,)


class TestTargetRole:
    FAR = "444455556666"

    def far(self, world: Any, **condition: Any) -> str:
        statement = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": BOTH}
        return str(world.role("far", statement | condition, account=self.FAR))

    def test_pod_gets_the_second_session_for_an_hour(self, world: Any) -> None:
        world.associate(world.role("near", may=BOTH), targetRoleArn=self.far(world))
        answer = world.assume(world.token())
        assert answer["assumedRoleUser"]["arn"].startswith(f"arn:aws:sts::{self.FAR}:assumed-role/far/eks-eksdemo1-")
        assert answer["credentials"]["expiration"] == world.now + timedelta(hours=1)
        caller = world.caller_of(answer)
        assert dict(caller.session.tags) == TAGS and caller.chained

    @pytest.mark.parametrize(
        ("keys", "allowed"),
        [
            ({"sts:ExternalId": f"us-east-1/{ACCOUNT}/eksdemo1/default/app"}, True),
            ({"sts:ExternalId": f"us-east-1/{ACCOUNT}/eksdemo1/default/other"}, False),
            ({"aws:RequestTag/kubernetes-service-account": "app"}, True),
            ({"aws:RequestTag/kubernetes-service-account": "other"}, False),
        ],
    )
    def test_conditions_on_the_second_hop(self, world: Any, keys: dict[str, str], allowed: bool) -> None:
        world.associate(world.role("near", may=BOTH), targetRoleArn=self.far(world, Condition={"StringEquals": keys}))
        if allowed:
            assert world.assume(world.token())
        else:
            assert refused(world, world.token()).public == DENIED

    def test_first_role_needs_permission(self, world: Any) -> None:
        world.associate(world.role("near", may="s3:*"), targetRoleArn=self.far(world))
        error = refused(world, world.token())
        assert error.public == DENIED and "role/far" in error.private

    def test_without_tags_the_target_need_not_allow_tagging(self, world: Any) -> None:
        target = self.far(world, Action="sts:AssumeRole")
        made = world.associate(world.role("near", may=BOTH), targetRoleArn=target)
        assert refused(world, world.token()).public == DENIED
        members = {"clusterName": "eksdemo1", "associationId": made["associationId"]}
        world.call(world.eks, "UpdatePodIdentityAssociation", disableSessionTags=True, **members)
        assert world.assume(world.token())

    def test_policy_narrows_the_target_session_alone(self, world: Any) -> None:
        """The first session must still be able to assume the target, which this policy does not allow."""
        policy = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
        )
        world.associate(
            world.role("near", may=BOTH), targetRoleArn=self.far(world), disableSessionTags=True, policy=policy
        )
        assert world.caller_of(world.assume(world.token())).session_policies == (policy,)

    def test_missing_target(self, world: Any) -> None:
        world.associate(world.role("near", may=BOTH), targetRoleArn=f"arn:aws:iam::{self.FAR}:role/none")
        assert refused(world, world.token()).public == DENIED


def test_handler_takes_what_the_model_says(world: Any) -> None:
    data = files("botocore") / "data" / "eks-auth" / "2023-11-26" / "service-2.json.gz"
    model = json.loads(gzip.decompress(data.read_bytes()))
    (operation,) = model["operations"]
    shape = model["shapes"][model["operations"][operation]["input"]["shape"]]
    parameters = dict(inspect.signature(world.eks_auth.handlers()[operation]).parameters)
    parameters.pop("call")
    assert set(parameters) == {snake_case(name) for name in shape["members"]}
    required = {snake_case(name) for name in shape["required"]}
    assert {name for name, p in parameters.items() if p.default is p.empty} == required
