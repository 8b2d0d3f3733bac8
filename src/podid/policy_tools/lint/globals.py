"""The condition keys that every service has, or that come with the caller, whatever the service.

Source: the IAM user guide, "AWS global condition context keys". `True` marks keys that may have several values.
"""

from __future__ import annotations

from typing import Final

GLOBAL_KEYS: Final[dict[str, bool]] = {
    # the principal
    "aws:principalarn": False,
    "aws:principalaccount": False,
    "aws:principalorgpaths": True,
    "aws:principalorgid": False,
    "aws:principalorgmasteraccountid": False,  # in AWS's own policies, though not in its list
    "aws:principaltag/": False,
    "aws:principalisawsservice": False,
    "aws:principalservicename": False,
    "aws:principalservicenameslist": True,
    "aws:principaltype": False,
    "aws:userid": False,
    "aws:username": False,
    # its session
    "aws:assumedroot": False,
    "aws:federatedprovider": False,
    "aws:tokenissuetime": False,
    "aws:multifactorauthage": False,
    "aws:multifactorauthpresent": False,
    "aws:chatbotsourcearn": False,
    "aws:ec2instancesourcevpc": False,
    "aws:ec2instancesourceprivateipv4": False,
    "aws:sourceidentity": False,
    "aws:signinsessionarn": False,
    "codebuild:buildarn": False,
    "codebuild:projectarn": False,
    "ec2:roledelivery": False,
    "ec2:sourceinstancearn": False,
    "glue:roleassumedby": False,
    "glue:credentialissuingservice": False,
    "identitystore:userid": False,
    "lambda:sourcefunctionarn": False,
    "ssm:sourceinstancearn": False,
    # the network
    "aws:sourceip": False,
    "aws:sourcevpc": False,
    "aws:sourcevpcarn": False,
    "aws:sourcevpce": False,
    "aws:vpceaccount": False,
    "aws:vpceorgid": False,
    "aws:vpceorgpaths": True,
    "aws:vpcsourceip": False,
    # the resource
    "aws:resourceaccount": False,
    "aws:resourceorgid": False,
    "aws:resourceorgpaths": True,
    # the request
    "aws:calledvia": True,
    "aws:calledviafirst": False,
    "aws:calledvialast": False,
    "aws:calledviaawsmcp": False,
    "aws:viaawsmcpservice": False,
    "aws:viaawsservice": False,
    "aws:ismcpserviceaction": False,
    "aws:currenttime": False,
    "aws:epochtime": False,
    "aws:referer": False,
    "aws:requestedregion": False,
    "aws:securetransport": False,
    "aws:sourcearn": False,
    "aws:sourceaccount": False,
    "aws:sourceorgid": False,
    "aws:sourceorgpaths": True,
    "aws:useragent": False,
}

TAG_KEYS: Final[dict[str, bool]] = {"aws:requesttag/": False, "aws:resourcetag/": False, "aws:tagkeys": True}
"""Global keys too, but only where an action takes tags, or a resource has any."""


def find_global(key: str) -> bool | None:
    """Whether a global key may have several values; None where there is no such key. Keys with a slash go on with a tag's name."""
    return _find(GLOBAL_KEYS, key)


def find_tag_key(key: str) -> bool | None:
    """Likewise for the keys about tags of requests and resources."""
    return _find(TAG_KEYS, key)


def _find(table: dict[str, bool], key: str) -> bool | None:
    lowered = key.lower()
    prefix, slash, name = lowered.partition("/")
    return table.get(prefix + slash if slash and name else lowered) if not lowered.endswith("/") else None
