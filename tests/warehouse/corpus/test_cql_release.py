"""Queries of a release whose index has gaps: posts were edited, withheld, deleted, copied."""

import pytest

from tests.warehouse.corpus.invented_queries import chosen, spans
from tests.warehouse.corpus.talk import COMMON, RARE, SELDOM, Said, Talk
from warehouse.corpus.cql import find
from warehouse.corpus.population import Population

LETTERS = dict(zip((*COMMON, *SELDOM, *RARE), "abcdefghijklmnopqrstuvw", strict=False))


def expression(query: str) -> str:
    """Return a query of plain and quoted words and gaps as an expression over letters."""
    for word, letter in LETTERS.items():
        query = query.replace(f'"{word}"', letter)
    return query.replace("[]", ".").replace(" ", "")


@pytest.mark.parametrize(
    "query",
    [
        '"recovery" []{0,3} "help"',
        '"the" []{0,5} "wait"',
        '("ombudsman" | "allotment" "the"?)+',
        '"we"+ ("wait" | "help" "again") []? "care"',
    ],
)
@pytest.mark.parametrize("duplicates", [False, True])
def test_hits_are_those_of_the_posts_as_they_are_now(
    talk: Talk, query: str, duplicates: bool
) -> None:
    population = Population(where="post_id % 4 = 1", include_duplicates=duplicates)
    found = find(talk.connection, query, population=population).to_pylist()
    firsts = dict(talk.connection.execute("SELECT post_id, first_g FROM token_posts").fetchall())
    hits = {
        (row["post_id"], row["first_g"] - firsts[row["post_id"]], row["n_tokens"]) for row in found
    }
    assert hits == {
        (post.post_id, a, b - a)
        for post in talk.posts
        if post.post_id % 4 == 1 and counts(post, duplicates=duplicates)
        for a, b in chosen(spans(expression(query), lettered(post)), "standard")
    }
    assert hits


def counts(post: Said, *, duplicates: bool) -> bool:
    return not post.automated and (duplicates or post.duplicate_of is None)


def lettered(post: Said) -> str:
    return "".join(LETTERS[word.lower()] for word in post.words)
