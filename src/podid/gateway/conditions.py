"""The global condition keys of a request: what is true of every call, whatever it asks. Those of the caller are IAM's to add.

Keys a request does not have are left out: a policy that tests them must see that they are missing.
Source: IAM user guide, "AWS global condition context keys".
"""

from __future__ import annotations

from podid.gateway.steps.values import Authenticated, Context
from podid.iam import time_context


def request_context(authenticated: Authenticated) -> Context:
    """The keys that the request and its signature give."""
    addressed = authenticated.addressed
    received = addressed.numbered.received
    request = received.request
    found: dict[str, tuple[str, ...]] = {
        "aws:RequestedRegion": (addressed.region,),
        "aws:SourceIp": (received.source_ip,),
        "aws:SecureTransport": ("true" if received.secure else "false",),
        **time_context(received.now),
        "aws:ViaAWSService": ("false",),
    }
    agent = request.header("user-agent")
    if agent:
        found["aws:UserAgent"] = (agent,)
    referer = request.header("referer")
    if referer:
        found["aws:Referer"] = (referer,)
    return found
