"""Concordance lines of hits, against cutting the posts' words by hand."""

import random

import duckdb
import pyarrow as pa
import pytest

from tests.warehouse.invented import Study
from warehouse.corpus import stream
from warehouse.corpus.lines import read_lines

WORDS = ["help", "wait", "list", "care", "we", "ask", "for", "again"]


@pytest.fixture(scope="module")
def study() -> Study:
    study = Study()
    rng = random.Random(5)
    for number in range(90):
        text = " ".join(rng.choices(WORDS, k=rng.randrange(1, 25)))
        study.add_posts(1, text=text, community=("carers", "board")[number % 2])
    study.index()
    return study


def drawn_hits(study: Study, n: int) -> pa.Table:
    """Return hits of one to three words anywhere in the posts, in no order."""
    rng = random.Random(6)
    rows = study.sql("SELECT post_id, first_g, n_tokens FROM token_posts ORDER BY post_id")
    hits = []
    for _ in range(n):
        post_id, first_g, n_tokens = rng.choice(rows)
        length = rng.randrange(1, min(3, n_tokens) + 1)
        start = rng.randrange(n_tokens - length + 1)
        hits.append({"post_id": post_id, "first_g": first_g + start, "n_tokens": length})
    return pa.Table.from_pylist(hits)


def cut_by_hand(study: Study, hits: pa.Table, width: int) -> list[tuple[object, ...]]:
    texts = dict(study.sql("SELECT post_id, own_text FROM posts"))
    firsts = dict(study.sql("SELECT post_id, first_g FROM token_posts"))
    cut = []
    for hit in hits.to_pylist():
        tokens = texts[hit["post_id"]].split()
        start = hit["first_g"] - firsts[hit["post_id"]]
        stop = start + hit["n_tokens"]
        sides = (tokens[max(0, start - width) : start], tokens[start:stop], tokens[stop:])
        parts = (sides[0], sides[1], sides[2][:width])
        cut.append((hit["post_id"], *(" ".join(part) for part in parts)))
    return cut


@pytest.mark.parametrize("width", [0, 2, 8, 100])
@pytest.mark.parametrize("tokens_a_post", [0, 10**9], ids=["by post", "whole column"])
def test_lines_come_in_the_order_of_the_hits_and_never_leave_their_post(
    study: Study, width: int, tokens_a_post: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_TOKENS_A_POST", tokens_a_post)
    hits = drawn_hits(study, 150)
    table = read_lines(study.connection, hits, width=width)
    assert table.column_names == [
        *("post_id", "source", "community", "created_at", "left_context", "node", "right_context")
    ]
    read = [
        (row["post_id"], row["left_context"], row["node"], row["right_context"])
        for row in table.to_pylist()
    ]
    assert read == cut_by_hand(study, hits, width)


def test_lines_tell_where_and_when_their_posts_stand(study: Study) -> None:
    hits = drawn_hits(study, 40)
    table = read_lines(study.connection, hits)
    rows = study.sql("SELECT post_id, source, community, created_at FROM posts")
    posts = {row[0]: row for row in rows}
    for row in table.to_pylist():
        assert tuple(row.values())[:4] == posts[row["post_id"]]


def test_no_hits_are_no_lines(study: Study) -> None:
    table = read_lines(study.connection, drawn_hits(study, 3).slice(0, 0))
    assert table.num_rows == 0
    assert table.schema.field("node").type == pa.string()


def test_a_stream_out_of_order_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_BATCH", 2_048)
    rows = list(range(10_000))
    for swapped in (None, 0, 2_047, 2_048, 9_998):
        places = rows.copy()
        if swapped is not None:
            places[swapped : swapped + 2] = reversed(places[swapped : swapped + 2])
        with duckdb.connect() as connection:
            connection.register("given", pa.table({"g": places}))
            connection.execute("CREATE TABLE token_stream AS FROM given")
            assert stream.lies_in_order(connection) is (swapped is None)
