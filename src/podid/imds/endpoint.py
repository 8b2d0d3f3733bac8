"""One request to IMDS, from its bytes to its answer.

1  a request that came through a proxy (X-Forwarded-For)    403: a reverse proxy must not hand out the node's role
2  Host                                                     one of IMDS's addresses: else 403 (DNS rebinding)
3  PUT /latest/api/token                                    200 with a token, or 400
4  any other without a good token                           401
5  GET                                                      the text, a folder's names, or 404
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from podid.imds import tokens
from podid.imds.documents import find, tree
from podid.imds.session import NoSession, Sessions
from podid.imds.settings import ImdsSettings
from podid.lean.messages import Request, Response

_TTL: Final = b"x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN: Final = b"x-aws-ec2-metadata-token"
_SERVER: Final = ("Server", "EC2ws")
_OF_SESSION: Final = ("meta-data/iam", "dynamic/instance-identity")
"""What cannot be told without the node's session."""
_VERSIONS: Final = frozenset({"latest", "2021-07-15", "2022-09-24"})
"""The versions of the data that are answered, all with the newest."""


class ImdsEndpoint:
    """The handler of the lean server. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        settings: ImdsSettings,
        sessions: Sessions,
        *,
        hosts: frozenset[str],
        key: bytes,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        """`key` is 32 random bytes for the tokens, made anew by each process."""
        self._settings = settings
        self._sessions = sessions
        self._hosts = hosts
        self._key = key
        self._clock = clock
        self._random = random

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        if request.header(b"x-forwarded-for") is not None:
            return _problem(403)
        hosts = request.all(b"host")
        if len(hosts) != 1:
            return _problem(400)
        if _bare(hosts[0].decode("latin-1")) not in self._hosts:
            return _problem(403)
        path = request.target.decode("latin-1").partition("?")[0]
        if path == "/latest/api/token":
            return self._token(request) if request.method == "PUT" else _problem(405, ("Allow", "OPTIONS, PUT"))
        left = tokens.seconds_left(self._key, (request.header(_TOKEN) or b"").decode("latin-1"), self._clock())
        if not left:
            return _problem(401)
        if request.method not in ("GET", "HEAD"):
            return _problem(405, ("Allow", "GET, HEAD"))
        version, _, rest = path.removeprefix("/").partition("/")
        if not version:
            return _text("\n".join(sorted(_VERSIONS)), left)
        if version not in _VERSIONS:
            return _problem(404)
        return self._read(rest, left)

    def _token(self, request: Request) -> Response:
        ttl = tokens.parse_ttl((request.header(_TTL) or b"").decode("latin-1"))
        if ttl is None:
            return _problem(400)
        # A second more than asked: what is left is counted in whole seconds.
        token = tokens.make(self._key, expires_at=int(self._clock()) + ttl + 1, nonce=self._random(8))
        return _text(token, ttl)

    async def _read(self, path: str, left: int) -> Response:
        session = self._sessions.kept
        if path.startswith(_OF_SESSION):
            try:
                session = await self._sessions.get()
            except NoSession:
                return _problem(503)
        found = find(tree(self._settings, session), path)
        return _problem(404) if found is None else _text(found, left)


def _text(body: str, left: int) -> Response:
    return Response(
        200,
        body.encode(),
        (("Content-Type", "text/plain"), ("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", str(left)), _SERVER),
    )


def _problem(status: int, *headers: tuple[str, str]) -> Response:
    """An error page, in the form of EC2's."""
    title = f"{status} - {HTTPStatus(status).phrase}"
    page = (
        '<?xml version="1.0" encoding="iso-8859-1"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n'
        '\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n'
        f" <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    )
    return Response(status, page.encode(), (("Content-Type", "text/html"), _SERVER, *headers))


def _bare(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
