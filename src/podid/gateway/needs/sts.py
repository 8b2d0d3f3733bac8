"""What STS's operations need.

AssumeRole and its kin are decided in the sts room, against the role's trust policy and the caller's own policies together.
"""

from __future__ import annotations

from collections.abc import Iterator

from podid.gateway.needs.need import Asked, Need, Rule


def _nothing(_asked: Asked) -> Iterator[Need]:
    return iter(())


def _federation(asked: Asked) -> Iterator[Need]:
    yield Need(
        action="sts:GetFederationToken",
        resource=asked.arn(f"federated-user/{asked.text('Name')}", service="sts", region=""),
    )


RULES: dict[str, Rule] = {
    "GetCallerIdentity": _nothing,
    "GetSessionToken": _nothing,
    "AssumeRole": _nothing,
    "AssumeRoleWithWebIdentity": _nothing,
    "AssumeRoleWithSAML": _nothing,
    "AssumeRoot": lambda _asked: (Need(action="sts:AssumeRoot"),),
    "GetAccessKeyInfo": lambda _asked: (Need(action="sts:GetAccessKeyInfo"),),
    "DecodeAuthorizationMessage": lambda _asked: (Need(action="sts:DecodeAuthorizationMessage"),),
    "GetFederationToken": _federation,
    "GetWebIdentityToken": lambda _asked: (Need(action="sts:GetWebIdentityToken"),),
    "GetDelegatedAccessToken": lambda _asked: (Need(action="sts:GetDelegatedAccessToken"),),
}
