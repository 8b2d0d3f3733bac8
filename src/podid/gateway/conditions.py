"""The global condition keys of a request: what is true of every call, whatever it asks. Those of the caller are IAM's to add.

Keys a request does not have are left out: a policy that tests them must see that they are missing.
Source: IAM user guide, "AWS global condition context keys".
"""

from __future__ import annotations

from podid.core.arn import partition_of
from podid.gateway.steps.values import Authenticated, Context
from podid.iam import time_context

_INSTANCES = "ec2.amazonaws.com"


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
    caller = authenticated.caller
    if caller.delivered_by == _INSTANCES and caller.session_name.startswith("i-"):
        partition = partition_of(addressed.region)
        instance = f"arn:{partition}:ec2:{addressed.region}:{caller.account}:instance/{caller.session_name}"
        found["ec2:SourceInstanceARN"] = (instance,)
        found["ec2:RoleDelivery"] = ("2.0",)  # podid has IMDSv2 alone
    agent = request.header("user-agent")
    if agent:
        found["aws:UserAgent"] = (agent,)
    referer = request.header("referer")
    if referer:
        found["aws:Referer"] = (referer,)
    return found
