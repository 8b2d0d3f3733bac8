"""The names of sessions."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from podid.core.ids import uuid4
from podid.eks_auth.session import session_name

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
