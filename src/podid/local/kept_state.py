"""The state of an installation as a whole: where it lies, taking it out, putting it in, looking whether it is whole.

Of a local home, or of any database and master key that `podid serve` is given. None of it needs a running `serve`, nor stops one.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from msgspec import Struct
from sqlalchemy import Connection, func, select, text

from podid.eks.tables import ASSOCIATIONS, CLUSTERS
from podid.files import create_once, drafted
from podid.iam import unreadable_secrets
from podid.iam.tables import ACCESS_KEYS, ROLES, USERS
from podid.local.home import Home
from podid.local.problems import Forbidden, LocalProblem, WrongUsage
from podid.store import (
    ENVIRONMENT,
    MasterKey,
    MasterKeyProblem,
    Store,
    StoreProblem,
    StoreUnavailable,
    TransferProblem,
    check_state,
    export_state,
    find_master_key,
    import_state,
    open_store,
)
from podid.sts import KeyRing, KeyRingProblem

LOG_TABLES = ("audit_",)


class Place(Struct, frozen=True, kw_only=True):
    """Where a state lies. Without a URL it is the home's."""

    home: Home
    store_url: str = ""
    master_key_file: Path | None = None
    key_ring_file: Path | None = None

    @property
    def is_local(self) -> bool:
        return not self.store_url

    @property
    def url(self) -> str:
        return self.store_url or f"sqlite:///{self.database}"

    @property
    def folder(self) -> Path:
        """Where serve keeps its own: in a home of `podid up` below it, in one of `podid serve --home` there itself."""
        below, here = self.home.serve, self.home.path
        return here if (here / "state.db").exists() and not (below / "state.db").exists() else below

    @property
    def database(self) -> Path:
        return self.folder / "state.db"

    @property
    def own_master_key(self) -> Path | None:
        return self.folder / "keys" / "master.key" if self.is_local else None

    @property
    def ring(self) -> Path | None:
        """The ring's file, where one is known."""
        return self.key_ring_file or (self.folder / "keys" / "ring.json" if self.is_local else None)

    @property
    def name(self) -> str:
        """For people; without a password."""
        return (
            str(self.database)
            if self.is_local
            else self.store_url.rpartition("@")[2].rpartition("?")[0] or "the database"
        )


class Whole(Struct, frozen=True, kw_only=True):
    """What a look at a state found."""

    sound: bool
    problems: tuple[str, ...]
    place: str
    database: str
    schema: str
    counts: dict[str, int]


@contextlib.contextmanager
def opened(place: Place, *, new: bool = False, environ: Mapping[str, str] = os.environ) -> Iterator[Store]:
    """The store, for the time of a block. With `new` it may be made. Raises Forbidden with what to do."""
    if place.is_local and not new and not place.database.exists():
        raise Forbidden(
            f"there is no state in {place.home.path}", "name its home: PODID_HOME=/some/folder, or give --store-url"
        )
    try:
        key = find_master_key(place.master_key_file, place.own_master_key, environ, make=new)
        store = open_store(place.url, master_key=key, update=new)
    except ValueError as problem:
        raise WrongUsage(
            str(problem), "give postgresql+psycopg://USER@HOST/DATABASE or sqlite:////path/state.db"
        ) from problem
    except MasterKeyProblem as problem:
        raise Forbidden(
            str(problem), "give the key that serve uses: --master-key-file FILE, or PODID_MASTER_KEY"
        ) from problem
    except (StoreProblem, OSError) as problem:
        raise Forbidden(str(problem), "is the database there, and may you read it?") from problem
    try:
        yield store
    finally:
        store.close()


def export_to(place: Place, file: Path | None, *, with_log: bool) -> int:
    """Write the state to a file (mode 0600, whole or not at all), or to standard output. Gives the number of rows."""
    with opened(place) as store, _readable(place):
        require_schema(store)
        lines = export_state(store, without=() if with_log else LOG_TABLES)
        if file is None:
            return _write(lines, sys.stdout)
        try:
            with drafted(file, durable=True) as output:
                text_output = io.TextIOWrapper(output, encoding="utf-8")
                count = _write(lines, text_output)
                text_output.detach()  # `drafted` closes the file
        except OSError as problem:
            raise Forbidden(
                f"{file} cannot be written: {problem.strerror}", "name a file in a folder of yours"
            ) from problem
    return count


