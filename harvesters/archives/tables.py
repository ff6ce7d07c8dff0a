"""Import of posts from table files: dumps, exports and plain tables, as batches like a harvest's.

The file is read block by block, and a block can be protected in another process than the one that
reads; nothing but counts of rows without an id is kept of what was read. A row without an id is
known by the keyed hash of its values and its number among equal rows of the import, so that short
answers which repeat stay apart and a second import finds the same posts.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from harvesters.posts import Draft, ReadContext, draft_post, finished
from harvesters.reading import MALFORMED, Dropped
from harvesters.reddit.things import CROSSPOST, names_machine
from warehouse.protection.keys import SEPARATOR, KeyRing
from warehouse.records import Batch, CommunityCount, Post, PostKind

BATCH_ROWS = 5000
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


def read_blocks(
    path: Path,
    *,
    source: str,
    community: str | None,
    mapping: Mapping[str, str] | None = None,
    keys: KeyRing,
    harvested_at: datetime,
    met: Counter[str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> "Iterator[RowBlock]":
    """Yield the rows of a file in blocks, each of which becomes a batch.

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
        Rows of a block.

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
    reader = RowReader(
        layout=layout,
        source=source,
        community=community,
        keys=keys,
        harvested_at=harvested_at.astimezone(UTC),
    )
    counted = Counter[str]() if met is None else met
    for rows in file.blocks(layout.wanted, block_rows=batch_rows):
        if rows:
            yield RowBlock(reader, rows, reader.made_ids(rows, counted))


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows as they stand in a file, in its order: they leave memory only as a batch.

    `made_ids` are the ids of rows without one, by their places.
    """

    reader: "RowReader"
    rows: Sequence[Row | None]
    made_ids: Mapping[int, str]

    def protected(self) -> Batch:
        """Return the posts of the rows, pseudonymised and redacted, and what was dropped."""
        return self.reader.batch(self.rows, self.made_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReader:
    """Turns rows into posts; but for `made_ids`, whatever rows were read before."""

    layout: Layout
    source: str
    community: str | None
    keys: KeyRing
    harvested_at: datetime

    def made_ids(self, rows: Sequence[Row | None], met: Counter[str]) -> dict[int, str]:
        """Return ids for the rows without one, counting equal ones on in `met`."""
        made = {}
        for place, row in enumerate(rows):
            if row is None or self._community_of(row) is None or self._own_id(row) is not None:
                continue
            values = [self.layout.value(row, role) for role in ROLES if role != "id"]
            equal = self.keys.content_hash(SEPARATOR.join(str(value) for value in values))
            made[place] = f"{equal}-{met[equal]}"
            met[equal] += 1
        return made

    def batch(self, rows: Sequence[Row | None], made_ids: Mapping[int, str]) -> Batch:
        """Return the posts of rows; what belongs to no community counts as the source's own."""
        drafts: list[Draft] = []
        read: Counter[str] = Counter()
        drops: dict[str, Counter[str]] = {}
        contexts: dict[str, ReadContext] = {}
        for place, row in enumerate(rows):
            community = self._community_of(row)
            name = community or self.source
            read[name] += 1
            context = contexts.get(name) or contexts.setdefault(name, self._context(name))
            try:
                drafts.append(self._draft(row, community, context, made_ids.get(place)))
            except Dropped as dropped:
                drops.setdefault(name, Counter())[dropped.reason] += 1
        return _batch(self.source, finished(drafts), read, drops)

    def _context(self, community: str) -> ReadContext:
        return ReadContext(
            source=self.source,
            platform=self.layout.platform,
            host=self.layout.host,
            community=community,
            fetched_at=self.harvested_at,
            keys=self.keys,
        )

    def _community_of(self, row: Row | None) -> str | None:
        name = None if row is None else _name(self.layout.value(row, "community"))
        return name or self.community

    def _own_id(self, row: Row) -> str | None:
        return _name(self.layout.value(row, "id"))

    def _draft(
        self, row: Row | None, community: str | None, context: ReadContext, made_id: str | None
    ) -> Draft:
        """Make the post of a row; raises `Dropped` with the reason why it is none."""
        if row is None:
            raise Dropped(MALFORMED)
        if community is None:
            raise Dropped(NO_COMMUNITY)
        layout = self.layout
        native_id, thread, parent, kind = self._place(row, made_id)
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
            return draft_post(
                context,
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
        if self.layout.is_reddit:
            return by_machine(row, handle)
        return names_machine(handle or "")

    def _place(self, row: Row, made_id: str | None) -> tuple[str, str, str | None, PostKind]:
        """Return a row's id, thread, parent, and whether it is a post or a comment."""
        thread = _name(self.layout.value(row, "thread"))
        parent = _name(self.layout.value(row, "parent"))
        native_id = made_id or self._own_id(row)
        if native_id is None:
            raise Dropped(MALFORMED)
        if made_id is None and self.layout.is_reddit and not native_id.startswith(("t1_", "t3_")):
            native_id = f"{'t1_' if thread or parent else 't3_'}{native_id}"
        if parent is None and thread in (None, native_id):
            return native_id, native_id, None, "post"
        return native_id, thread or parent or native_id, parent, "comment"

    def _url(self, row: Row) -> str | None:
        url = _name(self.layout.value(row, "url"))
        if url is None:
            return None
        if url.startswith("/") and self.layout.is_reddit:
            url = REDDIT + url
        return url if is_web_address(url) else None


def _batch(
    source: str, posts: Sequence[Post], read: Counter[str], drops: Mapping[str, Counter[str]]
) -> Batch:
    """Return a batch of one community, or of several with what is of each."""
    dropped = sum(drops.values(), Counter[str]())
    counts = tuple(
        CommunityCount(
            community=name,
            expected=n,
            fetched=n - drops.get(name, Counter()).total(),
            drops=dict(drops.get(name, {})),
        )
        for name, n in read.items()
    )
    several = len(counts) > 1
    return Batch(
        source=source,
        community=source if several else counts[0].community,
        posts=tuple(posts),
        expected=read.total(),
        fetched=len(posts),
        drops=dict(dropped),
        complete=MALFORMED not in dropped,
        communities=counts if several else (),
    )


def _refuse_withdrawn(row: Row, layout: Layout) -> None:
    """Raise `Dropped` for what was deleted or removed on Reddit, and for what only repeats."""
    if not layout.is_reddit:
        return
    reason = why_not_kept(row)
    if reason:
        raise Dropped(reason)
    if repeats_only(row):
        raise Dropped(CROSSPOST)


def _name(value: Any) -> str | None:
    """Return an id or a name as text; None where a cell is empty."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a whole number that passed through a table with gaps
    return str(value).strip() or None
