"""Fills the placeholders of an ARN from a call: `${TableName}` from the member TableName.

A placeholder and a member are the same where they read alike without case and punctuation; beyond that, where they differ by a word the
service adds (`${KeyId}` and `keyId`, `${TopicName}` and `Name`), and where a table here says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Any

from podid.gateway.needs.bounds import bounded
from podid.gateway.needs.need import Asked

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")

# Placeholder, in lower case: members that mean it, in lower case and without punctuation.
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "queuename": ("queueurl",),
    "topicname": ("name",),
    "parameternamewithoutleadingslash": ("name", "names", "path"),
    "secretid": ("name",),
    "loggroupname": ("loggroupidentifier",),
    "functionname": ("functionarn",),
    "clustername": ("name", "cluster"),
    "rolenamewithpath": ("rolename",),
    "usernamewithpath": ("username",),
    "groupnamewithpath": ("groupname",),
    "statemachinename": ("name",),
    "rulename": ("rule", "name"),
    "eventbusname": ("eventbus",),
    "alarmname": ("alarmnames",),
    "databasename": ("database", "name"),
    "repositoryname": ("reponame", "repository"),
    "dbinstancename": ("dbinstanceidentifier",),
    "dbclusterinstancename": ("dbclusteridentifier",),
    "projectname": ("name",),
    "hostedzoneid": ("id",),
    "distributionid": ("id",),
    "filesystemid": ("filesystemids",),
    "workgroupname": ("workgroup", "name"),
    "certificateid": ("certificatearn",),
    "jobname": ("name",),
    "documentname": ("name", "names"),
    "patchbaselineidresourceid": ("baselineid",),
    "maintenancewindowid": ("windowid",),
    "eventsourcename": ("name",),
    "alias": ("aliasname",),
    "groupfriendlyname": ("autoscalinggroupname",),
    "bucketname": ("vectorbucketname",),
    "layerversion": ("versionnumber",),
}
# Service and kind of resource: members that name one.
_OF_KIND: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("rds", "pg"): ("dbparametergroupname", "sourcedbparametergroupidentifier"),
    ("rds", "cluster-pg"): ("dbclusterparametergroupname", "sourcedbclusterparametergroupidentifier"),
    ("rds", "subgrp"): ("dbsubnetgroupname",),
    ("rds", "snapshot"): ("dbsnapshotidentifier", "sourcedbsnapshotidentifier"),
    ("rds", "cluster-snapshot"): ("dbclustersnapshotidentifier", "sourcedbclustersnapshotidentifier"),
    ("rds", "og"): ("optiongroupname", "sourceoptiongroupidentifier"),
    ("rds", "secgrp"): ("dbsecuritygroupname",),
    ("rds", "es"): ("subscriptionname",),
    ("ssm", "maintenancewindow"): ("windowid",),
    ("ssm", "servicesetting"): ("settingid",),
    ("cloudwatch", "insight-rule"): ("rulenames", "rulename"),
    ("route53", "hostedzone"): ("hostedzoneid",),
    ("route53", "healthcheck"): ("healthcheckid",),
}
_NEVER_SAID = frozenset(
    {
        ("autoscaling", "autoscalinggroup", "groupid"),
        ("autoscaling", "launchconfiguration", "id"),
        ("autoscaling", "launchconfiguration", "launchconfigurationid"),
        ("autoscaling", "scalingpolicy", "id"),
    }
)
"""Service, kind and placeholder that only the service can fill, whatever a request names alike."""
_PLAIN_NAMES = ("name", "id", "identifier", "names", "ids")
_WORDS_ADDED = ("name", "id", "identifier", "arn", "ids", "names", "identifiers", "s", "")


class Filler:
    """The values that one call gives for placeholders."""

    def __init__(self, asked: Asked) -> None:
        call = asked.call
        self._fixed = {"Partition": call.partition, "Region": call.region, "Account": call.account}
        self._members = {_plain(name): value for name, value in asked.members.items()}
        self._service = _plain(asked.service.model)
        self._operation = _plain(asked.operation)

    def write(self, kind: str, template: str, placeholders: tuple[str, ...]) -> list[str]:
        """The ARNs, with `*` for every placeholder that the call says nothing of; several where it names several things."""
        return _written(template, {name: self._values(name, kind) or ("*",) for name in placeholders})

    def write_whole(self, kind: str, template: str, placeholders: tuple[str, ...]) -> list[str]:
        """The ARNs; none where the call does not fill every placeholder."""
        values = {name: self._values(name, kind) for name in placeholders}
        if set(placeholders) <= self._fixed.keys() or not all(values.values()):
            return []
        return _written(template, values)

    def _values(self, placeholder: str, kind: str) -> tuple[str, ...]:
        if placeholder in self._fixed:
            return (self._fixed[placeholder],)
        name = _plain(placeholder)
        thing = _plain(kind)
        if (self._service, thing, name) in _NEVER_SAID:
            return ()
        candidates = (
            *_OF_KIND.get((self._service, kind), ()),
            name,
            *_SYNONYMS.get(name, ()),
            *self._near(name),
            *((thing + word for word in _WORDS_ADDED) if _names_the_thing(name) else ()),
        )
        if thing in self._operation:
            # DeleteConnection takes a Name: a connection's, for that is what the operation is about.
            candidates += _PLAIN_NAMES
        for candidate in candidates:
            values = _texts(self._members.get(candidate))
            if values:
                return tuple(v.lstrip("/") for v in values) if name.endswith("withoutleadingslash") else values
        return ()

    def _near(self, name: str) -> list[str]:
        found = []
        for word in _WORDS_ADDED:
            stem = name.removesuffix(word) if word else name
            if stem and stem != name:
                found += [stem, *(stem + other for other in _WORDS_ADDED)]
        if name.startswith(self._service):
            found.append(name.removeprefix(self._service))
        return [candidate for candidate in found if candidate]


def _plain(name: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", name.lower())


def _names_the_thing(placeholder: str) -> bool:
    """Whether a placeholder is the thing's own name, not that of what it lies in."""
    return placeholder in ("id", "name", "resourceid", "resourcename", "identifier") or placeholder.endswith("id")


def _written(template: str, values: Mapping[str, tuple[str, ...]]) -> list[str]:
    names = list(values)
    written = []
    bounded(range(prod(map(len, values.values()))))
    for each in product(*values.values()):
        chosen = dict(zip(names, each, strict=True))
        written.append("".join(chosen.get(part, part) for part in _PLACEHOLDER.split(template)))
    return written


def _texts(value: Any) -> tuple[str, ...]:
    """The values of a member that can stand in an ARN: one, or those of a list."""
    values = value if isinstance(value, list | tuple) else (value,)
    found = [text for item in bounded(values) if (text := _text(item)) is not None]
    return tuple(found)


def _text(value: Any) -> str | None:
    """A value that can stand in an ARN: the last part of a URL, of an ARN or of Route 53's `/hostedzone/ID` where it is one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    if text.startswith(("https://", "http://")):
        text = text.rstrip("/").rpartition("/")[2]
    elif text.startswith(("/hostedzone/", "/delegationset/")):
        text = text.rpartition("/")[2]
    elif text.startswith("arn:"):
        text = re.split(r"[/:]", text)[-1]
    return text or None
