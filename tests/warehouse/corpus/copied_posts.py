"""Invented posts with planted copies, and an oracle that compares every post with every other."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tests.warehouse.invented import Study, author, insert

SYLLABLES = ("ka", "lo", "mi", "ren", "tas", "vu", "nel", "dor", "pi", "sha", "bek", "ul")
VOCABULARY = ["".join(parts) for parts in product(SYLLABLES, repeat=3)]
# As in any language, a few words are everywhere: half of all words are of the first fifty.
WEIGHTS = [1 / (rank + 3) for rank in range(len(VOCABULARY))]
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
LEAST = 20


@dataclass(frozen=True, slots=True)
class Invented:
    """A post as far as its copies go."""

    post_id: int
    words: tuple[str, ...]
    created_at: datetime
    source: str = "forum"
    community: str = "board"
    author_key: str | None = None
    automated: bool = False
    withheld: bool = False

    @property
    def place(self) -> tuple[bool, datetime, int]:
        """Where it stands in the order of time."""
        return self.withheld, self.created_at, self.post_id


def some_words(rng: random.Random, n: int) -> tuple[str, ...]:
    """Return words of the invented language."""
    return tuple(rng.choices(VOCABULARY, WEIGHTS, k=n))


def replaced(words: Sequence[str], rng: random.Random, *, share: float) -> tuple[str, ...]:
    """Return the words with a share of them, at least one, replaced."""
    changed = list(words)
    for place in rng.sample(range(len(changed)), max(1, round(share * len(changed)))):
        changed[place] = rng.choices(VOCABULARY, WEIGHTS)[0]
    return tuple(changed)


def signed_by(words: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Return the words with a signature below."""
    return (*words, *some_words(rng, max(2, len(words) // 10)))


def framed(words: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Return the words between an opening and an end of somebody's own."""
    own = some_words(rng, max(3, len(words) // 7))
    return (*own[:2], *words, *own[2:])


def shortened(words: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Return the words without one in twenty."""
    gone = set(rng.sample(range(len(words)), max(1, len(words) // 20)))
    return tuple(word for place, word in enumerate(words) if place not in gone)


EDITS: dict[str, Callable[[Sequence[str], random.Random], tuple[str, ...]]] = {
    "word for word": lambda words, _: tuple(words),
    "one word replaced": lambda words, rng: replaced(words, rng, share=0),
    "5 % replaced": lambda words, rng: replaced(words, rng, share=0.05),
    "10 % replaced": lambda words, rng: replaced(words, rng, share=0.1),
    "5 % left out": shortened,
    "signature below": signed_by,
    "own opening and end": framed,
    "halves changed over": lambda words, _: (*words[len(words) // 2 :], *words[: len(words) // 2]),
    "3 % replaced and signed": lambda words, rng: signed_by(replaced(words, rng, share=0.03), rng),
}


def invented_posts(n: int, rng: random.Random, *, copied: float = 0.4) -> list[Invented]:
    """Return posts of which a share are edited copies of others, copies of copies among them."""
    posts: list[Invented] = []
    for post_id in range(1, n + 1):
        if posts and rng.random() < copied:
            words = rng.choice([*EDITS.values()])(rng.choice(posts).words, rng)
        else:
            words = some_words(rng, round(rng.lognormvariate(3.8, 0.7)) + 8)
        hours = rng.randrange(20 * n)
        posts.append(Invented(post_id, words, FIRST + timedelta(hours=hours)))
    return posts


def similarities(posts: Sequence[Invented]) -> NDArray[np.float64]:
    """Return the Jaccard similarity of every post with every other."""
    has = np.zeros((len(posts), len(VOCABULARY)))
    column = {word: number for number, word in enumerate(VOCABULARY)}
    for row, post in enumerate(posts):
        has[row, [column[word] for word in post.words]] = 1
    shared, sizes = has @ has.T, has.sum(axis=1)
    return shared / (sizes[:, None] + sizes - shared)


def brute_families(
    posts: Sequence[Invented], *, left_out: Sequence[str] = ()
) -> dict[int, int | None]:
    """Decide every post by comparing it with all originals before it."""
    ordered = sorted(posts, key=lambda post: post.place)
    is_alike = similarities(ordered) >= 0.8
    originals: list[int] = []
    families: dict[int, int | None] = {post.post_id: None for post in posts}
    for place, post in enumerate(ordered):
        if post.automated or post.source in left_out or len(post.words) < LEAST:
            continue
        found = next((earlier for earlier in originals if is_alike[place, earlier]), None)
        if found is None:
            originals.append(place)
        else:
            families[post.post_id] = ordered[found].post_id
    return families


@dataclass
class Copied:
    """A study of invented posts that are added, edited and taken out."""

    study: Study = field(default_factory=Study)
    posts: dict[int, Invented] = field(default_factory=dict)

    def source(self, name: str, *, one_post_per_person: bool = False) -> None:
        """Enter a source."""
        texts = dict.fromkeys(("platform", "licence", "terms_note"), "")
        row = {"source": name, "one_post_per_person": one_post_per_person, **texts}
        insert(self.study.connection, "sources", row)

    def add(self, *posts: Invented) -> None:
        """Add posts, or put them in place of those with the same numbers, as an edit does."""
        self.remove(*(post.post_id for post in posts if post.post_id in self.posts))
        for post in posts:
            self.posts[post.post_id] = post
        rows = [
            {
                **{name: getattr(post, name) for name in ("post_id", "source", "community")},
                **{name: getattr(post, name) for name in ("created_at", "automated", "withheld")},
                "author_key": post.author_key or author(post.post_id),
                "thread_id": post.post_id,
                "kind": "post",
                "harvested_at": post.created_at,
                "title": "",
                "text": " ".join(post.words),
                "own_text": " ".join(post.words),
                "revision": 1,
                "text_version": 1,
            }
            for post in posts
        ]
        self.study.append("posts", rows)

    def remove(self, *post_ids: int) -> None:
        """Take posts out."""
        for post_id in post_ids:
            del self.posts[post_id]
        if post_ids:
            numbers = ", ".join(map(str, post_ids))
            self.study.sql(f"DELETE FROM posts WHERE post_id IN ({numbers})")

    def withhold(self, post_id: int, *, withheld: bool = True) -> None:
        """Withhold a post, or let it back."""
        self.posts[post_id] = replace(self.posts[post_id], withheld=withheld)
        self.study.sql("UPDATE posts SET withheld = ? WHERE post_id = ?", withheld, post_id)

    def families(self) -> dict[int, int | None]:
        """Return what stands in `duplicate_of`."""
        return dict(self.study.sql("SELECT post_id, duplicate_of FROM posts"))
