"""What waits to be written keeps no request alive: neither its body nor its token, nor whoever signed it."""

from __future__ import annotations

import gc
import types
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.audit import Entry, Proceedings
from podid.core.caller import Call, Caller
from podid.core.http import HttpRequest, HttpResponse
from podid.core.sigv4 import Claim

BODY = b"a body of its own " * 1000
CODE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType)


def held_by(value: Any) -> list[Any]:
    """All values that one keeps alive, but for code."""
    found: dict[int, Any] = {}
    ahead = [value]
    while ahead:
        one = ahead.pop()
        if id(one) in found or isinstance(one, CODE):
            continue
        found[id(one)] = one
        fields = getattr(one, "__struct_fields__", ())
        ahead += [getattr(one, name) for name in fields] or gc.get_referents(one)
    return list(found.values())


def test_what_waits_holds_no_request(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[Any, int]] = []
    monkeypatch.setattr(served.gateway._record, "_record", lambda kept, size=0: taken.append((kept, size)))
    s3, iam = served.client("s3"), served.client("iam")
    s3.create_bucket(Bucket="audit-held")
    s3.put_object(Bucket="audit-held", Key="k", Body=BODY)
    s3.delete_objects(Bucket="audit-held", Delete={"Objects": [{"Key": f"k{n}"} for n in range(100)]})
    iam.simulate_custom_policy(PolicyInputList=[served.document(served.allow("x:*"))], ActionNames=["x:Y"] * 100)
    iam.create_user(UserName="audit-held")
    with pytest.raises(ClientError):
        iam.create_role(RoleName="audit-held", AssumeRolePolicyDocument="no policy " * 10_000)
    with pytest.raises(ClientError):
        served.client("sts").assume_role_with_web_identity(
            RoleArn="arn:aws:iam::111122223333:role/none", RoleSessionName="one", WebIdentityToken="x" * 19_000
        )
    assert len(taken) == 7
    for kept, _ in taken:
        assert isinstance(kept, Entry | Proceedings)
        held = held_by(kept)
        assert not [one for one in held if isinstance(one, HttpRequest | HttpResponse | Call | Caller | Claim)]
        assert not [one for one in held if isinstance(one, bytes | bytearray | memoryview)]
        assert max(len(one) for one in held if isinstance(one, str)) <= 8192
    sizes = [size for _, size in taken]
    assert [size > 5_000 for size in sizes] == [False, False, True, False, False, True, True]
