"""What an image means where nothing is pulled: the host's read-only view, and for a few images the program they would start.

An image names what it runs only through its entrypoint; a container with a `command` needs none. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

AWS_CLI = frozenset({"amazon/aws-cli", "aws-cli/aws-cli"})
PODID = frozenset({"podid/podid"})


class ImageNotAvailable(Exception):
    """The container names no program, and its image is not one that podid knows. The text says what to do."""


class Image(Struct, frozen=True):
    """What an image stands for."""

    entrypoint: tuple[str, ...]
    own: bool = False
    """One of podid's own: it sees podid's interpreter and packages."""


def repository(image: str) -> str:
    """An image's name without registry, tag and digest: `public.ecr.aws/aws-cli/aws-cli:2.9` → `aws-cli/aws-cli`."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = head + slash + last.partition(":")[0]
    first, _, rest = name.partition("/")
    return rest if rest and ("." in first or ":" in first or first == "localhost") else name


def find(image: str, podid: Sequence[str]) -> Image:
    """What an image stands for; an entrypoint may be empty."""
    name = repository(image)
    if name in AWS_CLI:
        return Image(("aws",))
    if name in PODID:
        return Image(tuple(podid), own=True)
    return Image(())


def command_line(container: Mapping[str, Any], podid: Sequence[str]) -> tuple[str, ...]:
    """What a container runs, before expansion (`command` in the place of the entrypoint, then `args`). Raises ImageNotAvailable."""
    image = find(str(container.get("image", "")), podid)
    entrypoint = own_program(tuple(container.get("command") or ()), image, podid) or image.entrypoint
    if not entrypoint:
        raise ImageNotAvailable(
            f"image \"{container.get('image', '')}\" is not pulled: podid's local cluster runs containers on the host's read-only view and pulls "
            "nothing. Give the container a `command` that the host has, or use the image amazon/aws-cli; a real cluster runs any image"
        )
    return entrypoint + tuple(container.get("args") or ())


def own_program(argv: tuple[str, ...], image: Image, podid: Sequence[str]) -> tuple[str, ...]:
    """In podid's own image the word `podid` is podid's program, wherever that lies on this host."""
    return (*podid, *argv[1:]) if image.own and argv[:1] == ("podid",) else argv
