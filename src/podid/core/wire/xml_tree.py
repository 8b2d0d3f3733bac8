"""A small XML reader for requests: elements and text, no document types, bounded depth and count.

A document type is the door to entity expansion and to outside files, and no AWS client sends one: it is refused before anything in it is read.
"""

from __future__ import annotations

from xml.parsers import expat

from podid.core.wire.problems import Unreadable

MAX_DEPTH = 64
MAX_ELEMENTS = 100_000
"""S3's largest body, DeleteObjects, names 1 000 keys; Route 53 takes 1 000 records of some dozen elements."""

_SEPARATOR = "\n"
_MALFORMED = (
    "The XML you provided was not well-formed or did not validate against our published schema"  # S3's own words
)


class Element:
    """One element. Names have lost their namespace; `text` is what stands directly in it."""

    __slots__ = ("attributes", "children", "name", "parts")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.parts)


def parse_xml(data: bytes) -> Element:
    """The root element. Raises Unreadable."""
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.document_type
    try:
        parser.Parse(data, True)
    # ValueError and LookupError: an encoding that Python does not know
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(_MALFORMED) from error
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self._open: list[Element] = []
        self._count = 0
        self._root: Element | None = None

    @property
    def root(self) -> Element:
        assert self._root is not None, "expat reports a document without a root itself"
        return self._root

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise Unreadable(_MALFORMED)
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def end(self, name: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        if self._open:
            self._open[-1].parts.append(text)

    def document_type(self, *_: object) -> None:
        raise Unreadable(_MALFORMED)


def _local(name: str) -> str:
    return name.rpartition(_SEPARATOR)[2]
