"""Import of posts from table files: dumps, exports and plain tables, as batches like a harvest's.

The file is read block by block; nothing but counts of rows without an id is kept of what was read.
A row without an id is known by the keyed hash of its values and its number among equal rows of the
import, so that short answers which repeat stay apart and a second import finds the same posts.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harvesters.archives.fields import (
    ROLES,
    Layout,
    find_layout,
    read_handle,
    read_text,
    read_time,
)
from harvesters.archives.files import ArchiveError, Row, TableFile
from harvesters.archives.reddit_rows import by_machine, repeats_only, when_edited, why_not_kept
from harvesters.json_fields import is_web_address
from harvesters.markdown import markdown_to_text
from harvesters.markup import plain_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import MALFORMED, Dropped
from harvesters.reddit.things import CROSSPOST, names_machine
from warehouse.protection.keys import SEPARATOR, KeyRing
from warehouse.records import Batch, Post, PostKind

BATCH_ROWS = 5000
HELD_BATCHES = 10  # in memory at once, over all communities: 150 MB of usual posts
NO_DATE, EMPTY, WITHDRAWN, NO_COMMUNITY = "no_date", "empty", "deleted", "no_community"
REDDIT = "https://www.reddit.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveDescription:
    """What an import of a file would read: shown by a dry run.

    Attributes
    ----------
    fields : tuple of str
        The file's columns.
    n_rows : int
        How many rows it has, broken ones among them.
    mapping : mapping from role to columns
        What the columns were taken for; of several the first that is filled counts.
    unmapped : tuple of str
        Roles that no column has.
    unread : tuple of str
        Columns that would not be read.
    communities : mapping from community to number of rows
        To be registered before the import; empty where no column says it.
    platform : str
        What the table was recognised as: `reddit`, or `archive` for any other.
    """

    fields: tuple[str, ...]
    n_rows: int
    mapping: Mapping[str, tuple[str, ...]]
    unmapped: tuple[str, ...]
    unread: tuple[str, ...]
    communities: Mapping[str, int]
    platform: str


@dataclass(slots=True)
class _Pile:
    """The rows of one community that are not yet in a batch."""

    posts: list[Post] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)

    @property
    def n_rows(self) -> int:
        return len(self.posts) + self.drops.total()


def describe_archive(
    path: Path, mapping: Mapping[str, str] | None = None, *, source: str = "archive"
) -> ArchiveDescription:
    """Tell what an import would find in a file, without making a post of it.

    Raises
    ------
    ArchiveError
        If the file cannot be read or does not say what is needed.
    """
    file = TableFile.of(path)
    fields = file.fields()
    layout = find_layout(fields, mapping, source=source)
    columns = layout.columns.get("community") or next(iter(layout.columns.values()))
    n_rows = 0
    communities: Counter[str] = Counter()
    for block in file.blocks(columns, block_rows=BATCH_ROWS):
        n_rows += len(block)
        named = (layout.value(row, "community") for row in block if row is not None)
        communities.update(str(name).strip() for name in named if name is not None)
    return ArchiveDescription(
        fields=fields,
        n_rows=n_rows,
        mapping=layout.columns,
        unmapped=tuple(role for role in ROLES if role not in layout.columns),
        unread=tuple(name for name in fields if name not in layout.wanted),
        communities=dict(communities),
        platform=layout.platform,
    )


def read_archive(
    path: Path,
    *,
    source: str,
    community: str | None,
    mapping: Mapping[str, str] | None = None,
    keys: KeyRing,
    harvested_at: datetime,
    met: Counter[str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[Batch]:
    """Yield the posts of a file in batches of one community each.

    Parameters
    ----------
    path : Path
        A Parquet, CSV or NDJSON file, plain or as .gz or .zst.
    source : str
        The source that the posts are to belong to.
    community : str or None
        The community of rows that name none.
    mapping : mapping from role to column, optional
        What the columns mean, where their names do not say it; see `fields.ROLES`.
    keys : KeyRing
        What pseudonyms, hashes and missing ids are made with.
    harvested_at : datetime
        The time of the import.
    met : Counter, optional
        How often each row without an id was met in earlier files of the same import; it is counted
        on, so that equal answers of two files stay apart like those of one.
    batch_rows : int
        Rows of a batch.

    Raises
    ------
    ArchiveError
        If the file or the mapping cannot be used, or where the file breaks off, after everything
        before that place was yielded.

    Notes
    -----
    Every row is a post or counted in `drops`: `empty` (nothing said; also where `text` is mapped
    by hand and a title stands alone, which then is not the person's own), `deleted` (withdrawn on
    the platform; of Reddit `deleted_by_author` or `removed`), `crosspost`, `no_date`,
    `no_community`, `malformed`.
    """
    file = TableFile.of(path)
    layout = find_layout(file.fields(), mapping, source=source)
    if community is None and "community" not in layout.columns:
        raise ArchiveError(
            f"no column of {path.name} says the community of a post; name the community, or its "
            "column in the mapping, as in community=column"
        )
    reader = _Reader(
        layout,
        source=source,
        keys=keys,
        harvested_at=harvested_at.astimezone(UTC),
        met=Counter() if met is None else met,
    )
    piles = _Piles(source, batch_rows=batch_rows)
    try:
        for block in file.blocks(layout.wanted, block_rows=batch_rows):
            for row in block:
                piles.add(row, _community_of(row, layout, otherwise=community), reader)
            yield from piles.take(at_least=batch_rows)
    except ArchiveError:
        yield from piles.take()
        raise
    yield from piles.take()


class _Piles:
    """Sorts rows by community until there are enough of one for a batch."""

    def __init__(self, source: str, *, batch_rows: int) -> None:
        self._source = source
        self._most_held = HELD_BATCHES * batch_rows
        self._piles: dict[str, _Pile] = {}
        self._held = 0

    def add(self, row: Row | None, community: str | None, reader: "_Reader") -> None:
        """Put a row to its community; what belongs to none is counted under the source's name."""
        pile = self._piles.setdefault(community or self._source, _Pile())
        self._held += 1
        try:
            pile.posts.append(reader.post(row, community))
        except Dropped as dropped:
            pile.drops[dropped.reason] += 1

    def take(self, *, at_least: int = 0) -> Iterator[Batch]:
        """Yield the piles of at least so many rows, and the largest while too much is held."""
        for name in [name for name, pile in self._piles.items() if pile.n_rows >= at_least]:
            yield self._batch(name)
        while self._held > self._most_held:
            yield self._batch(max(self._piles, key=lambda name: self._piles[name].n_rows))

    def _batch(self, community: str) -> Batch:
        pile = self._piles.pop(community)
        self._held -= pile.n_rows
        return Batch(
            source=self._source,
            community=community,
            posts=tuple(pile.posts),
            expected=pile.n_rows,
            fetched=len(pile.posts),
            drops=dict(pile.drops),
            complete=MALFORMED not in pile.drops,
        )