def import_from(place: Place, file: Path | None, *, replace: bool, environ: Mapping[str, str] = os.environ) -> int:
    """Read the state from a file, or from standard input. Gives the number of rows; all come in or none."""
    with contextlib.ExitStack() as held:
        lines = held.enter_context(_lines(file))
        if place.is_local:
            _make_home(place, environ)
        store = held.enter_context(opened(place, new=True, environ=environ))

        def opens(connection: Connection) -> None:
            unreadable = unreadable_secrets(connection, store.master_key)
            if unreadable:
                raise LocalProblem(
                    f"{len(unreadable)} secrets in the export were encrypted with another master key than this state has",
                    "give the key of the installation that was exported: --master-key-file FILE, or PODID_MASTER_KEY",
                )
            if place.is_local and place.master_key_file is not None:
                _keep_key(place, store.master_key)  # before what it opens counts

        try:
            return import_state(store, lines, replace=replace, check=opens)
        except TransferProblem as problem:
            way_out = (
                "import into a new home or database; --replace gives up what is there"
                if "not empty" in str(problem)
                else ("give a file that podid state export wrote, whole")
            )
            raise LocalProblem(str(problem), way_out) from problem
        except UnicodeDecodeError as problem:
            raise LocalProblem("the export is not UTF-8 text", "give a file that podid state export wrote") from problem


def look(place: Place) -> Whole:
    """Whether the state is whole: the database, its schema, and whether its secrets and sessions can be opened."""
    with opened(place) as store:
        schema, counts = "", dict[str, int]()
        try:
            problems = check_state(store)
            schema, counts = _facts(store, problems)
        except StoreUnavailable as problem:
            problems = [f"the database cannot be read: {problem.private}"]
        problems += _ring_problems(place, store.master_key)
        return Whole(
            sound=not problems,
            problems=tuple(problems),
            place=place.name,
            database=store.dialect,
            schema=schema,
            counts=counts,
        )


def _facts(store: Store, problems: list[str]) -> tuple[str, dict[str, int]]:
    """The schema, and how many there are of what people know; secrets that do not open join the problems."""
    counts: dict[str, int] = {}
    with store.read() as connection:
        schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if not problems:
            problems += [
                f"the secret of {'access key ' if each.startswith('AKIA') else ''}{each} does not open with this master key"
                for each in unreadable_secrets(connection, store.master_key)
            ]
            for table in (USERS, ROLES, ACCESS_KEYS, CLUSTERS, ASSOCIATIONS):
                count = connection.execute(select(func.count()).select_from(table)).scalar_one()
                counts[table.name.partition("_")[2]] = int(count)
    return str(schema), counts


def _ring_problems(place: Place, key: MasterKey) -> list[str]:
    if place.ring is None or (place.key_ring_file is None and not place.ring.exists()):
        return []  # `serve` makes the home's own at its start
    if not place.ring.exists():
        return [f"there is no key ring {place.ring}"]
    try:
        KeyRing.load_or_create(place.ring, master_key=key)
    except KeyRingProblem as problem:
        return [str(problem)]
    return []


@contextlib.contextmanager
def _readable(place: Place) -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as problem:
        raise Forbidden(
            f"{place.name} cannot be read: {problem.private}",
            "podid state check says more; an export from before helps",
        ) from problem


def require_schema(store: Store) -> None:
    """Raise Forbidden for a database of another podid than this one."""
    wrong = [problem for problem in check_state(store) if problem.startswith("the schema")]
    if wrong:
        raise Forbidden(
            wrong[0], "start this podid once on it (it brings the schema up to date), or use the podid that wrote it"
        )


def _make_home(place: Place, environ: Mapping[str, str]) -> None:
    """A home for what comes in, whose own master key, if it has one, is the one named."""
    own, named = place.own_master_key, place.master_key_file
    assert own is not None  # of a local home
    key_to_give = (
        "give the master key of the installation that was exported: --master-key-file FILE, or PODID_MASTER_KEY"
    )
    if named is None and not own.exists() and not environ.get(ENVIRONMENT):
        raise WrongUsage(
            f"{place.home.path} has no master key yet, and no key of another opens this export", key_to_give
        )
    if place.folder == place.home.serve:
        place.home.make()
    if named is None:
        return
    try:
        given = MasterKey.load(named)
    except MasterKeyProblem as problem:
        raise Forbidden(str(problem), key_to_give) from problem
    if own.exists() and own.read_text("ascii", "replace") != given.text():
        raise _another_key(place)


def _keep_key(place: Place, given: MasterKey) -> None:
    """A key named on the command line becomes the home's own, for that is where `podid up` looks."""
    own, text_ = place.own_master_key, given.text().encode()
    assert own is not None  # of a local home
    own.parent.mkdir(exist_ok=True, mode=0o700)
    if create_once(own, text_) != text_:
        raise _another_key(place)


def _another_key(place: Place) -> WrongUsage:
    return WrongUsage(
        f"{place.home.path} has another master key already", "import into a new home, or without --master-key-file"
    )


def _write(lines: Iterable[str], output: TextIO) -> int:
    count = 0
    for line in lines:
        output.write(line)
        count += 1
    output.flush()
    return count - 2  # its first line and its last


@contextlib.contextmanager
def _lines(file: Path | None) -> Iterator[Iterable[str]]:
    if file is None:
        yield sys.stdin
        return
    try:
        source = file.open(encoding="utf-8")
    except OSError as problem:
        raise Forbidden(
            f"{file} cannot be read: {problem.strerror}", "give a file that podid state export wrote"
        ) from problem
    with source:
        yield source
