"""Nothing that opens anything is written down: every operation of podid's own services is called with planted secrets, and then all that was
written is searched for them, and for every secret that was answered: batches as the database has them, entries, and lines of the log.
"""

from __future__ import annotations

import io
import json
import logging
import re
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import select
from tests.contract.served import Served

from podid.audit.tables import BATCHES
from podid.core.clock import system_clock
from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, sign
from podid.core.wire import load_service, patterns
from podid.core.wire.shapes import Shape
from podid.gateway.extensions import extension_model
from podid.gateway.steps.values import Received
from podid.log_lines import JsonLines

ACCOUNT = "555566667777"
"""An account of its own: what is deleted here is nobody else's."""
CLUSTER, ROLE = "eksdemo1", f"arn:aws:iam::{ACCOUNT}:role/audit-sweep"
PLANTED, PLANTED_CODE = "pL4nt3dS3cr3t", "731906"
FOREVER = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
PEOPLE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": "pods.eks.amazonaws.com"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": PEOPLE, "Action": ["sts:AssumeRole", "sts:TagSession"]}],
    }
)
SECRET = re.compile(
    "(old|new|service)?password|(add)?privatekey|secretaccesskey|sessiontoken|token|tokencode|webidentitytoken|tradeintoken|qrcodepng"
    "|samlassertion|contextassertion|authenticationcode[12]|servicecredentialsecret|base32stringseed|activationcode",
    re.IGNORECASE,
)
"""Members whose values open something, by their names in the models."""
SAMPLES = (
    *(
        "audit-sweep",
        ROLE,
        f"arn:aws:iam::{ACCOUNT}:policy/audit-sweep",
        TRUST,
        "/audit/",
        "111122223333",
        "1.33",
        "a.example",
    ),
    *(
        "AKIAAUDITSWEEP234567",
        "https://a.example/x",
        "us-east-1",
        "ec2.amazonaws.com",
        "arn:aws:s3:::bucket",
        "x" * 40,
        "9" * 20,
    ),
)
SCALARS: dict[str, Any] = {"boolean": True, "float": 1.5, "double": 1.5, "timestamp": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a process writes on standard error meanwhile."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    loggers = [logging.getLogger(), logging.getLogger("podid")]
    levels = [logger.level for logger in loggers]
    loggers[0].addHandler(handler)
    loggers[1].setLevel(logging.DEBUG)
    yield written
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def filled(shape: Shape, name: str = "", *, depth: int = 0, sparsely: bool = False) -> Any:
    """A value of a shape that keeps to its model where there is a sample for it; with a planted one for each secret. `sparsely`: with what
    is required and what is secret alone."""
    raw = shape.raw
    if shape.type == "structure":
        told = [n for n in shape.members if depth < 5 and (not sparsely or n in shape.required or SECRET.fullmatch(n))]
        return {n: filled(shape.members[n].shape, n, depth=depth + 1, sparsely=sparsely) for n in told}
    if shape.type == "list":
        return [filled(shape.item.shape, name, depth=depth + 1, sparsely=sparsely)] * max(1, int(raw.min or 0))
    if shape.type == "map":
        return {filled(shape.key.shape): filled(shape.value.shape, name, depth=depth + 1, sparsely=sparsely)}
    if shape.type in ("integer", "long"):
        return max(1, int(raw.min or 0))
    if shape.type == "blob":
        return f"{PLANTED}-blob".encode()
    if shape.type != "string":
        return SCALARS[shape.type]
    if SECRET.fullmatch(name):
        return PLANTED_CODE if raw.max == len(PLANTED_CODE) else PLANTED.ljust(int(raw.min or 0), "=")
    if raw.enum:
        return raw.enum[0]
    fits = (s for s in SAMPLES if (raw.min or 0) <= len(s) <= (raw.max or 1e9) and matches(raw.pattern, s))
    if "arn" in name.lower() or "policydocument" in name.lower():
        fits = (s for s in list(fits) if s[:1] == ("a" if "arn" in name.lower() else "{") and len(s) > 20)
    return next(fits, "audit-sweep")


def matches(pattern: str | None, text: str) -> bool:
    return not pattern or bool(patterns.matches(pattern, text))


def misshapen(value: Any, name: str = "") -> Any:
    """The same with each secret too long and of no allowed form: the refusal must not repeat it."""
    if isinstance(value, dict):
        return {inner: misshapen(held, inner) for inner, held in value.items()}
    if isinstance(value, list):
        return [misshapen(held, name) for held in value]
    return f"\u00a7{PLANTED}\u00a7 " * 4000 if SECRET.fullmatch(name) and isinstance(value, str) else value


def secrets_in(answer: Any, name: str = "") -> set[str]:
    """What an answer gives away that opens something."""
    if isinstance(answer, dict):
        return {secret for inner, held in answer.items() for secret in secrets_in(held, inner)}
    if isinstance(answer, list):
        return {secret for held in answer for secret in secrets_in(held, name)}
    if isinstance(answer, bytes):
        answer = answer.decode("latin-1")
    return {answer} if SECRET.fullmatch(name) and isinstance(answer, str) and len(answer) > 8 else set()


def everything(served: Served, lines: io.StringIO) -> bytes:
    """All that was written, in all its forms."""
    served.decisions.flush()
    entries = served.decisions.between(*FOREVER, limit=10**6)
    with served.decisions._store.read() as connection:
        packed = connection.execute(select(BATCHES.c.packed)).scalars().all()
    return b"\n".join(
        (*packed, repr(entries).encode(), *(entry.event.encode() for entry in entries), lines.getvalue().encode())
    )


def require_none(served: Served, lines: io.StringIO, secrets: set[str]) -> None:
    told = everything(served, lines)
    for secret in secrets:
        place = told.find(secret.encode())
        assert place < 0, (secret[:12], told[max(0, place - 300) : place + 60])
    code = re.search(rb"(?<![0-9A-Za-z-])%s(?![0-9A-Za-z-])" % PLANTED_CODE.encode(), told)
    assert code is None, told[max(0, code.start() - 300) : code.end() + 60]


def in_order(operation: str) -> tuple[int, str]:
    """What is made comes before what needs it, what deletes comes last."""
    first = ("CreateUser", "CreateRole", "Create", "Register")
    rank = next((at for at, prefix in enumerate(first) if operation.startswith(prefix)), len(first))
    return (rank + 1 if operation.startswith(("Delete", "Deregister", "Remove")) else rank), operation


@pytest.mark.parametrize("service", ["iam", "sts", "eks", "eks-auth"])
def test_no_operation_writes_a_secret(served: Served, lines: io.StringIO, service: str) -> None:
    people = served.client("iam", served.administrator_of(ACCOUNT))
    with suppress(ClientError):  # it is there from the service before
        people.create_role(RoleName="audit-sweep", AssumeRolePolicyDocument=TRUST)
    client = served.client(service, served.administrator_of(ACCOUNT), parameter_validation=False)
    operations = load_service(service).operations
    secrets, answered = {PLANTED}, 0
    for form in (partial(filled, sparsely=True), filled, lambda shape: misshapen(filled(shape))):
        for name in sorted(operations, key=in_order):
            shape = operations[name].input
            members = form(shape) if shape is not None else {}
            with suppress(ClientError, BotoCoreError, UnicodeError):
                secrets |= secrets_in(client._make_api_call(name, members))
                answered += 1
    told = everything(served, lines).decode("utf-8", "replace")
    assert all(f"{service}:{name}" in told for name in operations), "each of them is written down"
    assert answered >= {"iam": 100, "sts": 5, "eks": 4, "eks-auth": 0}[service], answered
    assert len(secrets) > (service in ("iam", "sts")), secrets
    require_none(served, lines, secrets)


def test_podids_own_operations_write_none(served: Served, lines: io.StringIO) -> None:
    session = ask(served, "podid", "/_podid/nodes/i-0123456789abcdef0/session", {})
    assert session["SecretAccessKey"]
    for name, operation in extension_model().operations.items():
        path = re.sub(r"\{\w+\}", CLUSTER, operation.uri)
        assert operation.input is not None
        for members in (filled(operation.input), misshapen(filled(operation.input))):
            ask(served, "podid", path, members)
        assert name in lines.getvalue()
    require_none(served, lines, {PLANTED, session["SecretAccessKey"], session["Token"]})


def test_neither_do_signatures_and_tokens_of_the_caller(served: Served, lines: io.StringIO) -> None:
    """In a header or in a query; right, wrong, and where the request never becomes a call."""
    role = served.client("iam").create_role(
        RoleName="audit-secrets", AssumeRolePolicyDocument=TRUST.replace(ACCOUNT, "111122223333")
    )
    user = served.user("audit-secrets", served.allow("sts:*"))
    made = served.client("sts", user).assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="one")["Credentials"]
    sessions = served.client("sts", Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))
    sessions.get_caller_identity()
    url = sessions.generate_presigned_url("get_caller_identity", ExpiresIn=60)
    signature = re.search("X-Amz-Signature=([0-9a-f]{64})", url)
    assert signature is not None
    for asked in (url, url[:-4] + "0000", url.replace("GetCallerIdentity", "No"), url + "&X-Amz-Signature=" + PLANTED):
        with suppress(OSError):
            urllib.request.urlopen(asked, timeout=5).close()
    secrets = {PLANTED, made["SecretAccessKey"], made["SessionToken"], signature[1][:60]}
    for headers in (
        {
            "authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/20260102/us-east-1/eks/aws4_request, SignedHeaders=host, Signature={PLANTED}"
        },
        {
            "authorization": f"AWS4-HMAC-SHA256 Credential={PLANTED}/20260102/us-east-1/eks/aws4_request, "
            f"SignedHeaders=host, Signature={'0' * 64}"
        },
        {"authorization": f"Bearer {PLANTED}"},
        {"authorization": PLANTED, "x-amz-security-token": PLANTED},
        {"cookie": PLANTED, "x-amz-security-token": PLANTED},
    ):
        for path in ("/clusters", f"/bucket/key?X-Amz-Security-Token={PLANTED}", f"/_podid/x?token={PLANTED}"):
            with suppress(OSError):
                urllib.request.urlopen(urllib.request.Request(served.url + path, headers=headers), timeout=5).close()
    require_none(served, lines, secrets)


