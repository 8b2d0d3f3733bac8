"""AWS Signature Version 4, both sides: reading and checking what others signed, and signing what podid sends.

    claim = read_claim(request)          pure: parse, refuse what is malformed; None where nobody signed
    secret = …                           the one look-up, between the two
    check(claim, request, secret, …)     pure: compare in constant time

This room knows no service but for S3's rules, which are the scheme's own exceptions (`scope.is_s3`), and no store. Source: AWS reference guide,
"AWS Signature Version 4 for API requests", and the S3 API reference, "Authenticating Requests".
"""

from __future__ import annotations

from podid.core.sigv4.checking import WINDOW, check
from podid.core.sigv4.chunks import ChunkDecoder
from podid.core.sigv4.claim import Claim, read_claim
from podid.core.sigv4.credentials import Credentials
from podid.core.sigv4.problems import Problem, SignatureProblem
from podid.core.sigv4.signing import presign, sign

__all__ = [
    "WINDOW",
    "ChunkDecoder",
    "Claim",
    "Credentials",
    "Problem",
    "SignatureProblem",
    "check",
    "presign",
    "read_claim",
    "sign",
]
