"""Asking one container by one probe, as the node does: HTTP, TCP or a command in the container."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from podid.localcluster.isolation.port import IsolationError, Sandbox
from podid.localcluster.kubelet.probes import Probe

_LONGEST_LINE = 8192
_SHOWN = 256


async def ask(
    probe: Probe, container: Mapping[str, Any], sandbox: Sandbox, environment: Mapping[str, str]
) -> tuple[bool, str]:
    """Whether the container answers as it should; else why not, for the event."""
    action = probe.action
    try:
        async with asyncio.timeout(probe.timeout):
            if "httpGet" in action:
                return await _http(action["httpGet"], container, sandbox)
            if "tcpSocket" in action:
                _, writer = await sandbox.dial(
                    port_of(action["tcpSocket"], container), action["tcpSocket"].get("host") or ""
                )
                writer.close()
                return True, ""
            if "exec" in action:
                return await _command(action["exec"].get("command") or [], container["name"], sandbox, environment)
    except TimeoutError:
        return False, f"no answer within {probe.timeout:g} s"
    except (IsolationError, OSError, ValueError) as problem:
        return False, str(problem)
    return False, "this kind of probe is not supported in the local cluster (httpGet, tcpSocket and exec are)"


def port_of(action: Mapping[str, Any], container: Mapping[str, Any]) -> int:
    """A port given by number or by the name that the container declares. Raises ValueError."""
    port = action.get("port")
    if isinstance(port, int):
        return port
    for declared in container.get("ports") or ():
        if declared.get("name") == port:
            return int(declared["containerPort"])
    if isinstance(port, str) and port.isdigit():
        return int(port)
    raise ValueError(f"the container declares no port {port!r}")


async def _http(action: Mapping[str, Any], container: Mapping[str, Any], sandbox: Sandbox) -> tuple[bool, str]:
    """GET; 200 to 399 is good. Redirects are not followed: to the same host they would be, on a real node."""
    port, host = port_of(action, container), action.get("host") or ""
    reader, writer = await sandbox.dial(port, host)
    try:
        if str(action.get("scheme", "HTTP")).upper() == "HTTPS":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # as kubelets do: a probe asks whether it answers, not who it is
            await writer.start_tls(context)
        headers = {"host": f"{host or sandbox.addresses[0]}:{port}", "user-agent": "kube-probe/1.33", "accept": "*/*"}
        headers |= {str(one["name"]).lower(): str(one["value"]) for one in action.get("httpHeaders") or ()}
        lines = "".join(f"{_line(name)}: {_line(value)}\r\n" for name, value in headers.items())
        path = _line(action.get("path") or "/").replace(" ", "%20")
        writer.write(
            f"GET {path if path.startswith('/') else '/' + path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n".encode()
        )
        await writer.drain()
        status = (await reader.readline())[:_LONGEST_LINE].decode("latin-1").split(" ", 2)
        code = int(status[1]) if len(status) > 1 and status[1].isdigit() else 0
    finally:
        writer.close()
    return 200 <= code < 400, f"HTTP probe failed with statuscode: {code}"


def _line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


async def _command(
    command: list[str], container: str, sandbox: Sandbox, environment: Mapping[str, str]
) -> tuple[bool, str]:
    session = await sandbox.exec(container, command, environment, stdin=False, terminal=False)
    said = b""
    try:
        async for _, piece in session.output():
            said = (said + piece)[:_SHOWN]
        code = await session.wait()
    except BaseException:
        await session.kill()
        raise
    return code == 0, said.decode(errors="replace").strip() or f"command ended with exit code {code}"