class _Reader:
    """Turns rows into posts; counts rows without an id, to tell equal ones apart."""

    def __init__(
        self,
        layout: Layout,
        *,
        source: str,
        keys: KeyRing,
        harvested_at: datetime,
        met: Counter[str],
    ) -> None:
        self._layout = layout
        self._source = source
        self._keys = keys
        self._harvested_at = harvested_at
        self._contexts: dict[str, ReadContext] = {}
        self._met = met

    def post(self, row: Row | None, community: str | None) -> Post:
        """Make the post of a row; raises `Dropped` with the reason why it is none."""
        if row is None:
            raise Dropped(MALFORMED)
        if community is None:
            raise Dropped(NO_COMMUNITY)
        layout = self._layout
        native_id, thread, parent, kind = self._place(row)
        _refuse_withdrawn(row, layout)
        title, _ = read_text(layout.value(row, "title"))
        text, withdrawn = read_text(layout.value(row, "text"))
        says_title = bool(title.strip()) and kind == "post" and not layout.text_is_own
        if not text.strip() and not says_title:
            raise Dropped(WITHDRAWN if withdrawn else EMPTY)
        created_at = read_time(layout.value(row, "created_at"))
        if created_at is None:
            raise Dropped(NO_DATE)
        handle = read_handle(layout.value(row, "author"))
        try:
            return build_post(
                self._context(community),
                native_id=native_id,
                native_thread_id=thread,
                native_parent_id=parent,
                kind=kind,
                handle=handle,
                created_at=created_at,
                edited_at=when_edited(row) if layout.is_reddit else None,
                title=title,
                body=(markdown_to_text if layout.is_reddit else plain_to_text)(text),
                raw=text,
                url=self._url(row),
                automated=self._is_automated(row, handle),
            )
        except ValueError:
            raise Dropped(MALFORMED) from None

    def _is_automated(self, row: Row, handle: str | None) -> bool:
        if self._layout.is_reddit:
            return by_machine(row, handle)
        return names_machine(handle or "")

    def _place(self, row: Row) -> tuple[str, str, str | None, PostKind]:
        """Return a row's id, thread, parent, and whether it is a post or a comment."""
        thread = _name(self._layout.value(row, "thread"))
        parent = _name(self._layout.value(row, "parent"))
        native_id = _name(self._layout.value(row, "id"))
        if native_id is None:
            native_id = self._made_id(row)
        elif self._layout.is_reddit and not native_id.startswith(("t1_", "t3_")):
            native_id = f"{'t1_' if thread or parent else 't3_'}{native_id}"
        if parent is None and thread in (None, native_id):
            return native_id, native_id, None, "post"
        return native_id, thread or parent or native_id, parent, "comment"

    def _made_id(self, row: Row) -> str:
        values = [self._layout.value(row, role) for role in ROLES if role != "id"]
        equal = self._keys.content_hash(SEPARATOR.join(str(value) for value in values))
        number = self._met[equal]
        self._met[equal] += 1
        return f"{equal}-{number}"

    def _url(self, row: Row) -> str | None:
        url = _name(self._layout.value(row, "url"))
        if url is None:
            return None
        if url.startswith("/") and self._layout.is_reddit:
            url = REDDIT + url
        return url if is_web_address(url) else None

    def _context(self, community: str) -> ReadContext:
        if community not in self._contexts:
            self._contexts[community] = ReadContext(
                source=self._source,
                platform=self._layout.platform,
                host=self._layout.host,
                community=community,
                fetched_at=self._harvested_at,
                keys=self._keys,
            )
        return self._contexts[community]


def _refuse_withdrawn(row: Row, layout: Layout) -> None:
    """Raise `Dropped` for what was deleted or removed on Reddit, and for what only repeats."""
    if not layout.is_reddit:
        return
    reason = why_not_kept(row)
    if reason:
        raise Dropped(reason)
    if repeats_only(row):
        raise Dropped(CROSSPOST)


def _community_of(row: Row | None, layout: Layout, *, otherwise: str | None) -> str | None:
    name = None if row is None else _name(layout.value(row, "community"))
    return name or otherwise


def _name(value: Any) -> str | None:
    """Return an id or a name as text; None where a cell is empty."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a whole number that passed through a table with gaps
    return str(value).strip() or None