def test_nor_does_what_services_call_for_others(served: Served, lines: io.StringIO) -> None:
    properties = {"UserName": "audit-secrets-of-stack", "LoginProfile": {"Password": f"{PLANTED}-Aa1!"}}
    database = {"DBInstanceClass": "db.t3.micro", "Engine": "mysql", "AllocatedStorage": "20", "MasterUsername": "me"}
    template = {
        "Resources": {
            "U": {"Type": "AWS::IAM::User", "Properties": properties},
            "D": {"Type": "AWS::RDS::DBInstance", "Properties": {**database, "MasterUserPassword": PLANTED}},
            "S": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "s", "Type": "String", "Value": PLANTED}},
        }
    }
    served.client("cloudformation").create_stack(
        StackName="audit-secrets", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    told = everything(served, lines).decode("utf-8", "replace")
    assert all(name in told for name in ("audit-secrets-of-stack", "rds:CreateDBInstance", "ssm:PutParameter"))
    few = served.user("audit-secrets-few", served.allow("cloudformation:*"))
    alone = json.dumps({"Resources": {"D": template["Resources"]["D"]}})
    with suppress(ClientError):
        served.client("cloudformation", few).create_stack(StackName="audit-secrets-few", TemplateBody=alone)
    served.decisions.flush()
    entries = served.decisions.between(*FOREVER, caller_arn="arn:aws:iam::111122223333:user/audit-secrets-few")
    assert ("rds:CreateDBInstance", "ImplicitlyDenied") in [(one.action, one.outcome) for one in entries]
    with suppress(ClientError):
        served.client("secretsmanager", parameter_validation=False).create_secret(Name="", SecretString=PLANTED)
    require_none(served, lines, {PLANTED})


def ask(served: Served, service: str, path: str, members: dict[str, Any]) -> dict[str, Any]:
    """What podid's own extension answers."""
    now, url, body = system_clock(), f"https://{service}.example{path}", json.dumps(members).encode()
    made = sign(
        served.administrator,
        method="POST",
        url=url,
        headers={},
        body=body,
        service=service,
        region="us-east-1",
        now=now,
    )
    names = {name.lower(): value for name, value in made.items()} | {"host": f"{service}.example"}
    answer = served.gateway.answer(
        Received(request=HttpRequest(method="POST", path=path, headers=tuple(names.items()), body=body), now=now)
    )
    read: dict[str, Any] = json.loads(answer.body)
    return read
