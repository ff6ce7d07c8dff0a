"""What the controlled release holds: an explicit allow-list of tables, columns and rows.

A withheld post is in no release, nor is anything that hangs on it: tokens, topics, scores, draws,
codings, its thread's title. Nor are tokens of a superseded text whose post is not indexed again
yet. Threads, words and their numbers are therefore counted anew from what is released.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from warehouse.protection.allowed import PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Columns of a released table, the SQL that they are taken from, and the order of the rows.

    Columns that are `looked_up` row by row are not compressed, so that one is read without others.
    """

    columns: tuple[str, ...]
    rows: str
    order: tuple[str, ...]
    looked_up: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """Return the query over the warehouse that gives the released rows."""
        return f"SELECT {', '.join(self.columns)} FROM {self.rows}"


_SHOWN = "(SELECT post_id FROM posts WHERE NOT withheld)"

# An edited post is not indexed, and its number of words unknown, until its new text is.
_INDEXED = "(SELECT post_id FROM posts WHERE NOT withheld AND n_words IS NOT NULL)"

# The title is that of the earliest opening post that is released: the stored one may be a withheld
# post's, or one that has been edited since.
_THREADS = """(
    SELECT thread_id, threads.source, threads.community,
           coalesce(arg_min(posts.title, (posts.created_at, post_id))
                    FILTER (posts.kind = 'post' AND posts.title <> ''), '') AS title,
           min(posts.created_at) AS started_at, max(posts.created_at) AS last_post_at,
           count(*) AS n_posts, any_value(expected) AS expected
    FROM threads JOIN posts USING (thread_id)
    LEFT JOIN thread_locators USING (thread_id)
    WHERE NOT posts.withheld
    GROUP BY thread_id, threads.source, threads.community
)"""

# In the order of words rather than of numbers: a query begins with a word.
_WORDS = """(
    SELECT word_id, word, used.n, used.n_spoken FROM words JOIN (
        SELECT word_id, count(*) AS n, count(*) FILTER (is_spoken) AS n_spoken
        FROM token_stream JOIN (
            SELECT post_id, NOT automated AND duplicate_of IS NULL AS is_spoken FROM posts
            WHERE NOT withheld AND n_words IS NOT NULL
        ) AS shown USING (post_id)
        GROUP BY word_id
    ) AS used USING (word_id)
    ORDER BY word
)"""

# By position rather than by post, which the places do not name: these are the few that stay here.
_PLACES = f"""(
    FROM token_places ANTI JOIN (
        FROM dead_tokens
        UNION ALL
        SELECT unnest(range(first_g, first_g + n_tokens)) FROM indexed
        WHERE post_id NOT IN {_INDEXED}
    ) AS hidden USING (g)
)"""


def _of_posts(table: str, *columns: str, order: tuple[str, ...]) -> Released:
    return Released(
        columns=columns, rows=f"{table} WHERE post_id IN {_SHOWN}", order=("post_id", *order)
    )


def _whole(table: str, *columns: str, order: tuple[str, ...]) -> Released:
    return Released(columns=columns, rows=table, order=order)


_PUBLIC_ROWS = {"examples": "examples WHERE approved_by IS NOT NULL AND withdrawn_on IS NULL"}

# Views that the release carries as the warehouse has them.
VIEWS = ("tokens", "duplicate_families", "document_statistics")

