"""S3's form uploads (POST Object): a browser's form becomes the PutObject of whoever signed its policy. A part of steps 2 to 7.

The signer needs s3:PutObject for the key like anybody else; the policy narrows what a stranger may do with the form. Without a policy the
form is nobody's, and only a bucket's policy lets it in. Source: S3 API reference, "POST Object".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from msgspec.structs import replace

from podid.core.http import Headers, HttpRequest, HttpResponse
from podid.core.sigv4 import Claim, SignatureProblem
from podid.core.sigv4.post_policy import (
    PolicyFailure,
    SizeRange,
    check_form,
    check_form_signature,
    read_form_claim,
)
from podid.core.wire import Match
from podid.gateway.refusals import Said, refused
from podid.gateway.steps.values import Addressed, Understood
from podid.gateway.uploads.forms import boundary_of
from podid.gateway.uploads.intake import LARGEST

_HEADERS = {
    "cache-control": "cache-control",
    "content-type": "content-type",
    "content-disposition": "content-disposition",
    "content-encoding": "content-encoding",
    "expires": "expires",
    "content-md5": "content-md5",
    "acl": "x-amz-acl",
}
"""Fields that are headers of a PutObject by another name, or by the same; those that begin with `x-amz-` are it too."""

_OF_SIGNATURE = frozenset(
    {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"}
)


def form_boundary(addressed: Addressed) -> bytes | None:
    """The boundary of the form that a request posts to a bucket; None where it posts none."""
    request = addressed.request
    if addressed.service.model != "s3" or request.method != "POST" or request.query:
        return None
    if addressed.claim is not None or not bucket_of(request) or "/" in request.path.strip("/"):
        return None
    return boundary_of(request.header("content-type") or "")


def bucket_of(request: HttpRequest) -> str:
    """The bucket in the path."""
    return unquote(request.path).strip("/")


def claim_of(fields: Mapping[str, str], request: HttpRequest) -> Claim | None:
    """Who signed the form; None where nobody did. Raises Refused."""
    try:
        return read_form_claim(fields)
    except SignatureProblem as problem:
        raise refused(problem, request) from problem


def check_claim(claim: Claim, fields: Mapping[str, str], secret: str, request: HttpRequest) -> None:
    """Whether the claim's secret signed the policy. Raises Refused."""
    try:
        check_form_signature(claim, fields["policy"], secret)
    except SignatureProblem as problem:
        raise refused(problem, request) from problem


def as_put(addressed: Addressed, fields: Mapping[str, str], claim: Claim | None) -> tuple[Addressed, SizeRange]:
    """The PutObject that the form stands for, and how large its file may be. Raises Said."""
    request, bucket = addressed.request, bucket_of(addressed.request)
    key = fields.get("key", "").replace("${filename}", fields.get("file", ""))
    if not key:
        raise Said(
            "InvalidArgument",
            400,
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
            ArgumentName="key",
            ArgumentValue="",
        )
    if "tagging" in fields:
        raise Said("NotImplemented", 501, "podid takes no tagging document in a form: tag the object afterwards.")
    size = SizeRange(0, LARGEST)
    if claim is not None:
        form = {name: value for name, value in fields.items() if name not in ("file", "content-type of file")}
        try:
            size = (
                check_form(fields["policy"], {**form, "key": key}, bucket=bucket, now=addressed.numbered.received.now)
                or size
            )
        except PolicyFailure as failure:
            raise Said("AccessDenied", 403, str(failure)) from failure
    headers = [(name, value) for name, value in request.headers if name in ("host", "user-agent", "referer", "origin")]
    for name, value in fields.items():
        header = _HEADERS.get(name) or (name if name.startswith("x-amz-") and name not in _OF_SIGNATURE else None)
        if header is not None:
            headers.append((header, value.encode("utf-8").decode("latin-1").replace("\r", " ").replace("\n", " ")))
    if "content-type" not in fields and "content-type of file" in fields:
        headers.append(("content-type", fields["content-type of file"]))
    put = HttpRequest(method="PUT", path=f"/{quote(bucket)}/{quote(key, safe='/~')}", headers=tuple(headers))
    match = Match(addressed.model.operations["PutObject"], {"Bucket": bucket, "Key": key})
    return replace(addressed, request=put, match=match, claim=claim, region=_region(claim, addressed)), size


def with_form_context(understood: Understood) -> Understood:
    """The call, with the keys that tell how it was signed."""
    claim = understood.authenticated.addressed.claim
    if claim is None:
        return understood
    version = "AWS4-HMAC-SHA256" if claim.version == "v4" else "AWS"
    context = {**understood.call.context, "s3:authType": ("POST",), "s3:signatureversion": (version,)}
    return replace(understood, call=replace(understood.call, context=context))


def check_size(size: int, allowed: SizeRange) -> None:
    """Raise EntityTooSmall where the file has fewer bytes than the policy wants; more were refused as they came."""
    if size < allowed.least:
        raise Said(
            "EntityTooSmall",
            400,
            "Your proposed upload is smaller than the minimum allowed size",
            ProposedSize=str(size),
            MinSizeAllowed=str(allowed.least),
        )


def answer_to_form(put: HttpResponse, fields: Mapping[str, str], understood: Understood) -> HttpResponse:
    """The answer to the PutObject as one to the form: where the browser is to go, a document, or nothing."""
    members = understood.members
    bucket, key = str(members["Bucket"]), str(members["Key"])
    etag = next((value for name, value in put.headers if name == "etag"), "")
    location = f"{understood.authenticated.addressed.numbered.received.endpoint}/{bucket}/{quote(key)}"
    headers: Headers = tuple(pair for pair in put.headers if pair[0] not in ("content-type", "content-length"))
    target = fields.get("success_action_redirect") or fields.get("redirect")
    if target and urlsplit(target).scheme in ("http", "https") and target.isascii() and target.isprintable():
        joint = "&" if urlsplit(target).query else "?"
        away = f"{target}{joint}bucket={quote(bucket)}&key={quote(key, safe='')}&etag={quote(etag, safe='')}"
        return replace(put, status=303, headers=(*headers, ("location", away)))
    headers = (*headers, ("location", location))
    status = fields.get("success_action_status")
    if status == "201":
        document = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>'
            f"<Location>{escape(location)}</Location><Bucket>{escape(bucket)}</Bucket><Key>{escape(key)}</Key>"
            f"<ETag>{escape(etag)}</ETag></PostResponse>"
        )
        return replace(
            put, status=201, headers=(*headers, ("content-type", "application/xml")), body=document.encode("utf-8")
        )
    return replace(put, status=200 if status == "200" else 204, headers=headers, body=b"")


def _region(claim: Claim | None, addressed: Addressed) -> str:
    return claim.region if claim is not None and claim.region else addressed.region
