"""Threads against walking the answers by hand."""

from collections import defaultdict

import pytest

from tests.warehouse.corpus.talk import Said, Talk
from tests.warehouse.invented import Study, author
from warehouse.corpus.conversation import thread


def walked(posts: list[Said]) -> list[tuple[int, int]]:
    """Return post and depth, every answer below what it answers, siblings by time."""
    held = {post.post_id for post in posts}
    answers: defaultdict[int | None, list[Said]] = defaultdict(list)
    for post in sorted(posts, key=lambda post: (post.created_at, post.post_id)):
        answers[post.parent_id if post.parent_id in held else None].append(post)
    found: list[tuple[int, int]] = []

    def walk(parent: int | None, depth: int) -> None:
        for post in answers[parent]:
            found.append((post.post_id, depth))
            walk(post.post_id, depth + 1)

    walk(None, 0)
    return found


def test_a_thread_is_whole_and_in_reading_order(talk: Talk) -> None:
    threads: defaultdict[int, list[Said]] = defaultdict(list)
    for post in talk.posts:
        threads[post.thread_id].append(post)
    chosen = [number for number, posts in threads.items() if len(posts) > 3][:40]
    depths = set()
    for number in chosen:
        table = thread(talk.connection, number)
        read = list(zip(*(table.column(c).to_pylist() for c in ("post_id", "depth")), strict=True))
        assert read == walked(threads[number])
        depths |= {depth for _, depth in read}
    assert max(depths) > 2


def test_people_are_letters_within_their_thread(talk: Talk) -> None:
    table = thread(talk.connection, 20)
    assert table.column_names == [
        *("post_id", "parent_id", "depth", "kind", "created_at", "voice", "title", "text")
    ]
    said = {post.post_id: post for post in talk.posts}
    letters: dict[str | None, str | None] = {}
    for row in sorted(table.to_pylist(), key=lambda row: row["created_at"]):
        key = said[row["post_id"]].author_key
        expected = None if key is None else chr(ord("A") + len(set(letters) - {None}))
        assert row["voice"] == letters.setdefault(key, expected)
    assert len(letters) > 3


@pytest.mark.parametrize(("n_people", "last"), [(26, "Z"), (28, "AB"), (703, "AAA")])
def test_letters_go_on_as_the_columns_of_a_sheet(n_people: int, last: str) -> None:
    study = Study()
    study.add_posts(n_people, authors=n_people, threads=1)
    voices = thread(study.connection, 1000).column("voice").to_pylist()
    assert len(set(voices)) == n_people
    assert last in voices
    assert all(len(voice) <= len(last) for voice in voices)


def test_posts_that_answer_each_other_are_shown_and_what_is_not_there_is_empty() -> None:
    study = Study()
    study.add_posts(1, thread_id=7, author_key=author(1))
    study.add_posts(1, thread_id=7, parent_id=3)
    study.add_posts(1, thread_id=7, parent_id=2)
    table = thread(study.connection, 7)
    assert table.column("post_id").to_pylist() == [1, 2, 3]
    assert table.column("depth").to_pylist() == [0, 0, 0]
    assert thread(study.connection, 8).num_rows == 0
