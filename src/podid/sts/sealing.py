"""Sealing what a session is into its token, and opening it again.

    token  = base64( 0x02 | key id, 4 | salt, 24 | nonce, 12 | AES-256-GCM ciphertext and tag )
    key    = HMAC-SHA256( sealing key, salt )                  one for a series of at most 65 536 tokens of one process
    nonce  = HMAC-SHA256( nonce key, 16 random bytes | what the token is for | what is sealed )[:12]
    secret access key = base64( HMAC-SHA256( secret key, salt | nonce | access key id ) )[:40]
    sealing key, nonce key, secret key = HKDF-SHA256( ring key, info "podid seal v1", "podid nonce v2", "podid secret v1" )

GCM must not see one nonce twice under one key, but for the same token. Salts are 192 random bits, so series have keys of their own: equal salts
are not to be expected before 2^96 series. Within a series nonces are as good as random, and two of 2^16 are equal with a probability of 2^-65;
2^40 tokens of one ring key stay below 2^-40, where NIST SP 800-38D asks for 2^-32. The nonce is made of the text and its purpose as well: should
the random bytes ever repeat, in a machine started twice from one snapshot, different texts still get different nonces, and equal ones give equal
tokens. (A purpose is printable and what is sealed begins with a byte that is not, so no two pairs read alike.)

The associated data is the header, nonce aside, and the purpose, so a session does not open as a message and the other way round. Nor does a token
open as one of another version: both take their keys from one sealing key, and the version, in the header, tells them apart. Claims are deflated
where that pays. The three keys are apart (HKDF): who learns a session's secret learns nothing about the seal.

What stands in the clear tells no more than which tokens are of one ring key and of one series, thus of one process at about one time.

Version 1, which is opened as long as a session of it may live, has a salt and so a key for each token, and a nonce of zeros that is not sent.
"""

from __future__ import annotations

import base64
import binascii
import os
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

_VERSION: Final = b"\x02"
_SALT_BYTES: Final = 24
_HEADER_BYTES: Final = len(_VERSION) + KEY_ID_BYTES + _SALT_BYTES
_NONCE_BYTES: Final = {1: 0, 2: 12}
"""By version: those that stand between header and ciphertext."""
_ZEROS: Final = bytes(12)
_PLAIN: Final = b"\x00"
_DEFLATED: Final = b"\x01"
_PADDED: Final = b"\x02"  # then the length, 4 bytes, of one of the others, and zeros
_TAG_BYTES: Final = 16
_SERIES: Final = 65_536
"""Tokens under one key. Threads that count at once may miss some of each other's, which the bound above does not notice."""
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


class Seal(Struct, frozen=True, gc=False):
    """A token's ring key and what is its own in the clear, salt and nonce: what its secret is made of."""

    key: RingKey
    mark: bytes

    def secret(self, access_key_id: str) -> str:
        """The secret access key that belongs to the token and an access key id."""
        mac = _derived(self.key.secret).secret(self.mark + access_key_id.encode())
        return binascii.b2a_base64(mac, newline=False).decode()[:40]


class _Series:
    """Tokens that are sealed with one key."""

    __slots__ = ("cipher", "header", "key", "nonce", "salt", "sealed")

    def __init__(self, key: RingKey, salt: bytes) -> None:
        derived = _derived(key.secret)
        self.key = key
        self.salt = salt
        self.header = _VERSION + key.id + salt
        self.nonce = derived.nonce
        self.cipher = AESGCM(derived.seal(salt))
        self.sealed = 0


class Sealer:
    """Seals with the key in use of a ring, and opens with any of them. Safe to use from many threads."""

    def __init__(self, ring: KeyRing, random: RandomBytes = os.urandom) -> None:
        self._ring = ring
        self._random = random
        self._series = self._begin(ring.current())

    def seal(self, claims: bytes, purpose: bytes, *, least: int = 0) -> tuple[str, Seal]:
        """The token for these claims, of at least so many characters, and its seal. Raises Unsealable."""
        series, key = self._series, self._ring.current()
        if series.key is not key or series.sealed >= _SERIES:
            series = self._series = self._begin(key)
        series.sealed += 1
        plain = _PLAIN + claims if len(claims) <= _DEFLATE_OVER else _DEFLATED + zlib.compress(claims)
        if least:
            plain = _padded(plain, least)
        nonce = series.nonce(self._random(16) + purpose + plain)[: len(_ZEROS)]
        sealed = series.cipher.encrypt(nonce, plain, series.header + purpose)
        token = binascii.b2a_base64(series.header + nonce + sealed, newline=False).decode()
        if len(token) > MAX_TOKEN or len(claims) > MAX_CLAIMS:
            raise Unsealable
        return token, Seal(key, series.salt + nonce)

    def open(self, token: str, purpose: bytes) -> tuple[bytes, Seal]:
        """The claims in a token, and its seal. Raises NotOurs."""
        if len(token) > MAX_TOKEN:
            raise NotOurs
        try:
            raw = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError) as problem:
            raise NotOurs from problem
        version = raw[0] if raw else 0
        key = self._ring.find(raw[1 : 1 + KEY_ID_BYTES])
        if version not in _NONCE_BYTES or key is None:
            raise NotOurs
        begin = _HEADER_BYTES + _NONCE_BYTES[version]
        header, nonce, sealed = raw[:_HEADER_BYTES], raw[_HEADER_BYTES:begin], raw[begin:]
        salt = header[-_SALT_BYTES:]
        if len(sealed) < _TAG_BYTES:
            raise NotOurs
        cipher = AESGCM(_derived(key.secret).seal(salt))
        try:
            plain = cipher.decrypt(nonce or _ZEROS, sealed, header + purpose)
        except InvalidTag as problem:
            raise NotOurs from problem
        return _inflate(plain), Seal(key, salt + nonce)

    def _begin(self, key: RingKey) -> _Series:
        return _Series(key, self._random(_SALT_BYTES))


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
    missing = -(-least * 3 // 4) - _HEADER_BYTES - len(_ZEROS) - _TAG_BYTES - len(plain) - 5
    return plain if missing <= -5 else _PADDED + len(plain).to_bytes(4, "big") + plain + bytes(max(0, missing))


class _Derived(Struct, frozen=True):
    """HMAC with the keys that are derived from one of the ring."""

    seal: Mac
    nonce: Mac
    secret: Mac


@lru_cache(maxsize=64)
def _derived(secret: bytes) -> _Derived:
    def derive(info: bytes) -> Mac:
        return mac_with(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret))

    return _Derived(derive(b"podid seal v1"), derive(b"podid nonce v2"), derive(b"podid secret v1"))
