"""What every request asks IAM: keys, roles, policies. From memory, and never stale."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from podid.core.caller import Caller
from podid.core.errors import AccessDenied
from podid.iam import Authorizer, Iam
from podid.iam.aws_managed import aws_managed_policies
from podid.store import MasterKey, Store, open_store

ACCOUNT = "111122223333"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def allowing(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def session_of(iam: Iam, name: str, *session_policies: str) -> Caller:
    role = iam.role(ACCOUNT, name)
    assert role is not None
    return Caller(
        kind="role-session",
        account=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s",
        user_id=f"{role.id}:s",
        issuer_arn=role.arn,
        issuer_id=role.id,
        session_policies=session_policies,
    )


def user(iam: Iam, name: str = "ann") -> Caller:
    key = iam.find_key(iam.ensure_access_key(ACCOUNT, name).access_key_id)
    assert key is not None
    return key.caller


@pytest.fixture
def statements(store: Store) -> Iterator[list[str]]:
    """The SQL that runs while a test looks."""
    seen: list[str] = []
    engine = store._engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_nothing_is_read_twice_while_nothing_changes(iam: Iam, statements: list[str]) -> None:
    iam.ensure_user(ACCOUNT, "ann", policy_arns=(READ_ONLY,), inline={"p": allowing("sqs:*")})
    iam.ensure_role(ACCOUNT, "app", trust=TRUST, policy_arns=(READ_ONLY,))
    ann = user(iam)

    def ask() -> None:
        assert iam.find_key(ann.access_key_id) is not None
        assert iam.role(ACCOUNT, "app") is not None
        assert iam.role(ACCOUNT, "nobody") is None
        assert len(iam.policies_of(ann).identity) == 2
        assert iam.user_by_id(ann.user_id) is not None

    ask()
    statements.clear()
    ask()
    assert statements == []


def test_a_change_of_another_process_is_seen_by_the_next_call(store: Store, tmp_path: Path) -> None:
    one = Iam(store)
    one.ensure_user(ACCOUNT, "ann")
    ann = user(one)
    assert one.policies_of(ann).identity == ()
    other_store = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    Iam(other_store).ensure_user(ACCOUNT, "ann", inline={"p": allowing("s3:*")})
    other_store.close()
    assert [policy.name for policy in one.policies_of(ann).identity] == ["p"]


def test_a_change_elsewhere_does_not_empty_the_caches(iam: Iam, store: Store, statements: list[str]) -> None:
    iam.ensure_user(ACCOUNT, "ann")
    ann = user(iam)
    iam.policies_of(ann)
    with store.write("eks"):
        pass
    statements.clear()
    iam.policies_of(ann)
    assert statements == []


def test_a_slow_reader_does_not_bring_back_the_past(iam: Iam, store: Store) -> None:
    iam.ensure_user(ACCOUNT, "ann")
    ann = user(iam)
    cache = iam._cache

    def load(_connection: Any) -> str:
        # While this reader reads, somebody changes IAM and somebody else asks.
        iam.ensure_user(ACCOUNT, "bob")
        iam.policies_of(ann)
        return "the past"

    assert cache.get("key of the test", load) == "the past"
    assert cache.get("key of the test", lambda _connection: "the present") == "the present"


def test_groups_boundaries_and_attachments_all_count(iam: Iam, aws: Any) -> None:
    iam.ensure_user(ACCOUNT, "ann", policy_arns=(ADMINISTRATOR,))
    aws.create_group(GroupName="ops")
    aws.put_group_policy(GroupName="ops", PolicyName="gp", PolicyDocument=allowing("sqs:*"))
    aws.attach_group_policy(GroupName="ops", PolicyArn=READ_ONLY)
    aws.add_user_to_group(GroupName="ops", UserName="ann")
    aws.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=READ_ONLY)
    policies = iam.policies_of(user(iam))
    assert {policy.name for policy in policies.identity} == {"AdministratorAccess", "ReadOnlyAccess", "gp"}
    assert policies.boundary is not None
    assert policies.boundary.arn == READ_ONLY


def test_the_default_version_is_the_one_that_counts(iam: Iam, aws: Any) -> None:
    arn = aws.create_policy(PolicyName="p", PolicyDocument=allowing("s3:*"))["Policy"]["Arn"]
    iam.ensure_role(ACCOUNT, "app", trust=TRUST, policy_arns=(arn,))
    app, authorizer = session_of(iam, "app"), Authorizer(iam)
    aws.create_policy_version(PolicyArn=arn, PolicyDocument=allowing("sqs:*"))
    assert authorizer.decide(app, "s3:GetObject", "*", {}).allowed
    aws.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert not authorizer.decide(app, "s3:GetObject", "*", {}).allowed
    assert authorizer.decide(app, "sqs:SendMessage", "*", {}).allowed


def test_session_policies_narrow(iam: Iam) -> None:
    iam.ensure_role(ACCOUNT, "app", trust=TRUST, inline={"p": allowing("s3:*")})
    authorizer = Authorizer(iam)
    narrowed = session_of(iam, "app", allowing("s3:GetObject", "sqs:*"))
    assert authorizer.decide(narrowed, "s3:GetObject", "*", {}).allowed
    assert not authorizer.decide(narrowed, "s3:PutObject", "*", {}).allowed
    assert not authorizer.decide(narrowed, "sqs:SendMessage", "*", {}).allowed


def test_a_role_made_again_gives_the_old_session_nothing(iam: Iam, aws: Any) -> None:
    iam.ensure_role(ACCOUNT, "app", trust=TRUST)
    old = session_of(iam, "app")
    aws.delete_role(RoleName="app")
    iam.ensure_role(ACCOUNT, "app", trust=TRUST, policy_arns=(ADMINISTRATOR,))
    assert iam.policies_of(old).identity == ()
    assert not Authorizer(iam).decide(old, "s3:GetObject", "*", {}).allowed


def test_a_role_is_found_by_its_whole_arn(iam: Iam) -> None:
    role = iam.ensure_role(ACCOUNT, "app", trust=TRUST, path="/team/")
    assert iam.role_by_arn(role.arn) == role
    for arn in (
        f"arn:aws:iam::{ACCOUNT}:role/app",
        f"arn:aws-cn:iam::{ACCOUNT}:role/team/app",
        "arn:aws:iam::444455556666:role/team/app",
        f"arn:aws:iam::{ACCOUNT}:user/team/app",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s",
        "",
        "app",
    ):
        assert iam.role_by_arn(arn) is None


def test_what_is_not_there_fills_no_memory(iam: Iam) -> None:
    """Callers choose what they ask for, and who comes with a web identity or a SAML response has not signed the question."""
    role = iam.ensure_role(ACCOUNT, "app", trust=TRUST)
    iam.role_by_arn(role.arn)
    before = len(iam._cache._generation.values)
    for number in range(20):
        assert iam.role_by_arn(f"{role.arn}{number}") is None
        assert iam.oidc_provider(ACCOUNT, f"{number}.example") is None
        assert iam.saml_provider(f"arn:aws:iam::{ACCOUNT}:saml-provider/{number}") is None
        assert iam.managed_document(f"arn:aws:iam::{ACCOUNT}:policy/{number}") is None
        assert iam.find_key(f"AKIA{number:016}") is None
    assert len(iam._cache._generation.values) == before


def test_a_denial_says_so_in_aws_words(iam: Iam) -> None:
    iam.ensure_role(ACCOUNT, "app", trust=TRUST)
    with pytest.raises(AccessDenied) as caught:
        Authorizer(iam).require(session_of(iam, "app"), "s3:ListAllMyBuckets", "*", {})
    assert caught.value.public == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/app/s is not authorized to perform: s3:ListAllMyBuckets because no "
        "identity-based policy allows the s3:ListAllMyBuckets action"
    )
    assert "identity implicit" in caught.value.private


def test_nobody_can_claim_keys_of_the_principal(iam: Iam) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "a"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    iam.ensure_role(
        ACCOUNT, "app", trust=TRUST, inline={"p": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    )
    app, authorizer = session_of(iam, "app"), Authorizer(iam)
    claimed = {"AWS:principaltag/TEAM": ("a",), "aws:principalarn": ("arn:aws:iam::1:role/x",)}
    assert not authorizer.decide(app, "s3:GetObject", "*", claimed).allowed


def test_the_root_needs_no_policy(iam: Iam) -> None:
    root = Caller(kind="root", account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT)
    assert Authorizer(iam).decide(root, "iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x", {}).allowed


def test_secrets_follow_a_rotation_of_the_master_key(tmp_path: Path) -> None:
    path, url = tmp_path / "master.key", f"sqlite:///{tmp_path}/rotated.db"
    serving_store = open_store(url, master_key=MasterKey.load_or_create(path))
    serving = Iam(serving_store)
    serving.ensure_user(ACCOUNT, "ann")
    credentials = serving.ensure_access_key(ACCOUNT, "ann")
    rotated = MasterKey.load_or_create(path).rotated()
    rotated.save(path)
    rotating_store = open_store(url, master_key=rotated)
    rotating = Iam(rotating_store)
    assert rotating.renew_secrets() == 1
    assert rotating.renew_secrets() == 0
    rotated.without_old().save(path)
    found = serving.find_key(credentials.access_key_id)
    assert found is not None
    assert found.secret == credentials.secret_access_key
    serving_store.close()
    rotating_store.close()
    late_store = open_store(url, master_key=MasterKey.load_or_create(path))
    late = Iam(late_store).find_key(credentials.access_key_id)
    late_store.close()
    assert late is not None
    assert late.secret == credentials.secret_access_key


def test_bootstrapping_twice_changes_nothing(iam: Iam, aws: Any) -> None:
    def start() -> tuple[str, str, str, str]:
        arn = iam.ensure_user(ACCOUNT, "admin", policy_arns=(ADMINISTRATOR,), inline={"p": allowing("s3:*")})
        credentials = iam.ensure_access_key(ACCOUNT, "admin")
        role = iam.ensure_role(ACCOUNT, "node", trust=TRUST, policy_arns=(READ_ONLY,), inline={"p": allowing("s3:*")})
        profile = iam.ensure_instance_profile(ACCOUNT, "node", role_name="node")
        return arn, credentials.access_key_id + credentials.secret_access_key, role.id, profile

    first = start()
    aws.attach_user_policy(UserName="admin", PolicyArn=READ_ONLY)
    assert start() == first
    attached = aws.list_attached_user_policies(UserName="admin")["AttachedPolicies"]
    assert len(attached) == 2


def test_a_lost_key_is_replaced(iam: Iam, aws: Any) -> None:
    iam.ensure_user(ACCOUNT, "admin")
    first = iam.ensure_access_key(ACCOUNT, "admin")
    aws.update_access_key(UserName="admin", AccessKeyId=first.access_key_id, Status="Inactive")
    second = iam.ensure_access_key(ACCOUNT, "admin")
    assert second.access_key_id != first.access_key_id
    aws.delete_access_key(UserName="admin", AccessKeyId=first.access_key_id)
    aws.delete_access_key(UserName="admin", AccessKeyId=second.access_key_id)
    assert iam.ensure_access_key(ACCOUNT, "admin").access_key_id not in (first.access_key_id, second.access_key_id)


def test_a_changed_installation_renews_what_a_role_trusts_and_may(iam: Iam) -> None:
    iam.ensure_role(ACCOUNT, "node", trust=TRUST, inline={"p": allowing("s3:*")})
    other = TRUST.replace("ec2", "pods.eks")
    role = iam.ensure_role(ACCOUNT, "node", trust=other, inline={"p": allowing("sqs:*")})
    assert json.loads(role.trust_text) == json.loads(other)
    assert Authorizer(iam).decide(session_of(iam, "node"), "sqs:SendMessage", "*", {}).allowed
    assert not Authorizer(iam).decide(session_of(iam, "node"), "s3:GetObject", "*", {}).allowed


def test_every_policy_that_aws_manages_can_be_decided_by(iam: Iam) -> None:
    catalog = aws_managed_policies()
    policies = catalog.all()
    assert len(policies) > 1000
    for policy in policies:
        named = iam.managed_policy(policy.arn)
        assert named is not None, policy.arn
        assert json.loads(catalog.document(policy))["Statement"], policy.arn
    assert len({policy.id for policy in policies}) == len(policies)


def test_finding_what_aws_manages_does_not_import_moto() -> None:
    import subprocess
    import sys

    program = (
        "import sys; from podid.iam.aws_managed import aws_managed_policies; "
        "aws_managed_policies().all(); print([name for name in sys.modules if name.startswith('moto')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
