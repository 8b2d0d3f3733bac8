"""What lies in a cluster's folder: made once, kept, renewed in time."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from podid.localcluster import pki
from podid.localcluster.preparing import prepare, read_tokens, renew_certificate
from podid.localcluster.settings import ClusterFiles

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def make(home: Path, *, port: int = 6443, now: datetime = NOW) -> ClusterFiles:
    return prepare(home / "cluster", cluster_name="eksdemo1", port=port, now=now)


def contents(files: ClusterFiles) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files.folder.iterdir()}


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    before = contents(make(tmp_path))
    assert contents(make(tmp_path, now=NOW + timedelta(days=300))) == before


def test_secrets_are_private(tmp_path: Path) -> None:
    files = make(tmp_path)
    assert files.folder.stat().st_mode & 0o777 == 0o700
    public = {files.ca_certificate, files.certificate, files.jwks}
    for path in files.folder.iterdir():
        assert path.stat().st_mode & 0o777 == (0o644 if path in public else 0o600), path


def test_the_certificate_is_for_every_name_of_the_api(tmp_path: Path) -> None:
    files = make(tmp_path)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) >= {"localhost", "kubernetes.default.svc", "kubernetes"}
    assert {str(address) for address in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1", "10.96.0.1"}
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(files.ca_certificate.read_bytes()))
    context = ssl.create_default_context(cafile=str(files.ca_certificate))
    assert len(context.get_ca_certs()) == 1


def test_the_certificate_is_renewed_before_it_ends_and_not_earlier(tmp_path: Path) -> None:
    files = make(tmp_path)
    first = files.certificate.read_bytes()
    end = x509.load_pem_x509_certificate(first).not_valid_after_utc
    assert not renew_certificate(files, end - pki.RENEW_BEFORE - timedelta(seconds=1))
    assert renew_certificate(files, end - pki.RENEW_BEFORE)
    assert files.certificate.read_bytes() != first


def test_a_certificate_of_another_authority_or_for_other_names_is_not_good(tmp_path: Path) -> None:
    key, authority_key = pki.make_key(), pki.make_key()
    authority = pki.make_authority(authority_key, "a", NOW)
    other = pki.make_authority(pki.make_key(), "a", NOW)
    certificate = pki.make_certificate(key, authority, authority_key, ["one", "127.0.0.1"], NOW)
    assert pki.is_good(certificate, authority, ["one", "127.0.0.1"], NOW)
    assert not pki.is_good(certificate, other, ["one", "127.0.0.1"], NOW)
    assert not pki.is_good(certificate, authority, ["two"], NOW)
    assert not pki.is_good(b"spam", authority, ["one"], NOW)


def test_the_kubeconfig_leads_to_the_cluster(tmp_path: Path) -> None:
    files = make(tmp_path, port=1234)
    read = yaml.safe_load(files.kubeconfig.read_text())
    assert read["current-context"] == "eksdemo1"
    assert read["clusters"][0]["cluster"]["server"] == files.endpoint == "https://127.0.0.1:1234"
    tokens = read_tokens(files)
    assert read["users"][0]["user"]["token"] == tokens.administrator
    serve = yaml.safe_load(files.serve_kubeconfig.read_text())
    assert serve["users"][0]["user"]["token"] == tokens.serve != tokens.administrator


def test_what_the_person_changed_in_the_kubeconfig_stays(tmp_path: Path) -> None:
    files = make(tmp_path)
    read = yaml.safe_load(files.kubeconfig.read_text())
    read["contexts"][0]["context"]["namespace"] = "mine"
    files.kubeconfig.write_text(yaml.safe_dump(read))
    make(tmp_path)
    assert "mine" in files.kubeconfig.read_text()
    # another port leads elsewhere: then it is written anew
    moved = make(tmp_path, port=7000)
    assert "https://127.0.0.1:7000" in moved.kubeconfig.read_text()


def test_any_cluster_name_is_quoted(tmp_path: Path) -> None:
    files = prepare(tmp_path, cluster_name='a: "b" #c', port=1, now=NOW)
    assert yaml.safe_load(files.kubeconfig.read_text())["current-context"] == 'a: "b" #c'


def test_the_key_set_is_the_service_account_keys(tmp_path: Path) -> None:
    files = make(tmp_path)
    key = load_pem_private_key(files.service_account_key.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    (jwk,) = json.loads(files.jwks.read_text())["keys"]
    assert (jwk["kty"], jwk["alg"], jwk["use"]) == ("RSA", "RS256", "sig")
    assert "d" not in jwk


def test_tokens_do_not_show_themselves(tmp_path: Path) -> None:
    tokens = read_tokens(make(tmp_path))
    assert tokens.administrator not in repr(tokens)
    assert len(tokens.administrator) > 40
