"""Who a bearer token of `aws eks get-token` belongs to: what a cluster's API server asks podid, as EKS's asks its authenticator.

The checks, in this order:

    1  the token has the form of one, made for this cluster (`eks.iam_tokens`)
    2  its presigned URL is signed for STS, with version 4, at most 15 minutes ago
    3  the key exists, and the signature is that key's
    4  the principal has an access entry

A token that fails is not an error of the call: the answer says `Authenticated: false`, and why, for the API server's log.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from podid.core.caller import Call, Caller, Output
from podid.core.errors import AwsError
from podid.core.operations import operation
from podid.core.sigv4 import SignatureProblem, check, read_claim
from podid.eks import Eks
from podid.eks.iam_tokens import LIFETIME_SECONDS, BadIamToken, presigned_request
from podid.gateway.refusals import Refused
from podid.gateway.steps.authenticate import KeysOfPodid


class ClusterNotFound(AwsError):
    """No cluster of that name in the caller's account and region."""

    code, status = "ResourceNotFoundException", 404


class ClusterTokens:
    """The handler of podid's extension for clusters."""

    def __init__(self, eks: Eks, keys: KeysOfPodid) -> None:
        self._eks = eks
        self._keys = keys

    @operation("ReviewClusterToken")
    def review_cluster_token(self, call: Call, *, cluster_name: str, token: str) -> Output:
        """The Kubernetes user whose token this is."""
        cluster = self._eks.find_cluster(call.account, call.region, cluster_name)
        if cluster is None:
            raise ClusterNotFound(f"No cluster found for name: {cluster_name}.")
        try:
            caller = self._caller(token, cluster_name, call)
        except (BadIamToken, SignatureProblem) as problem:
            return _no(str(problem))
        except Refused as refused:
            return _no(refused.private or refused.public)
        user = self._eks.kubernetes_user(cluster, caller)  # 4
        if user is None:
            return _no(f"{caller.arn} has no access entry for the cluster")
        return {
            "Authenticated": True,
            "Username": user.username,
            "Uid": user.uid,
            "Groups": list(user.groups),
            "Extra": {name: list(values) for name, values in user.extra.items()},
        }

    def _caller(self, token: str, cluster_name: str, call: Call) -> Caller:
        request = presigned_request(token, cluster_name)  # 1
        claim = read_claim(request)
        if claim is None or claim.version != "v4" or not claim.presigned or claim.service != "sts" or not claim.date:
            raise BadIamToken("the URL is not signed for STS")
        # 2: the signing date counts, not how long the URL itself says it lasts
        claim = replace(claim, expires=LIFETIME_SECONDS, expires_at=claim.date + timedelta(seconds=LIFETIME_SECONDS))
        caller, secret = self._keys.open_at(claim, call.now)  # 3
        check(claim, request, secret, now=call.now)
        return caller


def _no(reason: str) -> Output:
    return {"Authenticated": False, "Reason": reason}
