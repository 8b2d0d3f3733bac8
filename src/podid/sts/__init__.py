"""STS: temporary credentials. Assume a role, tag a session, seal it, open it again, say who it is.

It stands on IAM for roles and policies, and keeps no record of a session: only the key ring.
"""

from __future__ import annotations

from podid.iam.errors import InvalidClientTokenId
from podid.sts.errors import ExpiredToken, PackedPolicyTooLarge
from podid.sts.key_ring import KeyRing, KeyRingProblem
from podid.sts.role_request import IssuedSession
from podid.sts.service import Sts
from podid.sts.sessions import OpenSession

__all__ = [
    "ExpiredToken",
    "InvalidClientTokenId",
    "IssuedSession",
    "KeyRing",
    "KeyRingProblem",
    "OpenSession",
    "PackedPolicyTooLarge",
    "Sts",
]
