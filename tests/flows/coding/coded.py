"""Drawn and coded posts, put into a warehouse row by row."""

from collections.abc import Mapping
from datetime import UTC, datetime

from analysis.codebook import Codebook
from flows.coding.codebooks import OWN_FILE, record_codebook, study_codebook
from flows.coding.codings import CodedPosts, read_codings
from flows.corpus_arrays import read_corpus
from flows.settings import load_settings
from tests.flows.topics.nights import Forum
from warehouse.corpus.index import index_posts
from warehouse.gateway import Warehouse

AT = datetime(2026, 3, 3, 9, tzinfo=UTC)

FRAME = """
  - key: {key}
    name: {key}
    family: value
    definition: {definition}
    include: [something]
"""


def drew(
    warehouse: Warehouse,
    posts: Mapping[int, float],
    *,
    stratum: str = "forum/users/2026-03-01",
    pool: str = "measure",
    state: str = "coded",
    wave: int = 1,
) -> None:
    """Enter posts as drawn, each with its inclusion probability."""
    for post_id, chance in posts.items():
        warehouse.connection.execute(
            "INSERT INTO draws VALUES (?, ?, ?, ?, ?, DATE '2026-03-02', ?)",
            [post_id, wave, pool, stratum, chance if pool == "measure" else None, state],
        )


def said(
    warehouse: Warehouse,
    coder: str,
    values: Mapping[int, float],
    *,
    frame: str = "hope",
    version: int = 1,
    wave: int = 1,
    at: datetime = AT,
) -> None:
    """Enter what a coder said of posts."""
    for post_id, value in values.items():
        warehouse.connection.execute(
            "INSERT INTO codings VALUES (?, ?, ?, ?, ?, ?, ?)",
            [post_id, frame, coder, value, version, wave, at],
        )


def use(forum: Forum, warehouse: Warehouse, *, version: int, **frames: str) -> Codebook:
    """Let the study code by frames with these definitions, recorded."""
    text = f"codebook: ours\nversion: {version}\nlanguage: en\nframes:" + "".join(
        FRAME.format(key=key, definition=definition) for key, definition in frames.items()
    )
    (forum.home.root / OWN_FILE).write_text(text, encoding="utf-8")
    settings = forum.home.settings_file
    said_so = settings.read_text(encoding="utf-8").replace(
        'codebook = ""', f'codebook = "{OWN_FILE}"'
    )
    settings.write_text(said_so, encoding="utf-8")
    book = study_codebook(forum.home, load_settings(forum.home, {}).coding)
    record_codebook(warehouse, book, day=AT.date())
    return book


def posts(forum: Forum, warehouse: Warehouse, n: int) -> None:
    """Put indexed posts into the warehouse, numbered from 1."""
    forum.write(warehouse, n)
    index_posts(warehouse.connection)


def read(forum: Forum, warehouse: Warehouse, book: Codebook, pool: str = "measure") -> CodedPosts:
    """Return the codings of a pool as arrays."""
    corpus = read_corpus(warehouse, forum.night())
    return read_codings(warehouse, corpus, book, "measure" if pool == "measure" else "train")
