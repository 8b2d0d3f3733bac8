"""IAM's store held against the simplest model of it: dictionaries."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from podid.core.caller import Call, Caller
from podid.core.errors import AwsError
from podid.core.operations import invoke
from podid.iam import Iam
from podid.store import MasterKey, open_store

ACCOUNTS = st.sampled_from(["111122223333", "444455556666"])
NAMES = st.sampled_from(["a", "A", "b"])
ARNS = st.sampled_from(["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/PowerUserAccess"])
POLICY_NAMES = st.sampled_from(["p", "q"])
ACTIONS = st.sampled_from(["s3:Get*", "sqs:*"])
TAG_KEYS = st.sampled_from(["x", "X", "y"])


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(f"sqlite:///{self.folder.name}/state.db", master_key=MasterKey.generate())
        self.iam = Iam(self.store)
        self.roles: dict[tuple[str, str], dict[str, Any]] = {}

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def ask(self, account: str, operation: str, **members: Any) -> Any:
        """The answer, or the code of the refusal."""
        call = Call(
            caller=Caller(kind="root", account=account),
            account=account,
            region="us-east-1",
            partition="aws",
            now=datetime(2026, 1, 2, tzinfo=UTC),
            request_id="r",
            service="iam",
            operation=operation,
        )
        try:
            return invoke(self.iam.handlers(), call, members)
        except AwsError as error:
            return error.code

    @initialize()
    def begin(self) -> None:
        self.ids: set[str] = set()

    @rule(account=ACCOUNTS, name=NAMES, service=st.sampled_from(["ec2", "pods.eks"]))
    def create(self, account: str, name: str, service: str) -> None:
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": f"{service}.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        )
        answer = self.ask(account, "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
        if any(held[0] == account and held[1].lower() == name.lower() for held in self.roles):
            assert answer == "EntityAlreadyExists"
            return
        identity = answer["Role"]["RoleId"]
        assert identity not in self.ids
        self.ids.add(identity)
        self.roles[account, name] = {"trust": trust, "inline": {}, "attached": set(), "tags": {}}

    @rule(account=ACCOUNTS, name=NAMES)
    def delete(self, account: str, name: str) -> None:
        answer = self.ask(account, "DeleteRole", RoleName=name)
        role = self.roles.get((account, name))
        if role is None:
            assert answer == "NoSuchEntity"
        elif role["inline"] or role["attached"]:
            assert answer == "DeleteConflict"
        else:
            assert answer == {}
            del self.roles[account, name]

    @rule(account=ACCOUNTS, name=NAMES, policy=POLICY_NAMES, action=ACTIONS)
    def put(self, account: str, name: str, policy: str, action: str) -> None:
        document = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        )
        answer = self.ask(account, "PutRolePolicy", RoleName=name, PolicyName=policy, PolicyDocument=document)
        if self._is_there(account, name, answer):
            self.roles[account, name]["inline"][policy] = action

    @rule(account=ACCOUNTS, name=NAMES, policy=POLICY_NAMES)
    def remove(self, account: str, name: str, policy: str) -> None:
        answer = self.ask(account, "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        held = self.roles.get((account, name), {"inline": {}})["inline"].pop(policy, None)
        assert answer == ({} if held else "NoSuchEntity")

    @rule(account=ACCOUNTS, name=NAMES, arn=ARNS)
    def attach(self, account: str, name: str, arn: str) -> None:
        answer = self.ask(account, "AttachRolePolicy", RoleName=name, PolicyArn=arn)
        if self._is_there(account, name, answer):
            self.roles[account, name]["attached"].add(arn)

    @rule(account=ACCOUNTS, name=NAMES, arn=ARNS)
    def detach(self, account: str, name: str, arn: str) -> None:
        answer = self.ask(account, "DetachRolePolicy", RoleName=name, PolicyArn=arn)
        attached = self.roles.get((account, name), {"attached": set()})["attached"]
        assert answer == ({} if arn in attached else "NoSuchEntity")
        attached.discard(arn)

    @rule(account=ACCOUNTS, name=NAMES, key=TAG_KEYS, value=st.sampled_from(["1", "2"]))
    def tag(self, account: str, name: str, key: str, value: str) -> None:
        answer = self.ask(account, "TagRole", RoleName=name, Tags=[{"Key": key, "Value": value}])
        if self._is_there(account, name, answer):
            self.roles[account, name]["tags"][key.lower()] = (key, value)

    @invariant()
    def what_is_kept_is_what_was_asked_for(self) -> None:
        for account in ("111122223333", "444455556666"):
            listed = {role["RoleName"] for role in self.ask(account, "ListRoles")["Roles"]}
            assert listed == {name for held, name in self.roles if held == account}
        for (account, name), kept in self.roles.items():
            role = self.iam.role(account, name)
            assert role is not None
            assert role.trust_text == kept["trust"]
            assert sorted(role.tags.items()) == sorted(kept["tags"].values())
            caller = Caller(kind="role-session", account=account, issuer_arn=role.arn, issuer_id=role.id)
            policies = self.iam.policies_of(caller).identity
            assert {policy.arn for policy in policies if policy.arn} == kept["attached"]
            inline = {
                policy.name: policy.policy.document.statements[0].actions.values[0]
                for policy in policies
                if not policy.arn
            }
            assert inline == kept["inline"]

    def _is_there(self, account: str, name: str, answer: Any) -> bool:
        there = (account, name) in self.roles
        assert answer == ({} if there else "NoSuchEntity")
        return there


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
