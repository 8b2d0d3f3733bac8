"""Sealing what a session is into its token, and opening it again.

    token  = base64( 0x01 | key id, 4 | salt, 24 | AES-256-GCM ciphertext and tag )
    key    = HMAC-SHA256( sealing key, salt )         one key a token, so the nonce is constant
    sealing key, secret key = HKDF-SHA256( ring key, info "podid seal v1" / "podid secret v1" )
    secret access key = base64( HMAC-SHA256( secret key, salt | access key id ) )[:40]

A fresh 256-bit key from 192 random bits for each token means that no number of sessions a ring key can seal comes near a bound: GCM's own
limit of 2^32 random nonces a key does not apply, and two equal salts are not to be expected before 2^96 tokens. The associated data is
the header and what the token is for, so a session does not open as a message and the other way round. Claims are deflated where that pays.
Sealing and secret keys are apart (HKDF): who learns a session's secret learns nothing about the seal.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from podid.core.ids import RandomBytes
from podid.core.macs import Mac, mac_with
from podid.sts.key_ring import KEY_ID_BYTES, KeyRing, RingKey

_VERSION: Final = b"\x01"
_SALT_BYTES: Final = 24
_HEADER_BYTES: Final = len(_VERSION) + KEY_ID_BYTES + _SALT_BYTES
_NONCE: Final = bytes(12)
_PLAIN: Final = b"\x00"
_DEFLATED: Final = b"\x01"
_PADDED: Final = b"\x02"  # then the length, 4 bytes, of one of the others, and zeros
_TAG_BYTES: Final = 16
_DEFLATE_OVER: Final = 1024
"""Bytes. Setting up zlib takes longer than all the rest of sealing, so only claims with a policy in them are deflated."""

MAX_TOKEN: Final = 8192
"""Characters of a token. AWS promises no limit and has been seen to stay under 4 096; a header line holds this one everywhere."""

MAX_CLAIMS: Final = 65_536
"""Bytes of claims once inflated: what is sealed was bounded when it was made, so more than this is not ours."""


class Unsealable(Exception):
    """The claims do not fit into a token."""


class NotOurs(Exception):
    """The token was not sealed here, or not for this purpose, or was altered."""


class Seal(Struct, frozen=True):
    """A token's ring key and salt: what its secrets are made of."""

    key: RingKey
    salt: bytes

    def secret(self, access_key_id: str) -> str:
        """The secret access key that belongs to the token and an access key id."""
        _, secret_mac = _derived(self.key.secret)
        return binascii.b2a_base64(secret_mac(self.salt + access_key_id.encode()), newline=False).decode()[:40]


def seal(ring: KeyRing, claims: bytes, purpose: bytes, random: RandomBytes, *, least: int = 0) -> tuple[str, Seal]:
    """The token for these claims, of at least so many characters, and its seal. Raises Unsealable."""
    made = Seal(ring.current(), random(_SALT_BYTES))
    header = _VERSION + made.key.id + made.salt
    plain = _PLAIN + claims if len(claims) <= _DEFLATE_OVER else _DEFLATED + zlib.compress(claims)
    if least:
        plain = _padded(plain, least)
    sealed = _cipher(made).encrypt(_NONCE, plain, header + purpose)
    token = binascii.b2a_base64(header + sealed, newline=False).decode()
    if len(token) > MAX_TOKEN or len(claims) > MAX_CLAIMS:
        raise Unsealable
    return token, made


def open_sealed(ring: KeyRing, token: str, purpose: bytes) -> tuple[bytes, Seal]:
    """The claims in a token, and its seal. Raises NotOurs."""
    if len(token) > MAX_TOKEN:
        raise NotOurs
    try:
        raw = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise NotOurs from problem
    header, sealed = raw[:_HEADER_BYTES], raw[_HEADER_BYTES:]
    key = ring.find(header[1 : 1 + KEY_ID_BYTES])
    if len(header) < _HEADER_BYTES or header[:1] != _VERSION or key is None:
        raise NotOurs
    made = Seal(key, header[-_SALT_BYTES:])
    try:
        plain = _cipher(made).decrypt(_NONCE, sealed, header + purpose)
    except InvalidTag as problem:
        raise NotOurs from problem
    return _inflate(plain), made


def _inflate(plain: bytes) -> bytes:
    """The claims in what was sealed: as they are, or deflated, with or without padding."""
    if plain[:1] == _PADDED:
        plain = plain[5 : 5 + int.from_bytes(plain[1:5], "big")]
    if plain[:1] == _PLAIN:
        return plain[1:]
    inflater = zlib.decompressobj()
    claims = inflater.decompress(plain[1:], MAX_CLAIMS)
    if not inflater.eof:
        raise NotOurs
    return claims


def _padded(plain: bytes, least: int) -> bytes:
    missing = -(-least * 3 // 4) - _HEADER_BYTES - _TAG_BYTES - len(plain) - 5
    return plain if missing <= -5 else _PADDED + len(plain).to_bytes(4, "big") + plain + bytes(max(0, missing))


def _cipher(made: Seal) -> AESGCM:
    sealing_mac, _ = _derived(made.key.secret)
    return AESGCM(sealing_mac(made.salt))


@lru_cache(maxsize=64)
def _derived(secret: bytes) -> tuple[Mac, Mac]:
    """HMAC with the sealing key and with the secret key of a ring key."""

    def derive(info: bytes) -> Mac:
        return mac_with(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret))

    return derive(b"podid seal v1"), derive(b"podid secret v1")
