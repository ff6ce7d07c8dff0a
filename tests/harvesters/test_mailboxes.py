"""Import of mailboxes: the same mails in every form, streamed, with every mail accounted for."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harvesters.archives.files import ArchiveError
from harvesters.archives.mailboxes import describe_mailbox, is_mailbox, read_mailbox
from harvesters.archives.reading import Import, read_file
from harvesters.mail.posts import parse_mbox
from harvesters.posts import ReadContext
from tests.harvesters.invented_lists import Note, mbox
from warehouse.records import Batch, Post

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NOTES = [
    Note("root", 0, text="From here on we decide together.\n\nFrom experience, that is."),
    *(Note(f"reply{n}", n / 100, "root") for n in range(1, 40)),
]

Read = Callable[..., list[Batch]]


@pytest.fixture
def read(keys: Any) -> Read:
    def read_all(path: Path, **changes: Any) -> list[Batch]:
        wanted = {"source": "kept", "community": "kept", "keys": keys, "harvested_at": NOW}
        return list(read_file(path, Import(**{**wanted, **changes})))

    return read_all


def posts_of(batches: list[Batch]) -> list[Post]:
    return [post for batch in batches for post in batch.posts]


def _escaped(content: bytes) -> bytes:
    """Return an mbox whose texts are escaped as its format asks."""
    begin = b"From mboxrd@z"
    lines = content.split(b"\n")
    return b"\n".join(
        b">" + line if line.startswith(b"From ") and not line.startswith(begin) else line
        for line in lines
    )


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.mbox", bytes), ("a.mbox.gz", gzip.compress), ("a.mbox.zst", zstd), ("A.MBOX", bytes)],
)
def test_an_mbox_comes_in_the_same_however_it_is_packed(
    tmp_path: Path, read: Read, name: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / name).write_bytes(pack(_escaped(mbox(NOTES))))

    (batch,) = read(tmp_path / name)

    assert (batch.expected, batch.fetched, dict(batch.drops)) == (40, 40, {})
    assert batch.posts[0].text == "From here on we decide together.\nFrom experience, that is."
    assert {p.native_thread_id for p in batch.posts} == {batch.posts[0].native_id}


def test_a_maildir_and_single_mails_are_the_mails_of_the_mbox(tmp_path: Path, read: Read) -> None:
    folder = tmp_path / "kept"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, note in enumerate(NOTES):
        place = folder / ("new" if number % 2 else "cur") / f"17000000{number:02d}.M1.host"
        place.write_bytes(note.source(references=True))
    (tmp_path / "a.mbox").write_bytes(_escaped(mbox(NOTES)))
    (tmp_path / "a.eml").write_bytes(NOTES[1].source(references=True))

    whole = posts_of(read(tmp_path / "a.mbox"))

    assert sorted(posts_of(read(folder)), key=str) == sorted(whole, key=str)
    assert posts_of(read(tmp_path / "a.eml")) == [whole[1]]


def test_imported_mails_are_those_that_a_harvest_would_bring(
    tmp_path: Path, read: Read, keys: Any
) -> None:
    (tmp_path / "a.mbox").write_bytes(_escaped(mbox(NOTES)))
    context = ReadContext(
        source="voices",
        platform="mailing_list",
        host="lists.example",
        community="voices",
        fetched_at=NOW,
        keys=keys,
    )
    harvested = parse_mbox(_escaped(mbox(NOTES)), context)

    imported = posts_of(read(tmp_path / "a.mbox"))

    def same(post: Post) -> tuple[object, ...]:
        return post.item_key, post.author_key, post.native_id, post.native_thread_id, post.text

    assert list(map(same, imported)) == list(map(same, harvested))


def test_a_large_mailbox_comes_in_batches_whose_threads_hang_together(
    tmp_path: Path, keys: Any
) -> None:
    (tmp_path / "a.mbox.gz").write_bytes(gzip.compress(_escaped(mbox(NOTES[::-1]))))
    batches = read_mailbox(
        tmp_path / "a.mbox.gz",
        source="kept",
        community="kept",
        keys=keys,
        harvested_at=NOW,
        batch_mails=16,
    )

    found = list(batches)

    assert [batch.fetched for batch in found] == [16, 16, 8]
    assert len({p.native_thread_id for p in posts_of(found)}) == 1


def test_what_is_no_mail_is_counted_and_a_file_that_is_no_mailbox_is_refused(
    tmp_path: Path, read: Read
) -> None:
    begin = b"From ada@ward7.example Mon Dec  1 09:00:00 2025\n"
    broken = begin + b": \n\nno head\n\n"
    (tmp_path / "a.mbox").write_bytes(broken + mbox(NOTES[:2]))
    (tmp_path / "b.mbox").write_bytes(b"Dear all,\n")
    (tmp_path / "c.mbox.gz").write_bytes(gzip.compress(mbox(NOTES))[:-20])

    (batch,) = read(tmp_path / "a.mbox")
    assert (batch.expected, batch.fetched, dict(batch.drops)) == (3, 2, {"malformed": 1})
    assert not batch.complete
    for name in ("b.mbox", "c.mbox.gz"):
        with pytest.raises(ArchiveError, match=name):
            read(tmp_path / name)


def test_a_dry_run_counts_without_making_posts(tmp_path: Path) -> None:
    hidden = (
        b"From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: a@b.example\nX-No-Archive: yes\n\nx\n\n"
    )
    (tmp_path / "a.mbox").write_bytes(hidden + mbox(NOTES))

    found = describe_mailbox(tmp_path / "a.mbox", now=NOW)

    assert (found.n_mails, found.n_opted_out, found.n_without_date) == (41, 1, 1)
    assert is_mailbox(tmp_path / "a.mbox")
    assert not is_mailbox(tmp_path / "a.csv.gz")
    assert not is_mailbox(tmp_path)
