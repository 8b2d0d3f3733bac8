"""Proxies: which one a request goes through, and that it does, by a real one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.lean.small_proxy import SmallProxy

from podid.core.http import HttpRequest
from podid.lean.client import CannotConnect, HttpClient
from podid.lean.messages import Request, Response
from podid.lean.proxies import BadProxy, Proxies, Proxy
from podid.lean.server import HttpServer, bound_socket
from podid.webhook.certificates import prepare

GET = HttpRequest(method="GET", path="/a", query="b=c")
SECRET = "Basic cG9kOnAlYTpzcw=="  # pod:p%a:ss


def echo(request: Request) -> Response:
    agent, shown = (request.header(name) for name in (b"user-agent", b"proxy-authorization"))
    return Response(200, b" ".join((request.target, agent or b"-", shown or b"-")), ())


@pytest.mark.parametrize(
    ("no_proxy", "address", "proxied"),
    [
        ("", "https://eks-auth.us-east-1.api.aws", True),
        ("*", "https://eks-auth.us-east-1.api.aws", False),
        ("api.aws", "https://eks-auth.us-east-1.api.aws", False),
        ("api.aws", "https://api.aws", False),
        ("api.aws", "https://notapi.aws", True),
        (".api.aws", "https://eks-auth.us-east-1.api.aws", False),
        (".api.aws", "https://api.aws", True),
        ("*.api.aws", "https://eks-auth.us-east-1.api.aws", False),
        ("other, API.AWS ,", "https://EKS-auth.us-east-1.api.aws.", False),
        ("api.aws:443", "https://x.api.aws", False),
        ("api.aws:8443", "https://x.api.aws", True),
        ("10.0.0.0/8", "https://10.1.2.3", False),
        ("10.0.0.0/8", "https://11.1.2.3", True),
        ("10.1.2.3", "https://10.1.2.3", False),
        ("10.1.2.3:443", "https://10.1.2.3", False),
        ("10.1.2.3:80", "https://10.1.2.3", True),
        ("2001:db8::/32", "https://[2001:db8::1]", False),
        ("[2001:db8::1]:443", "https://[2001:db8::1]", False),
        ("3.4", "https://1.2.3.4", True),
        ("", "https://localhost", False),
        ("", "https://127.1.2.3", False),
        ("", "https://[::1]", False),
        ("", "https://169.254.169.254", False),
        ("", "https://[fd00:ec2::254]", False),
        ("", "https://[fe80::1%25eth0]", False),
    ],
)
def test_what_no_proxy_excepts(no_proxy: str, address: str, proxied: bool) -> None:
    from urllib.parse import urlsplit

    proxies = Proxies({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": no_proxy})
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert (proxies.of(parts.scheme, parts.hostname, parts.port or 443) is not None) is proxied


@pytest.mark.parametrize(
    ("environment", "http", "https"),
    [
        ({}, None, None),
        ({"HTTP_PROXY": "http://p:1"}, Proxy("p", 1), None),
        ({"https_proxy": "p:2", "HTTP_PROXY": ""}, None, Proxy("p", 2)),
        ({"HTTPS_PROXY": "http://p", "https_proxy": "http://q:2"}, None, Proxy("p", 80)),
        ({"HTTPS_PROXY": "http://pod:p%25a%3Ass@p:2"}, None, Proxy("p", 2, SECRET)),
    ],
)
def test_which_variable_counts(environment: dict[str, str], http: Proxy | None, https: Proxy | None) -> None:
    proxies = Proxies(environment)
    assert proxies.of("http", "example.com", 80) == http
    assert proxies.of("https", "example.com", 443) == https
    assert "Basic" not in repr(https)


@pytest.mark.parametrize(
    "value", ["socks5://p:1", "https://user:secret@p:1", "http://", "http://p:many", "http://[::1"]
)
def test_a_proxy_that_cannot_be_meant_is_told_without_its_password(value: str) -> None:
    with pytest.raises(BadProxy, match="HTTPS_PROXY") as told:
        Proxies({"HTTPS_PROXY": value})
    assert "secret" not in str(told.value)


def through(proxy: SmallProxy, *, user: str = "", **more: Any) -> HttpClient:
    url = f"http://{user}127.0.0.1:{proxy.port}"
    return HttpClient(proxies=Proxies({"HTTP_PROXY": url, "HTTPS_PROXY": url}), user_agent="podid-test", **more)


def test_plain_http_is_passed_on_by_the_proxy(serving: Callable[..., Any]) -> None:
    async def scenario(_: HttpServer, port: int) -> None:
        async with SmallProxy(port, authorization=SECRET) as proxy:
            client = through(proxy, user="pod:p%25a%3Ass@")
            answer = await client.send("http://example.test:8080", GET, seconds=5)
            assert answer.body == b"/a?b=c podid-test -", "the proxy keeps what it alone is shown"
            assert proxy.asked == ["GET http://example.test:8080/a?b=c HTTP/1.1"]
            await client.close()

    serving(echo, scenario)


def test_https_goes_through_a_tunnel_and_keeps_it(tmp_path: Path) -> None:
    files = prepare(tmp_path, names=("eks-auth.test",))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.certificate, files.key)

    async def main() -> None:
        server = HttpServer(echo)
        listening = bound_socket("127.0.0.1", 0)
        port = listening.getsockname()[1]
        await server.listen(listening, tls=tls)
        async with asyncio.timeout(30), SmallProxy(port) as proxy:
            client = through(proxy, ca_bundle=files.ca)
            for _ in range(2):
                answer = await client.send("https://eks-auth.test", GET, seconds=5)
                assert answer.body == b"/a?b=c podid-test -"
            assert proxy.asked == ["CONNECT eks-auth.test:443 HTTP/1.1"]
            with pytest.raises(CannotConnect, match="certificate"):
                await client.send("https://another.test", GET, seconds=5)
            await client.close()
        await server.close(grace=1.0)

    asyncio.run(main())


@pytest.mark.parametrize("refusal", ["403 Forbidden", "407 Proxy Authentication Required", "200"])
def test_a_proxy_that_refuses_is_named(refusal: str) -> None:
    async def main() -> None:
        async with asyncio.timeout(30), SmallProxy(1, refusal=refusal) as proxy:
            client = through(proxy)
            with pytest.raises(CannotConnect, match=f"127.0.0.1:{proxy.port}"):
                await client.send("https://eks-auth.test", GET, seconds=5)

    asyncio.run(main())


def test_a_proxy_that_talks_without_end_is_left() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000)
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            client = HttpClient(proxies=Proxies({"HTTPS_PROXY": f"127.0.0.1:{port}"}))
            with pytest.raises(CannotConnect, match="did not answer in HTTP"):
                await client.send("https://eks-auth.test", GET, seconds=5)

    asyncio.run(main())


def test_loopback_is_never_proxied(serving: Callable[..., Any]) -> None:
    async def scenario(_: HttpServer, port: int) -> None:
        client = HttpClient(proxies=Proxies({"HTTP_PROXY": "http://127.0.0.1:1"}))
        assert (await client.send(f"http://127.0.0.1:{port}", GET, seconds=5)).body == b"/a?b=c podid -"
        await client.close()

    serving(echo, scenario)
