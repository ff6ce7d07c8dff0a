"""The posts that measurements of topics read: an archive's, and preprocessed news and papers.

Words are cut as the index cuts them; lines that quote others, and links, are left out. Titles count
as words of a post, as they do of one that was harvested.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.vectorise import document_term_counts
from warehouse.tokeniser import tokens_of

Integers = NDArray[np.int64]

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

_WRITTEN = "replace(concat_ws(chr(10), title, body), '&amp;', '&')"
_OWN = (
    rf"regexp_replace({_WRITTEN}, '(?m)^\s*(>|&gt;).*$|https?://\S+|www\.\S+|&[a-z]+;', ' ', 'g')"
)
_ARCHIVE = """
CREATE TEMP TABLE posts AS
SELECT row_number() OVER (ORDER BY created_at, post_id) - 1 AS row, community,
       created_at::DATE AS day, {tokens} AS tokens
FROM (SELECT *, {own} AS own FROM read_parquet(?))
"""
_TOKENS = "SELECT row, unnest(tokens) AS word FROM posts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Counts (n, n_words) of posts in the order of their days, and the label of each.

    `label` numbers what `labels` names: communities, sections or fields. Without days they are all
    the same.
    """

    counts: csr_array
    words: list[str]
    label: Integers
    labels: list[str]
    day: NDArray[np.datetime64]


def archive_posts(path: Path) -> Posts:
    """Return the posts of a Parquet archive of communities, oldest first."""
    connection = duckdb.connect()
    connection.execute(_ARCHIVE.format(tokens=tokens_of("own"), own=_OWN), [str(path)])
    about = connection.execute("SELECT community, day FROM posts ORDER BY row").to_arrow_table()
    connection.execute(f"CREATE TEMP TABLE tokens AS {_TOKENS}")
    connection.execute(
        "CREATE TEMP TABLE words AS SELECT row_number() OVER (ORDER BY word) - 1 AS word_id, word"
        " FROM (SELECT DISTINCT word FROM tokens)"
    )
    found = connection.execute(
        "SELECT row, word_id FROM tokens JOIN words USING (word) ORDER BY row, word_id"
    ).to_arrow_table()
    words = connection.execute("SELECT word FROM words ORDER BY word_id").fetchall()
    labels, label = np.unique(about["community"].to_numpy(), return_inverse=True)
    counts = document_term_counts(
        np.arange(about.num_rows), found["row"].to_numpy(), found["word_id"].to_numpy()
    ).counts
    return Posts(
        counts=counts,
        words=[word for (word,) in words],
        label=label.astype(np.int64),
        labels=labels.tolist(),
        day=about["day"].to_numpy().astype("datetime64[D]"),
    )


def preprocessed_posts(path: Path) -> Posts:
    """Return the texts of a preprocessed corpus: text, split and label, separated by tabs."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    number: dict[str, int] = {}
    tokens = [
        (post, number.setdefault(word, len(number)))
        for post, row in enumerate(rows)
        for word in row[0].split()
    ]
    labels, label = np.unique([row[2] for row in rows], return_inverse=True)
    return Posts(
        counts=document_term_counts(range(len(rows)), *zip(*tokens, strict=True)).counts,
        words=list(number),
        label=label.astype(np.int64),
        labels=labels.tolist(),
        day=np.zeros(len(rows), dtype="datetime64[D]"),
    )
