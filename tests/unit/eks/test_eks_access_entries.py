"""Access entries: who a principal is to a cluster, and what becomes of entries when principals, clusters and schemas change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from podid.core.caller import Caller
from podid.eks import Cluster, ClusterRegistration, Eks
from podid.eks.access_entry import AccessEntry, check_groups, check_username, kubernetes_username, read_principal
from podid.eks.access_policies import read_scope
from podid.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse, ResourceLimitExceeded, ResourceNotFound
from podid.eks.kubernetes_users import ACCESS_POLICIES, user_of
from podid.eks.tables import CLUSTERS
from podid.iam import Authorizer, Iam
from podid.store import MasterKey, open_store
from podid.store.migrate import migrate
from podid.store.sqlite import sqlite_engine

ACCOUNT, REGION = "111122223333", "us-east-1"
OF = {"clusterName": "eksdemo1"}
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
SOMETHING = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


@pytest.fixture
def entered(api: Any, cluster: Cluster, make_user: Callable[..., Caller]) -> Caller:
    """A user with an entry."""
    user = make_user("entered", SOMETHING)
    api("CreateAccessEntry", **OF, principalArn=user.arn, kubernetesGroups=["team", "team"])
    return user


def test_what_policies_may_test_of_an_entry(eks: Eks, cluster: Cluster, api: Any, entered: Caller) -> None:
    every = f"{cluster.arn.replace(':cluster/', ':access-entry/')}/user/{ACCOUNT}/entered/*"
    told = {
        "eks:accessEntryType": ("STANDARD",),
        "eks:clusterName": ("eksdemo1",),
        "eks:kubernetesGroups": ("team",),
        "eks:principalArn": (entered.arn,),
        "eks:username": (entered.arn,),
    }
    assert eks.keys_of(every) == told
    api("UpdateAccessEntry", **OF, principalArn=entered.arn, username="jo", kubernetesGroups=[])
    del told["eks:kubernetesGroups"]
    assert eks.keys_of(every) == told | {"eks:username": ("jo",)}
    for nothing in (cluster.arn, every.replace("entered", "nobody"), "x", ""):
        assert eks.keys_of(nothing) == {}


def test_a_caller_is_its_entrys_user(eks: Eks, cluster: Cluster, api: Any, entered: Caller) -> None:
    user = eks.kubernetes_user(cluster, entered)
    assert user is not None
    assert (user.username, user.groups) == (entered.arn, ("team",))
    assert user.uid == f"aws-iam-authenticator:{ACCOUNT}:{entered.user_id}"
    assert ACCESS_POLICIES not in user.extra
    scope = {"type": "namespace", "namespaces": ["a", "b-*"]}
    api("AssociateAccessPolicy", **OF, principalArn=entered.arn, policyArn=VIEW, accessScope=scope)
    api("AssociateAccessPolicy", **OF, principalArn=entered.arn, policyArn=ADMIN, accessScope=scope)
    user = eks.kubernetes_user(cluster, entered)
    assert user is not None
    assert user.extra[ACCESS_POLICIES] == (
        "AmazonEKSClusterAdminPolicy@a", "AmazonEKSClusterAdminPolicy@b-*", "AmazonEKSViewPolicy@a", "AmazonEKSViewPolicy@b-*",
    )  # fmt: skip
    assert "system:masters" not in user.groups, "an administrator of two namespaces is none of the cluster"


def test_who_has_no_entry_is_nobody(eks: Eks, cluster: Cluster, make_user: Callable[..., Caller]) -> None:
    assert eks.kubernetes_user(cluster, make_user("stranger", SOMETHING)) is None


def test_another_principal_of_the_same_arn_is_nobody(eks: Eks, cluster: Cluster, entered: Caller) -> None:
    assert eks.kubernetes_user(cluster, replace(entered, user_id="AIDAOTHER")) is None
    assert eks.kubernetes_user(cluster, replace(entered, kind="federated-user")) is None


def test_the_names_of_a_session(entered: Caller, clock: Any) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/path/r"
    caller = Caller(
        kind="role-session",
        account=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/a@b",
        user_id="AROAX:a@b",
        issuer_arn=arn,
        session_name="a@b",
    )

    def named(username: str) -> str:
        entry = AccessEntry(
            account=ACCOUNT,
            region=REGION,
            cluster="c",
            principal_arn=arn,
            principal_id="AROAX",
            uuid="u",
            username=username,
            created_at=clock(),
            modified_at=clock(),
        )
        user = user_of(entry, caller)
        assert user is not None
        return user.username

    assert named(kubernetes_username(arn)) == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/a-b"
    assert named("us:{{SessionName}}") == "us:a-b"
    assert named("us:{{SessionNameRaw}}") == "us:a@b"
    assert named("{{AccountID}}:x") == f"{ACCOUNT}:x"


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "x",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b",
        f"arn:aws:iam::{ACCOUNT}:group/a",
        "arn:aws:iam::1:role/a",
        f"arn:aws:iam::{ACCOUNT}:role/",
        f"arn:aws:iam::{ACCOUNT}:role/a b",
        f"arn:aws:iam::{ACCOUNT}:role/{'a' * 65}",
        f"arn:aws:iam::{ACCOUNT}:role/a\n",
    ],
)
def test_what_is_no_principal(arn: str) -> None:
    assert read_principal(arn) is None


@pytest.mark.parametrize("start", ["system:", "eks:", "aws:", "amazon:", "iam:", "SYSTEM:"])
def test_names_that_are_kept_for_the_service(start: str) -> None:
    with pytest.raises(InvalidParameter, match="it cannot start with"):
        check_groups([f"{start}x"], "c")
    with pytest.raises(InvalidParameter, match="must not begin with"):
        check_username(f"{start}x", "c")


@pytest.mark.parametrize("name", ["", "a\n", "x" * 1025])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InvalidParameter):
        check_groups([name], "c")
    with pytest.raises(InvalidParameter):
        check_username(name, "c")


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"type": "x"},
        {"type": "cluster", "namespaces": ["a"]},
        {"type": "namespace", "namespaces": []},
        {"type": "namespace", "namespaces": ["A"]},
        {"type": "namespace", "namespaces": ["a*b"]},
        {"type": "namespace", "namespaces": [f"n{n}" for n in range(101)]},
    ],
)
def test_scopes_that_are_none(scope: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        read_scope(scope, "c")


def test_an_entry_for_a_cluster_of_the_config_map(
    api: Any, cluster: Cluster, eks: Eks, make_role: Callable[..., str]
) -> None:
    trust = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":"sts:AssumeRole"}}'
    role = make_role("cluster-role", trust=trust)
    made = {"name": "old", "roleArn": role, "resourcesVpcConfig": {}}
    api("CreateCluster", **made, accessConfig={"authenticationMode": "CONFIG_MAP"})
    for operation, more in (
        ("ListAccessEntries", {}),
        ("CreateAccessEntry", {"principalArn": role}),
        ("DescribeAccessEntry", {"principalArn": role}),
    ):
        with pytest.raises(InvalidRequest, match=r"must be set to one of \[API, API_AND_CONFIG_MAP\]"):
            api(operation, clusterName="old", **more)
    for mode in ("API_AND_CONFIG_MAP", "API"):
        api("UpdateClusterConfig", name="old", accessConfig={"authenticationMode": mode})
    assert api("CreateAccessEntry", clusterName="old", principalArn=role)["accessEntry"]["clusterName"] == "old"
    with pytest.raises(InvalidParameter, match="Unsupported authentication mode update from API to CONFIG_MAP"):
        api("UpdateClusterConfig", name="old", accessConfig={"authenticationMode": "CONFIG_MAP"})


def test_an_entrys_tags_are_found_by_its_arn(api: Any, eks: Eks, entered: Caller) -> None:
    """The gateway does not know the UUID when it asks for `aws:ResourceTag/…`."""
    entry = api("DescribeAccessEntry", **OF, principalArn=entered.arn)["accessEntry"]
    api("TagResource", resourceArn=entry["accessEntryArn"], tags={"a": "b"})
    anyhow = entry["accessEntryArn"].rpartition("/")[0] + "/*"
    assert eks.tags_of(entry["accessEntryArn"]) == eks.tags_of(anyhow) == {"a": "b"}
    assert eks.tags_of(anyhow.replace("/entered/", "/nobody/")) is None


def test_entries_go_with_their_cluster(api: Any, cluster: Cluster, entered: Caller, eks: Eks) -> None:
    assert api("DeregisterCluster", name="eksdemo1")["cluster"]["status"] == "DELETING"
    assert eks.kubernetes_user(cluster, entered) is None
    with pytest.raises(ResourceNotFound):
        api("ListAccessEntries", **OF)


def test_a_creator_that_was_shut_out_stays_out(eks: Eks, api: Any, administrator: Caller) -> None:
    """A registration is repeated at each start; it does not open what was closed since."""
    registration = ClusterRegistration(
        name="again", issuer="https://issuer.test", jwks="{}", creator_arn=administrator.arn
    )
    cluster = eks.register_cluster(ACCOUNT, REGION, registration)
    user = eks.kubernetes_user(cluster, administrator)
    assert user is not None and user.groups == ("system:masters",)
    api("DeleteAccessEntry", clusterName="again", principalArn=administrator.arn)
    assert eks.kubernetes_user(eks.register_cluster(ACCOUNT, REGION, registration), administrator) is None


def test_the_most_a_cluster_may_have(
    api: Any, cluster: Cluster, entered: Caller, make_user: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podid.eks.access_entries.MOST_PER_CLUSTER", 1)
    with pytest.raises(ResourceInUse):
        api("CreateAccessEntry", **OF, principalArn=entered.arn)
    with pytest.raises(ResourceLimitExceeded):
        api("CreateAccessEntry", **OF, principalArn=make_user("one-too-many", SOMETHING).arn)


def test_clusters_of_an_earlier_schema_get_their_creators_entry(tmp_path: Path, clients: Any, clock: Any) -> None:
    url = f"sqlite:///{tmp_path}/earlier.db"
    engine = sqlite_engine(make_url(url))
    migrate(engine, "0004_iam_credentials")
    creator = f"arn:aws:iam::{ACCOUNT}:role/path/maker"
    text = dict.fromkeys(("role_arn", "endpoint", "ca_data", "issuer", "kubeconfig"), "")
    row = {"account": ACCOUNT, "region": REGION, "version": "1.33", "platform_version": "eks.1", "status": "ACTIVE"}
    json = {"key_source": "{}", "config": "{}", "tags": "{}", "registered": False}
    with engine.connect() as plain, plain.execution_options(podid_kind="write").begin():
        for name, by in (("made", creator), ("bare", "")):
            values = {**row, **text, **json, "name": name, "created_at": clock(), "creator_arn": by}
            plain.execute(insert(CLUSTERS).values(values))
    engine.dispose()

    store = open_store(url, master_key=MasterKey((b"k" * 32,)))
    iam = Iam(store)
    eks = Eks(store, iam, Authorizer(iam), clients)
    made, bare = (eks.find_cluster(ACCOUNT, REGION, name) for name in ("made", "bare"))
    assert made is not None and bare is not None
    session = Caller(kind="role-session", account=ACCOUNT, user_id="AROAX:s", issuer_arn=creator, session_name="s")
    user = eks.kubernetes_user(made, session)
    assert user is not None
    assert (user.username, user.groups) == (f"arn:aws:sts::{ACCOUNT}:assumed-role/maker/s", ("system:masters",))
    assert eks.kubernetes_user(bare, session) is None
    eks.close()
    store.close()
