"""What strangers bring to IAM and STS beside policies: certificates, keys, metadata, assertions. Refused in the service's words, whatever it is."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.tools import saml_idp

from podid.core.errors import AwsError
from podid.iam.api.ssh_public_keys import _read
from podid.iam.certificates import check_chain, check_pair, read_certificate
from podid.iam.saml_metadata import BadMetadata, parse_metadata
from podid.sts.saml.assertion import read_assertion
from podid.sts.saml.signed import signed_assertion

METADATA = saml_idp.metadata()
CERTIFICATE = saml_idp.keys().certificate_pem.decode()
PARSED = parse_metadata(METADATA)


@st.composite
def broken(draw: st.DrawFn, whole: str) -> str:
    """A good text with a piece of it taken out, doubled or replaced."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 200)))
    return whole[:start] + draw(st.text(max_size=20)) + whole[end:] + draw(st.sampled_from(["", whole[start:end]]))


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=300), broken(CERTIFICATE)))
@example("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----")
def test_certificates(text: str) -> None:
    for take in (read_certificate, check_chain):
        with contextlib.suppress(AwsError):
            take(text)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=300), broken(saml_idp.keys().private_pem.decode())))
def test_private_keys(text: str) -> None:
    with contextlib.suppress(AwsError):
        check_pair(read_certificate(CERTIFICATE), text)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300), st.binary(max_size=300).map(lambda raw: "ssh-rsa " + base64.b64encode(raw).decode())
    )
)
@example("ssh-rsa ")
@example("ssh-rsa AAAAB3NzaC1yc2EAAAAA")
def test_ssh_keys(text: str) -> None:
    with contextlib.suppress(AwsError):
        _read(text)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=300), broken(METADATA)))
def test_metadata(text: str) -> None:
    with contextlib.suppress(BadMetadata):
        parse_metadata(text)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_assertions(data: st.DataObject) -> None:
    good = base64.b64decode(saml_idp.response(datetime(2026, 1, 2, tzinfo=UTC), roles=["a,b"])).decode()
    text = data.draw(broken(good))
    with contextlib.suppress(AwsError):
        element = signed_assertion(base64.b64encode(text.encode("utf-8", "replace")).decode(), PARSED)
        assert read_assertion(element).subject == "ann"  # only what is not covered by the signature can have changed
