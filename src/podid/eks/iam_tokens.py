"""The bearer tokens of `aws eks get-token`: a presigned GetCallerIdentity, shown instead of sent. Pure.

    k8s-aws-v1.BASE64URL(https://sts.REGION.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-…)

The header `x-k8s-aws-id`, which is signed, names the cluster: a URL made for one cluster, or for another purpose, opens no other. Nobody
sends the request: whoever has the keys checks its signature as if it had come. So the URL's host decides nothing, and leads nowhere.

Source: the README of kubernetes-sigs/aws-iam-authenticator, "API Authorization from Outside a Cluster".
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from podid.core.http import HttpRequest

PREFIX: Final = "k8s-aws-v1."
CLUSTER_HEADER: Final = "x-k8s-aws-id"
LONGEST_TOKEN: Final = 16_384
LIFETIME_SECONDS: Final = 900
"""STS takes a presigned GetCallerIdentity for a quarter of an hour; the 60 in `X-Amz-Expires` is not what ends it. kubectl keeps a token 14 minutes."""

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_MAY_BE_ASKED: Final = frozenset(
    {
        "Action",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X-Amz-User-Agent",
        "x-amz-user-agent",
    }
)


class BadIamToken(ValueError):
    """The token is none; the text says why and holds nothing of it."""


def presigned_request(token: str, cluster: str) -> HttpRequest:
    """The request that the token is the URL of, as it would be sent for this cluster. Raises BadIamToken."""
    encoded = token.removeprefix(PREFIX)
    if encoded == token or len(token) > LONGEST_TOKEN or not _BASE64URL.fullmatch(encoded):
        raise BadIamToken(f"not {PREFIX} and a URL in base64url")
    try:
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii")
        parts = urlsplit(url)
        asked = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True, max_num_fields=20)
    except (binascii.Error, ValueError) as problem:
        raise BadIamToken("the token holds no URL") from problem
    if parts.scheme not in ("https", "http") or not parts.netloc or "@" in parts.netloc:
        raise BadIamToken("the URL is of no web server")
    if parts.path not in ("", "/") or parts.fragment or any(character.isspace() for character in url):
        raise BadIamToken("the URL has more than a query")
    told = dict(asked)
    if len(told) != len(asked) or not told.keys() <= _MAY_BE_ASKED:
        raise BadIamToken("the URL has parameters that do not belong to it")
    if told.get("Action") != "GetCallerIdentity" or told.get("Version") != "2011-06-15":
        raise BadIamToken("the URL asks for something else than GetCallerIdentity")
    signed = told.get("X-Amz-SignedHeaders", "").split(";")
    if not {"host", CLUSTER_HEADER} <= set(signed):
        raise BadIamToken(f"the URL is not signed with {CLUSTER_HEADER}")
    return HttpRequest(
        method="GET", path="/", query=parts.query, headers=(("host", parts.netloc), (CLUSTER_HEADER, cluster)), body=b""
    )
