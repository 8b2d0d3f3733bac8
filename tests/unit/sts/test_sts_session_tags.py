from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.core.caller import SessionTags
from podid.core.errors import AccessDenied, AwsError
from podid.sts.packing import SPACE, packed_size
from podid.sts.session_tags import pass_tags, principal_tags

ACCOUNT = "111122223333"
ROOT = {"Principal": {"AWS": ACCOUNT}}
FREE = ["sts:AssumeRole", "sts:TagSession"]


def wire(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def size_of(tags: dict[str, str]) -> int:
    return pass_tags(tags, (), SessionTags()).size


def test_session_tags_are_principal_tags_and_beat_the_roles(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    role = world.role(world.trust(ROOT))
    world.iam_call("TagRole", RoleName="app", Tags=wire(Department="Marketing", floor="3"))
    session = world.assume(ann, role, Tags=wire(department="engineering"))
    assert dict(session.tags) == {"floor": "3", "department": "engineering"}
    condition = {"StringEquals": {"aws:PrincipalTag/Department": "engineering"}}
    world.iam_call(
        "PutRolePolicy", RoleName="app", PolicyName="p", PolicyDocument=world.allow("s3:*", Condition=condition)
    )
    assert world.authorizer.decide(session, "s3:GetObject", "*", {}).allowed


def test_tagging_is_an_action_of_its_own_on_both_sides(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust(ROOT))
    assert world.assume(ann, role)
    with pytest.raises(AccessDenied) as caught:
        world.assume(ann, role, Tags=wire(a="1"))
    assert caught.value.public == f"User: {ann.arn} is not authorized to perform: sts:TagSession on resource: {role}"
    bob = world.user("bob", p=world.allow(FREE))
    untagged = world.role(world.trust({**ROOT, "Action": "sts:AssumeRole"}), "untagged")
    with pytest.raises(AccessDenied, match="sts:TagSession"):
        world.assume(bob, untagged, Tags=wire(a="1"))
    assert world.assume(bob, role, Tags=wire(a="1"))


def test_a_trust_policy_can_ask_for_tags(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    role = world.role(
        world.trust(
            {
                **ROOT,
                "Condition": {
                    "StringEquals": {"aws:RequestTag/team": "a"},
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "floor"]},
                },
            }
        )
    )
    assert world.assume(ann, role, Tags=wire(team="a", floor="3"))
    for wrong in (wire(team="b"), wire(floor="3"), wire(team="a", other="x"), []):
        with pytest.raises(AccessDenied):
            world.assume(ann, role, Tags=wrong)


def test_transitive_tags_travel_and_cannot_be_set_again(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    first = world.role(world.trust(ROOT), "first", p=world.allow(FREE))
    second = world.role(
        world.trust({**ROOT, "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}}),
        "second",
        p=world.allow(FREE),
    )
    third = world.role(world.trust(ROOT), "third")
    session = world.assume(ann, first, Tags=wire(Team="a", floor="3"), TransitiveTagKeys=["team"])
    chained = world.assume(session, second, Tags=wire(own="x"))
    assert dict(chained.session.tags) == {"Team": "a", "own": "x"}
    assert chained.session.transitive == {"team"}
    last = world.assume(chained, third)
    assert dict(last.tags) == {"Team": "a"}
    with pytest.raises(AwsError, match="conflicts with a transitive tag key from the calling session") as caught:
        world.assume(session, second, Tags=wire(TEAM="b"))
    assert (caught.value.code, caught.value.status) == ("InvalidParameterValue", 400)
    assert world.assume(session, third, Tags=wire(floor="4")).tags["floor"] == "4"


def test_tags_of_which_all_travel_do_so_again(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    first = world.role(world.trust(ROOT), "first", p=world.allow(FREE))
    second = world.role(world.trust(ROOT), "second", p=world.allow(FREE))
    third = world.role(world.trust(ROOT), "third")
    session = world.assume(ann, first, Tags=wire(Team="a", floor="3"), TransitiveTagKeys=["Team", "FLOOR"])
    assert session.session.transitive == {"team", "floor"}
    chained = world.assume(world.assume(session, second), third)
    assert dict(chained.session.tags) == {"Team": "a", "floor": "3"}
    assert chained.session.transitive == {"team", "floor"}
    partly = world.assume(session, third, Tags=wire(own="x"))
    assert partly.session.transitive == {"team", "floor"}


def test_inherited_tags_need_tag_session_too(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    first = world.role(world.trust(ROOT), "first", p=world.allow(FREE))
    second = world.role(world.trust({**ROOT, "Action": "sts:AssumeRole"}), "second")
    plain = world.assume(ann, first, Tags=wire(team="a"))
    assert world.assume(plain, second)
    tagged = world.assume(ann, first, Tags=wire(team="a"), TransitiveTagKeys=["team"])
    with pytest.raises(AccessDenied, match=f"sts:TagSession on resource: {second}"):
        world.assume(tagged, second)


def test_transitive_keys_are_a_condition_key(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    role = world.role(
        world.trust({**ROOT, "Condition": {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "team"}}})
    )
    assert world.assume(ann, role, Tags=wire(team="a"), TransitiveTagKeys=["team"])
    with pytest.raises(AccessDenied):
        world.assume(ann, role, Tags=wire(team="a"))


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        (
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]},
            "InvalidParameterValue",
            "Duplicate tag keys",
        ),
        (
            {"Tags": wire(a="1"), "TransitiveTagKeys": ["b"]},
            "ValidationError",
            "must be included in the requested tags",
        ),
        ({"Tags": [{"Key": "k" * 129, "Value": ""}]}, "ValidationError", "session tag"),
        ({"Tags": wire(k="v" * 257)}, "ValidationError", "session tag"),
        ({"Tags": wire(k="<>")}, "ValidationError", "session tag"),
        ({"Tags": [{"Key": "", "Value": "x"}]}, "ValidationError", "session tag"),
        ({"Tags": wire(good="v" * 256, k="v" * 257, l="<>")}, "ValidationError", "session tag 'k'"),
        ({"Tags": wire(k="\ud800")}, "ValidationError", "session tag 'k'"),
        ({"Tags": [{"Key": "\udfff", "Value": "x"}]}, "ValidationError", "session tag"),
        ({"Tags": wire(k="a\0b")}, "ValidationError", "session tag 'k'"),
        ({"Tags": [{"Key": "AWS:x", "Value": "x"}]}, "InvalidParameterValue", "reserved"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "ValidationError", "51 session tags"),
    ],
)
def test_tags_that_break_the_rules(world: Any, members: dict[str, Any], code: str, text: str) -> None:
    ann = world.user(p=world.allow(FREE))
    role = world.role(world.trust(ROOT))
    with pytest.raises(AwsError, match=text) as caught:
        world.assume(ann, role, **members)
    assert caught.value.code == code


def test_fifty_tags_with_every_kind_of_letter(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    role = world.role(world.trust(ROOT))
    tags = {f"k{number}": "漢" for number in range(49)} | {"Größe @_.:/=+-": ""}
    session = world.assume(ann, role, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    assert dict(session.tags) == tags


def test_published_sizes() -> None:
    repeated = {f"T{number}": "a" * 250 for number in range(1, 10)}
    with pytest.raises(AwsError, match=r"^Packed size of session tags consumes 498% of allotted space\.$") as caught:
        packed_size(None, (), size_of(repeated))
    assert (caught.value.code, caught.value.status) == ("PackedPolicyTooLarge", 400)
    eks = {
        "eks-cluster-arn": "arn:aws:eks:us-west-2:111122223333:cluster/eksworkshop-eksctl",
        "eks-cluster-name": "eksworkshop-eksctl",
        "kubernetes-namespace": "ns-a",
        "kubernetes-service-account": "sa1",
        "kubernetes-pod-name": "app1-v1-56b9f94b4-abcde",
        "kubernetes-pod-uid": "0d2ba5c9-1d2c-4a4f-9c3e-0123456789ab",
    }
    assert packed_size(None, (), size_of(eks)) in range(54, 60)
    example = '{"Version":"2012-10-17","Statement":[{"Sid":"Stmt1","Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    assert packed_size(example, (), 0) in range(1, 9)


def test_exactly_full_is_not_too_large() -> None:
    assert packed_size(None, (), size_of({"k" * 128: "v" * 256, "l": "v" * (SPACE - 385)})) == 100
    with pytest.raises(AwsError, match="101%"):
        packed_size(None, (), size_of({"k" * 128: "v" * 256, "l": "v" * (SPACE - 384)}))


def test_nothing_passed_has_no_size() -> None:
    assert packed_size(None, (), 0) is None


def test_policies_have_a_length_before_packing() -> None:
    with pytest.raises(AwsError, match="2048") as caught:
        packed_size("{" + " " * 2047 + "}", (), 0)
    assert caught.value.code == "ValidationError"
    assert packed_size("{" + " " * 2046 + "}", (), 0) is not None


def test_a_policy_that_does_not_pack_is_too_large(world: Any) -> None:
    ann = world.user(p=world.allow(FREE))
    role = world.role(world.trust(ROOT))
    resources = [f"arn:aws:s3:::{index * 7919**9 % 36**12:x}" for index in range(1, 55)]
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": resources}]},
        separators=(",", ":"),
    )
    assert len(policy) <= 2048
    with pytest.raises(AwsError, match=r"Packed policy consumes \d+% of allotted space, please use smaller policy\."):
        world.assume(ann, role, Policy=policy)


tags = st.dictionaries(st.text("abcAB -_", min_size=1, max_size=6), st.text("xyz", max_size=4), max_size=6).filter(
    lambda made: len({key.lower() for key in made}) == len(made)
)


@given(tags, tags, st.data())
def test_what_is_passed_is_own_and_inherited_and_nothing_is_lost(
    own: dict[str, str], held: dict[str, str], data: st.DataObject
) -> None:
    handed_down = frozenset(data.draw(st.sets(st.sampled_from(sorted(key.lower() for key in held)))) if held else ())
    transitive = data.draw(st.sets(st.sampled_from(sorted(own)))) if own else set()
    calling = SessionTags(held, handed_down)
    if {key.lower() for key in own} & handed_down:
        with pytest.raises(AwsError):
            pass_tags(own, transitive, calling)
        return
    passed = pass_tags(own, transitive, calling)
    inherited = {key: value for key, value in held.items() if key.lower() in handed_down}
    assert passed.tags == {**inherited, **own}
    assert passed.transitive == handed_down | {key.lower() for key in transitive}
    assert passed.all_transitive == (passed.transitive == {key.lower() for key in passed.tags})
    assert passed.size == sum(len(key.encode()) + len(value.encode()) for key, value in passed.tags.items())
    again = pass_tags({}, (), passed.session())
    assert {key.lower() for key in again.tags} == passed.transitive


@given(tags, tags)
def test_a_principal_has_each_key_once(resource: dict[str, str], session: dict[str, str]) -> None:
    merged = principal_tags(resource, session)
    assert len({key.lower() for key in merged}) == len(merged)
    assert session.items() <= merged.items()
    assert {key.lower() for key in merged} == {key.lower() for key in (*resource, *session)}
