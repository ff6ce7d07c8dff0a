"""Queries in a part of the Corpus Query Language: sequences of words, with gaps and alternatives.

`parser` reads a query to its `tree`, `words` looks up which words it means, `plan` chooses the
rarest of them to begin at, `compiler` writes one SQL statement over the token tables, and `engine`
runs it. The language and its strategies are told in docs/corpus.md.
"""

from warehouse.corpus.cql.engine import (
    Drawn,
    HitCounts,
    absent,
    by_post,
    compile_query,
    count,
    draw,
    find,
)
from warehouse.corpus.cql.errors import CqlError
from warehouse.corpus.cql.parser import MOST_GROUPS, MOST_WORDS, parse
from warehouse.corpus.cql.tree import Strategy

__all__ = [
    "MOST_GROUPS",
    "MOST_WORDS",
    "CqlError",
    "Drawn",
    "HitCounts",
    "Strategy",
    "absent",
    "by_post",
    "compile_query",
    "count",
    "draw",
    "find",
    "parse",
]
