"""What fields a Kubernetes type has: names, types, protobuf numbers, and how its lists merge.

It must not know any one kind: it reads `fields.txt`, a table of facts, once, when first asked. A type begins with its name at the start
of a line (`atomic`: owned as a whole by one manager in server-side apply); below it, indented, one field a line:

    NUMBER NAME TYPE [zero] [merge=KEY | merge] [retain] [keys=A,B | set] [atomic]

NUMBER is the protobuf field number. NAME is the JSON name; `.` marks an inlined struct, nested in protobuf but flat in JSON. TYPE is a
scalar (string, bool, int32, int64, bytes, time, microtime, quantity, intorstring), `object` (anything), a type's name, `[]T` or `{}T`
(a map by string). `zero` says that false, 0, "" or an empty list or map is a value of its own here; elsewhere Kubernetes takes it as
absent. `merge=KEY` is the key by which strategic merge patches merge a list of objects, bare `merge` a set of scalars, and
`retain` that `$retainKeys` applies. `keys=` and `set` are server-side apply's `listType: map` and `listType: set`; a list with neither
is atomic there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from msgspec import Struct, field


class Field(Struct, frozen=True, kw_only=True):
    """One field of a type, inlined ones already flattened."""

    name: str
    type: str
    """Without `[]` or `{}`."""
    many: bool = False
    by_name: bool = False
    """A map from strings to `type`."""
    keeps_zero: bool = False
    """Whether false, 0, "", [] and {} are other than absent."""
    merge_key: str | None = None
    """For strategic merge: the key of list elements, "" for a set of scalars, None for a list that is replaced."""
    retain_keys: bool = False
    keys: tuple[str, ...] = ()
    is_set: bool = False
    atomic: bool = False


class WireField(Struct, frozen=True):
    """One field as protobuf numbers it: `name` is "." where the message is inlined in JSON."""

    name: str
    type: str
    many: bool
    by_name: bool
    keeps_zero: bool


class Type(Struct, frozen=True):
    """One type: `fields` by JSON name, `wire` by protobuf number."""

    name: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    wire: Mapping[int, WireField] = field(default_factory=dict)
    atomic: bool = False


SCALARS = frozenset(("string", "bool", "int32", "int64", "bytes", "time", "microtime", "quantity", "intorstring"))


def find_type(name: str) -> Type | None:
    """The type of that name, or None."""
    return _types().get(name)


@cache
def _types() -> Mapping[str, Type]:
    return parse_types(files(__package__).joinpath("fields.txt").read_text())


def parse_types(text: str) -> Mapping[str, Type]:
    """Read a table of types. Raises ValueError where a line does not have the form above, or an inlined type is missing."""
    own: dict[str, list[tuple[int, Field]]] = {}
    atomic: set[str] = set()
    name = ""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            name, *marks = line.split()
            own[name] = []
            if marks:
                atomic.add(name)
        else:
            own[name].append(_parse_field(line))
    types: dict[str, Type] = {}

    def flatten(name: str) -> dict[str, Field]:
        flat: dict[str, Field] = {}
        for _, one in own[name]:
            flat.update(flatten(one.type) if one.name == "." else {one.name: one})
        return flat

    for name, lines in own.items():
        wire = {number: WireField(one.name, one.type, one.many, one.by_name, one.keeps_zero) for number, one in lines}
        types[name] = Type(name, flatten(name), wire, name in atomic)
    return types


def _parse_field(line: str) -> tuple[int, Field]:
    number, name, type_, *marks = line.split()
    many, by_name = type_.startswith("[]"), type_.startswith("{}")
    merge_key: str | None = None
    keys: tuple[str, ...] = ()
    for mark in marks:
        word, _, value = mark.partition("=")
        if word == "merge":
            merge_key = value
        elif word == "keys":
            keys = tuple(value.split(","))
        elif word not in ("zero", "retain", "set", "atomic"):
            raise ValueError(f"unknown mark {mark!r} in {line!r}")
    return int(number), Field(
        name=name,
        type=type_[2:] if many or by_name else type_,
        many=many,
        by_name=by_name,
        keeps_zero="zero" in marks,
        merge_key=merge_key,
        retain_keys="retain" in marks,
        keys=keys,
        is_set="set" in marks,
        atomic="atomic" in marks,
    )