CONTROLLED: Mapping[str, Released] = MappingProxyType(
    {
        "sources": _whole(
            "sources",
            *("source", "platform", "licence", "terms_note", "ethics_ref"),
            *("one_post_per_person", "first_harvest", "last_harvest"),
            order=("source",),
        ),
        "posts": Released(
            columns=(
                *("post_id", "source", "community", "thread_id", "parent_id", "kind"),
                *("author_key", "created_at", "edited_at", "harvested_at", "title", "text"),
                *("own_text", "language", "n_words", "revision", "text_version"),
                *("duplicate_of", "automated"),
            ),
            rows="posts WHERE NOT withheld",
            order=("post_id",),
        ),
        "threads": Released(
            columns=(
                *("thread_id", "source", "community", "title", "started_at", "last_post_at"),
                *("n_posts", "expected"),
            ),
            rows=_THREADS,
            order=("thread_id",),
        ),
        "tombstones": _whole(
            "tombstones",
            *("post_id", "source", "community", "reason", "first_missed_at", "confirmed_at"),
            order=("post_id",),
        ),
        "runs": _whole(
            "runs",
            *("run_id", "flow", "started_at", "finished_at", "status", "version", "error"),
            order=("started_at", "run_id"),
        ),
        "harvests": _whole(
            "harvests",
            *("run_id", "source", "community", "activity", "expected", "fetched", "new"),
            *("edited", "gone", "dropped", "drops", "gaps", "requests", "not_modified"),
            *("throttled_seconds", "status", "error", "evidence", "cut_threads", "decisions"),
            order=("run_id", "source", "community", "activity"),
        ),
        "coverage": _whole(
            "coverage",
            *("source", "community", "day", "status", "n_posts"),
            order=("source", "community", "day"),
        ),
        "words": Released(
            columns=("word_id", "word", "n", "n_spoken"),
            rows=_WORDS,
            order=("word_id",),
            looked_up=("word",),
        ),
        "token_posts": Released(
            columns=("post_id", "first_g", "n_tokens"),
            rows=f"token_posts WHERE post_id IN {_INDEXED} ORDER BY first_g",
            order=("first_g", "post_id"),
        ),
        "token_stream": Released(
            columns=("g", "post_id", "word_id"),
            rows=f"token_stream WHERE post_id IN {_INDEXED} ORDER BY g",
            order=("g",),
        ),
        "token_places": Released(
            columns=("run", "word_id", "g"), rows=_PLACES, order=("run", "word_id", "g")
        ),
        "post_topics": _of_posts(
            "post_topics",
            *("model", "post_id", "topic_id", "weight"),
            order=("model", "topic_id"),
        ),
        "topic_posts": Released(
            columns=("model", "post_id", "topic_id", "explained"),
            rows=f"topic_posts WHERE is_counted AND post_id IN {_SHOWN}",
            order=("post_id", "model"),
        ),
        "topic_versions": _whole(
            "topic_versions",
            *("model", "version", "day", "kind", "accepted", "score", "reason", "n_posts"),
            "digest",
            order=("day", "model", "version", "kind", "accepted"),
        ),
        "topic_terms": _whole(
            "topic_terms",
            *("model", "version", "topic_id", "terms", "weights"),
            order=("model", "version", "topic_id"),
        ),
        "topic_moves": _whole(
            "topic_moves",
            *("model", "version", "from_model", "from_topic", "topic_id", "n_posts"),
            order=("model", "version", "from_model", "from_topic", "topic_id"),
        ),
        "topic_names": _whole(
            "topic_names", "topic_id", "label", "note", "named_on", order=("topic_id",)
        ),
        "draws": _of_posts(
            "draws",
            *("post_id", "wave", "pool", "stratum", "inclusion_probability", "drawn_on", "state"),
            order=("wave",),
        ),
        "codings": _of_posts(
            "codings",
            *("post_id", "frame", "coder", "value", "codebook_version", "wave", "coded_at"),
            order=("frame", "coder", "wave", "codebook_version"),
        ),
        "assignments": _of_posts(
            "assignments",
            *("post_id", "coder", "wave", "sheet", "assigned_on"),
            order=("coder", "assigned_on", "sheet"),
        ),
        "skips": _of_posts(
            "skips",
            *("post_id", "coder", "wave", "reason", "skipped_at"),
            order=("coder", "wave"),
        ),
        "coding_notes": _of_posts(
            "coding_notes", "post_id", "coder", "note", "noted_at", order=("coder",)
        ),
        "adjudications": _of_posts(
            "adjudications",
            *("post_id", "frame", "value", "decided_by", "codebook_version", "decided_at"),
            order=("frame", "codebook_version"),
        ),
        "draw_counts": _whole(
            "draw_counts",
            *("wave", "pool", "stratum", "drawn_on", "n_posts", "n_expected", "n_drawn"),
            "seed",
            order=("wave", "pool", "stratum"),
        ),
        "draw_chances": _of_posts(
            "draw_chances", "post_id", "wave", "inclusion_probability", order=("wave",)
        ),
        "codebooks": _whole(
            "codebooks",
            *("codebook_version", "name", "language", "notes", "digest", "recorded_on"),
            order=("codebook_version",),
        ),
        "frame_guides": _whole(
            "frame_guides",
            *("codebook_version", "frame", "position", "includes", "excludes", "sources"),
            *("plain", "examples", "counts_from"),
            order=("codebook_version", "position"),
        ),
        "frame_scores": _of_posts(
            "frame_scores",
            *("run_id", "post_id", "frame", "probability", "classifier"),
            order=("frame", "run_id"),
        ),
        "series_levels": _whole(
            "series_levels",
            *("run_id", "series", "frame", "source", "community", "bin", "period"),
            *("level", "lower", "upper", "change_probability"),
            order=("run_id", "series", "frame", "source", "community", "bin", "period"),
        ),
        "exports": _whole(
            "exports",
            *("who", "what", "n_rows", "sha256", "exported_at"),
            order=("exported_at", "sha256"),
        ),
        "subcorpora": _whole("subcorpora", "name", "definition", "sha256", order=("name",)),
        **{
            table: Released(
                columns=columns.public,
                rows=_PUBLIC_ROWS.get(table, table),
                order=(("run_id",) if "run_id" in columns.public else ()) + columns.order,
            )
            for table, columns in PUBLIC.items()
        },
    }
)
