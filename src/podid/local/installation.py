"""What was decided when an installation was first started, and is kept from then on: names, ids and ports."""

from __future__ import annotations

import os
import socket

import msgspec

from podid.core.ids import RandomBytes, hex_id
from podid.files import write_whole
from podid.local.home import Home
from podid.local.problems import Forbidden, WrongUsage

DEFAULT_PORT = 4566
"""Where tools for local AWS endpoints look first."""

LOOPBACK = "127.0.0.1"


class Installation(msgspec.Struct, kw_only=True, frozen=True):
    """One local installation. Ports are on loopback; one that was chosen freely is kept, so that running pods and shells go on."""

    account: str = "111122223333"
    region: str = "us-east-1"
    cluster: str = "eksdemo1"
    kubernetes_version: str = "1.33"
    node: str = "ip-10-88-0-1.ec2.internal"
    instance_id: str
    node_role: str = "eksdemo1-node-role"
    isolation: str = "auto"
    port: int
    cluster_port: int
    webhook_port: int

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def zone(self) -> str:
        return self.region + "a"

    @property
    def issuer(self) -> str:
        """The issuer of service account tokens, in the form of EKS's; nothing is fetched from there."""
        return f"https://oidc.eks.{self.region}.amazonaws.com/id/{self.instance_id.removeprefix('i-').upper().ljust(32, '0')}"


def load(home: Home) -> Installation | None:
    """The installation in this home, or None before its first start."""
    try:
        return msgspec.json.decode(home.settings.read_bytes(), type=Installation)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as problem:
        raise Forbidden(
            f"{home.settings} cannot be read: {problem}",
            "restore it from a copy, or move the home folder away and start anew",
        ) from problem


def load_or_create(home: Home, *, port: int | None, isolation: str, random: RandomBytes = os.urandom) -> Installation:
    """The installation of this home, made if it is new, with the wished port and isolation.

    `port` None keeps the former (or takes 4566), 0 keeps the former or takes a free one. Raises Forbidden for a port in use.
    """
    if port is not None and not 0 <= port <= 65535:
        raise WrongUsage(f"{port} is not a port", "give a number from 0 (any free one) to 65535")
    former = load(home)
    if former is None:
        former = Installation(
            instance_id=f"i-{hex_id(random)}",
            isolation=isolation,
            port=port or (free_port() if port == 0 else DEFAULT_PORT),
            cluster_port=free_port(),
            webhook_port=free_port(),
        )
    wished = msgspec.structs.replace(former, isolation=isolation, port=port or former.port)
    if not is_free(wished.port):
        if port == 0:
            wished = msgspec.structs.replace(wished, port=free_port())
        else:
            raise Forbidden(
                f"port {wished.port} on {LOOPBACK} is in use by another program",
                "choose another: podid up --port 0 takes any free one",
            )
    for name in ("cluster_port", "webhook_port"):
        if not is_free(getattr(wished, name)):
            wished = msgspec.structs.replace(wished, **{name: free_port()})
    write_whole(home.settings, msgspec.json.format(msgspec.json.encode(wished), indent=2) + b"\n", durable=True)
    return wished


def is_free(port: int) -> bool:
    """Whether one could listen on this port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
