"""An invented corpus of some 2,000 posts as a controlled release, and its posts as plain Python.

It was indexed in many small batches, with posts edited, withheld, gone, copied and written by
programs in between, so that its index has several runs with gaps.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.warehouse.invented import Study, author, empty_warehouse
from warehouse.corpus.index import index_posts
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

COMMON = ["we", "the", "wait", "help", "and", "for", "list", "care", "again", "nobody"]
SELDOM = ["co-production", "don't", "tribunal", "budget", "garden", "#waiting", "recovery", "1,200"]
RARE = ["allotment", "ombudsman", "\N{TEACUP WITHOUT HANDLE}"]
COMMUNITIES = (("forum", "carers"), ("forum", "rights"), ("blog", "carers"), ("list", "policy"))
START = datetime(2025, 11, 1, 9, tzinfo=UTC)
N_POSTS = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """What brute force knows of a released post."""

    post_id: int
    source: str
    community: str
    thread_id: int
    parent_id: int | None
    kind: str
    author_key: str | None
    created_at: datetime
    language: str | None
    automated: bool
    duplicate_of: int | None
    words: list[str]

    @property
    def is_counted(self) -> bool:
        """Whether the post is in the default population."""
        return not self.automated and self.duplicate_of is None and bool(self.words)


@dataclass
class Talk:
    """The release, and what is in it."""

    connection: duckdb.DuckDBPyConnection
    posts: list[Said] = field(default_factory=list)

    def spoken(self, keep: Callable[[Said], bool] = lambda _: True) -> list[Said]:
        """Return the posts of the default population that are kept."""
        return [post for post in self.posts if post.is_counted and keep(post)]


def written(rng: random.Random) -> str:
    """Return a text of 0 to 39 words in which few are frequent."""
    shelves = rng.choices((COMMON, SELDOM, RARE), weights=(90, 9, 1), k=rng.randrange(40))
    return " ".join(rng.choice(shelf) for shelf in shelves)


def invented_post(rng: random.Random, number: int) -> dict[str, Any]:
    """Return the post of a number, one of six of its thread."""
    source, community = COMMUNITIES[number % 7 % 4]
    post_id, opens = number + 1, number % 6 == 0
    created_at = START + timedelta(hours=number * 2, minutes=rng.randrange(60))
    text = written(rng)
    return {
        "post_id": post_id,
        "source": source,
        "community": community,
        "thread_id": number // 6,
        "parent_id": None if opens else rng.randrange(post_id - number % 6, post_id),
        "kind": "post" if opens else "comment",
        "author_key": None if number % 11 == 0 else author(rng.randrange(120)),
        "created_at": created_at,
        "harvested_at": created_at + timedelta(days=1),
        "title": "Waiting again" if opens else "",
        "text": text,
        "own_text": text,
        "language": rng.choice(("en", "en", "de", None)),
        "revision": 1,
        "text_version": 1,
        "duplicate_of": 1 if number % 19 == 3 else None,
        "automated": number % 23 == 5,
        "withheld": False,
    }


def told(study: Study, rng: random.Random) -> None:
    """Add, edit, withhold and delete posts, and index between."""
    posts = [invented_post(rng, number) for number in range(N_POSTS)]
    for first in range(0, N_POSTS, 500):
        study.append("posts", posts[first : first + 500])
        index_posts(study.connection, batch_characters=24_000)
        _edit(study, rng, known=first + 500)
    study.sql("UPDATE posts SET withheld = true WHERE post_id % 97 = 8")
    study.sql("DELETE FROM posts WHERE post_id % 131 = 17")
    index_posts(study.connection, batch_characters=24_000)
    _describe(study)


def _edit(study: Study, rng: random.Random, *, known: int) -> None:
    for post_id in rng.sample(range(1, known + 1), 10):
        study.sql(
            "UPDATE posts SET own_text = ?, n_words = NULL WHERE post_id = ?",
            *(written(rng), post_id),
        )


def _describe(study: Study) -> None:
    study.sql(
        "INSERT INTO threads SELECT thread_id, any_value(source), any_value(community), '',"
        " min(created_at), max(created_at), count(*) FROM posts GROUP BY thread_id"
    )
    roles = {"carers": "carers", "rights": "movement", "policy": "policy"}
    study.append(
        "communities",
        [
            {
                "source": source,
                "community": community,
                "name": community,
                "country": "gb" if source == "forum" else None,
                "role": roles[community],
                "tags": ["health", source],
            }
            for source, community in COMMUNITIES
        ],
    )
    study.sql(
        "INSERT INTO post_topics SELECT 'm1', post_id, topic,"
        " CASE WHEN topic = post_id % 5 THEN 0.7 ELSE 0.1 END"
        " FROM posts, range(5) AS topics(topic) WHERE post_id % 3 > 0"
    )
    study.sql(
        "INSERT INTO frame_scores SELECT 'r1', post_id, frame, (post_id * 7 % 10) / 10.0, 'c1'"
        " FROM posts, (VALUES ('contestation'), ('service_value')) AS f(frame)"
        " WHERE frame = 'contestation' OR post_id % 2 = 0"
    )


def released_posts(study: Study) -> Iterator[Said]:
    columns = [name for name in Said.__slots__ if name != "words"]
    rows = study.sql(
        f"SELECT {', '.join(columns)}, own_text FROM posts WHERE NOT withheld ORDER BY 1"
    )
    for *values, text in rows:
        yield Said(*values, text.split())


@contextmanager
def talk_at(folder: Path, *, seed: int = 1) -> Iterator[Talk]:
    """Yield the release of an invented corpus."""
    study = Study(empty_warehouse())
    study.sql("SET TimeZone = 'UTC'")
    told(study, random.Random(seed))
    path = publish_controlled(study.connection, Home(folder)).path
    posts = list(released_posts(study))
    study.connection.close()
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield Talk(connection, posts)
