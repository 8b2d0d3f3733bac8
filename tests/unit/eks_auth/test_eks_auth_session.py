"""The names of sessions."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from podid.core.ids import uuid4
from podid.core.tokens import ServiceAccountToken
from podid.eks import Cluster
from podid.eks_auth.session import TAG_KEYS, session_name, session_tags

UUID = "00000000-0000-4000-8000-000000000000"


def zeros(count: int) -> bytes:
    return bytes(count)


def test_short_names_stay_whole_and_long_ones_are_cut() -> None:
    assert uuid4(zeros) == UUID
    assert session_name("eksdemo1", "aws-cli", zeros) == f"eks-eksdemo1-aws-cli-{UUID}"
    assert session_name("eksworkshop-eksctl", "app1-v1-56b9f94b4-x", zeros) == f"eks-eksworksho-app1-v1-56-{UUID}"
    assert session_name("c", "ä b/c", zeros) == f"eks-c---b-c-{UUID}"


@given(st.text(min_size=1), st.text(min_size=1))
def test_sts_takes_every_name(cluster: str, pod: str) -> None:
    name = session_name(cluster, pod, zeros)
    assert len(name) <= 62 and re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)


def test_the_six_tags_are_the_pods_in_their_order() -> None:
    cluster = Cluster(
        account="111122223333",
        region="us-east-1",
        name="prod",
        version="1.33",
        platform_version="eks.1",
        status="ACTIVE",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    token = ServiceAccountToken(
        namespace="ns",
        service_account="sa",
        service_account_uid="sa-uid",
        pod_name="pod",
        pod_uid="pod-uid",
        node_name="node",
        node_uid="node-uid",
        issuer="https://issuer",
        audiences=("pods.eks.amazonaws.com",),
        issued=1,
        begins=1,
        expires=2,
        jti="jti",
    )
    tags = session_tags(cluster, token)
    assert tuple(tags) == TAG_KEYS
    assert tuple(tags.values()) == (
        "arn:aws:eks:us-east-1:111122223333:cluster/prod",
        "prod",
        "ns",
        "sa",
        "pod",
        "pod-uid",
    )
