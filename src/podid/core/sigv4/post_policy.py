"""The policy of a form that a browser posts to S3: who signed it, and whether the form is what it allows.

Source: Amazon S3 API reference, "Browser-based uploads using POST (AWS Signature Version 4)", "Creating a POST policy"; user guide of the same
for signature version 2. What is signed is the policy alone, as base64; so every field of the form must be named by one of its conditions.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from podid.core.sigv4.checking import MISMATCH_TEXT
from podid.core.sigv4.claim import Claim, credential_parts
from podid.core.sigv4.problems import Problem, SignatureProblem
from podid.core.sigv4.scope import ALGORITHM, UNSIGNED_PAYLOAD, parse_date, signing_mac

LONGEST_POLICY: Final = 64 * 1024
MOST_CONDITIONS: Final = 1000
_UNCONDITIONAL: Final = frozenset({"awsaccesskeyid", "signature", "policy", "file", "x-amz-signature", "bucket"})
"""Fields that need no condition; those that begin with `x-ignore-` are added."""

_EXPIRATION: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)


class PolicyFailure(Exception):
    """The form is not what its policy allows; the text is S3's."""


class WrongSize(Exception):
    """The file is smaller or larger than the policy's `content-length-range`."""

    def __init__(self, *, large: bool, limit: int) -> None:
        super().__init__("too large" if large else "too small")
        self.large = large
        self.limit = limit


class SizeRange(Struct, frozen=True):
    """How many bytes the file may have."""

    least: int
    most: int


def read_form_claim(fields: Mapping[str, str]) -> Claim | None:
    """The claim of a form, by its fields (names in lower case); None where it has no policy. Raises SignatureProblem."""
    if "policy" not in fields:
        return None
    if "awsaccesskeyid" in fields:
        return Claim(
            access_key_id=fields["awsaccesskeyid"],
            signature=fields.get("signature", ""),
            version="v2",
            service="s3",
            session_token=fields.get("x-amz-security-token", ""),
            presigned=True,
            payload_hash=UNSIGNED_PAYLOAD,
        )
    needed = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
    missing = [name for name in needed if not fields.get(name)]
    if missing:
        raise SignatureProblem(
            Problem.MISSING_PARTS,
            f"Bucket POST must contain a field named '{missing[0]}'.  If it is specified, please check the order of the fields.",
        )
    if fields["x-amz-algorithm"] != ALGORITHM:
        raise SignatureProblem(
            Problem.UNSUPPORTED_ALGORITHM,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    key_id, day, region, service = credential_parts(fields["x-amz-credential"])
    date = parse_date(fields["x-amz-date"])
    if date is None or fields["x-amz-date"][:8] != day:
        raise SignatureProblem(
            Problem.MALFORMED,
            "X-Amz-Date must be formatted via ISO8601 Long format, and be of the day of the credential's scope.",
        )
    return Claim(
        access_key_id=key_id,
        signature=fields["x-amz-signature"],
        date=date,
        date_text=fields["x-amz-date"],
        day=day,
        region=region,
        service=service,
        session_token=fields.get("x-amz-security-token", ""),
        presigned=True,
        payload_hash=UNSIGNED_PAYLOAD,
    )


def check_form_signature(claim: Claim, policy: str, secret: str) -> None:
    """Raise SignatureProblem unless the policy, as it stands in the form, was signed with the secret."""
    if claim.version == "v2":
        expected = base64.b64encode(hmac.digest(secret.encode(), policy.encode("utf-8"), "sha1")).decode()
    else:
        expected = signing_mac(secret, claim.day, claim.region, claim.service)(policy.encode()).hex()
    if not hmac.compare_digest(expected.encode(), claim.signature.encode("utf-8", "replace")):
        raise SignatureProblem(Problem.MISMATCH, MISMATCH_TEXT)


def check_form(policy: str, fields: Mapping[str, str], *, bucket: str, now: datetime) -> SizeRange | None:
    """Hold the fields (names in lower case, `key` as it will be) against the policy; gives the size that the file must have, where the
    policy says one. Raises PolicyFailure."""
    document = _document(policy)
    if now >= _expiration(str(document.get("expiration", ""))):
        raise PolicyFailure("Invalid according to Policy: Policy expired.")
    conditions = document.get("conditions")
    if not isinstance(conditions, list) or len(conditions) > MOST_CONDITIONS:
        raise PolicyFailure("Invalid Policy: Invalid 'conditions' value.")
    values = {**fields, "bucket": bucket}
    named: set[str] = set()
    size: SizeRange | None = None
    for condition in conditions:
        operator, name, value = _condition(condition)
        if operator == "content-length-range":
            size = SizeRange(int(name), int(value))
            continue
        named.add(name)
        actual = values.get(name, "")
        if not (actual == value if operator == "eq" else actual.startswith(value)):
            text = msgspec.json.encode(condition).decode()
            raise PolicyFailure(f"Invalid according to Policy: Policy Condition failed: {text}")
    extra = sorted(name for name in fields if name not in named | _UNCONDITIONAL and not name.startswith("x-ignore-"))
    if extra:
        raise PolicyFailure(f"Invalid according to Policy: Extra input fields: {', '.join(extra)[:200]}")
    return size


def _document(policy: str) -> dict[str, Any]:
    if len(policy) > LONGEST_POLICY:
        raise PolicyFailure("Invalid Policy: too long.")
    try:
        found = msgspec.json.decode(base64.b64decode(policy, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise PolicyFailure("Invalid Policy: Invalid JSON.") from error
    if not isinstance(found, dict):
        raise PolicyFailure("Invalid Policy: Invalid JSON.")
    return found


def _expiration(text: str) -> datetime:
    """The instant at which a policy ends. Raises PolicyFailure."""
    found = _EXPIRATION.fullmatch(text)
    try:
        if found is not None:
            return datetime.fromisoformat(f"{found[1]}+00:00")
    except ValueError:  # a thirteenth month
        pass
    raise PolicyFailure("Invalid Policy: Invalid 'expiration' value.")


def _condition(condition: Any) -> tuple[str, str, str]:
    """Operator, name in lower case without its `$`, and value; of a size its bounds. Raises PolicyFailure."""
    if isinstance(condition, dict) and len(condition) == 1:
        [(name, value)] = condition.items()
        if isinstance(value, str):
            return "eq", name.lower(), value
    if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
        operator = condition[0].lower()
        _, name, value = condition
        if operator == "content-length-range" and _is_size(name) and _is_size(value):
            return operator, str(int(name)), str(int(value))
        if operator in ("eq", "starts-with") and isinstance(name, str) and name[:1] == "$" and isinstance(value, str):
            return operator, name[1:].lower(), value
    raise PolicyFailure("Invalid Policy: Invalid condition.")


def _is_size(value: Any) -> bool:
    return (isinstance(value, int) and 0 <= value < 1 << 53) or (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16
    )
