"""What goes into a project for qualitative analysis: posts of a release, codes and codings.

A coding of a person stands under the coder's label, one by an older version of the codebook under
that label and version, since the code meant something else then. The classifier is a user of its
own. It codes a post where the probability of a frame reaches that frame's threshold; the
probabilities of all frames stand in the note of the post. That somebody coded a post and saw none
of the codes is a code too: without it, it could not be told from a post that nobody coded.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.release.refi_qda import Code, CodedPost, Coding

NO_CODE = "none_of_these"
_EXPRESSED = 0.5  # of a person's coding: 1 is expressed, 0 is not

# A post's place in the draw hangs on its number and the seed alone: a larger sample holds the
# smaller one, and an erasure changes no other place.
_DRAWN = """
SELECT post_id, source, community, thread_id, kind,
       (created_at AT TIME ZONE 'UTC')::DATE AS day, own_text,
       coalesce(country, '') AS country, coalesce(role, '') AS role
FROM posts JOIN (
    SELECT post_id FROM qda_posts
    WHERE NOT $coded OR post_id IN (
        SELECT post_id FROM codings UNION ALL SELECT post_id FROM adjudications)
    ORDER BY hash(xor(hash(post_id), hash($seed::BIGINT))), post_id LIMIT $n
) USING (post_id) LEFT JOIN communities USING (source, community)
ORDER BY post_id
"""
_FRAMES = """
SELECT frame, arg_max(name, codebook_version) AS name, arg_max(family, codebook_version) AS family,
       arg_max(definition, codebook_version) AS definition,
       arg_max(coalesce(includes, []), codebook_version) AS includes,
       arg_max(coalesce(excludes, []), codebook_version) AS excludes,
       max(codebook_version) AS codebook_version
FROM frames LEFT JOIN frame_guides USING (frame, codebook_version)
GROUP BY frame ORDER BY arg_max(position, codebook_version) NULLS LAST, frame
"""
_CODINGS = """
SELECT post_id, 'Coder ' || coder AS user, codebook_version, frame,
       arg_max(value, coded_at) AS value, max(coded_at) AS at
FROM codings JOIN qda_posts USING (post_id) JOIN (
    SELECT post_id, coder, max(codebook_version) AS codebook_version FROM codings GROUP BY ALL
) USING (post_id, coder, codebook_version)
GROUP BY ALL
UNION ALL
SELECT post_id, 'Adjudicated', codebook_version, frame, arg_max(value, decided_at), max(decided_at)
FROM adjudications JOIN qda_posts USING (post_id) GROUP BY ALL
ORDER BY ALL
"""
_SCORES = """
SELECT post_id, frame, probability, classifier FROM frame_scores JOIN qda_posts USING (post_id)
ORDER BY post_id, probability DESC, frame
"""


def draw_posts(
    connection: duckdb.DuckDBPyConnection,
    post_ids: NDArray[np.int64],
    *,
    n: int,
    seed: int,
    coded: bool = False,
) -> pa.Table:
    """Return up to `n` of some posts, drawn by `seed`; with `coded`, of those that people coded.

    Returns
    -------
    pyarrow.Table
        post_id, source, community, thread_id, kind, day, own_text, country, role.
    """
    asked = {"n": n, "seed": seed, "coded": coded}
    return _of_posts(connection, post_ids, _DRAWN, asked)


def read_codes(
    connection: duckdb.DuckDBPyConnection, thresholds: Mapping[str, float | None]
) -> list[Code]:
    """Return the codes of the codebook, each by its newest version.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        To the controlled release.
    thresholds : mapping
        From which probability on the classifier codes each frame; None where it never does.
    """
    frames = connection.execute(_FRAMES).to_arrow_table().to_pylist()
    newest = max((row["codebook_version"] for row in frames), default=0)
    codes = [
        Code(
            key=row["frame"],
            name=row["name"],
            family=row["family"],
            description=_described(row, newest, thresholds),
        )
        for row in frames
    ]
    none = Code(
        key=NO_CODE,
        name="None of these",
        family="coded",
        description="A person coded the post and saw none of the codes listed here.",
    )
    return [*codes, none]


def read_classifier(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the name of the classifier whose scores are released; None where there are none."""
    row = connection.execute("SELECT max(classifier) FROM frame_scores").fetchone()
    return row[0] if row else None


def coded_posts(
    connection: duckdb.DuckDBPyConnection,
    posts: Sequence[Mapping[str, Any]],
    *,
    codes: Sequence[Code],
    thresholds: Mapping[str, float | None],
) -> list[CodedPost]:
    """Return drawn posts with what people and the classifier said of them, by these codes alone.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        To the controlled release.
    posts : sequence of mappings
        Rows as `draw_posts` returns them, their texts as they are to leave.
    codes : sequence of Code
        As `read_codes` returns them, or some of these.
    thresholds : mapping
        As for `read_codes`; without any, the classifier codes nothing and no note is made.
    """
    wanted = {code.key for code in codes}
    ids = np.array([post["post_id"] for post in posts], dtype=np.int64)
    codings = _by_people(
        _of_posts(connection, ids, _CODINGS).to_pylist(), wanted, _newest(connection)
    )
    notes: dict[int, str] = {}
    if thresholds:
        scores = _of_posts(connection, ids, _SCORES).to_pylist()
        notes = _by_machine(scores, wanted, thresholds, codings)
    return [
        CodedPost(
            post_id=post["post_id"],
            source=post["source"],
            community=post["community"],
            thread_id=post["thread_id"],
            kind=post["kind"],
            day=post["day"],
            text=post["own_text"],
            country=post["country"],
            role=post["role"],
            codings=tuple(codings.get(post["post_id"], ())),
            note=notes.get(post["post_id"], ""),
        )
        for post in posts
    ]


def _by_people(
    rows: Iterable[Mapping[str, Any]], wanted: set[str], newest: int
) -> defaultdict[int, list[Coding]]:
    said: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["frame"] in wanted:
            older = row["codebook_version"] != newest
            by = f"{row['user']} (codebook {row['codebook_version']})" if older else row["user"]
            said.setdefault((row["post_id"], by), []).append(row)
    codings: defaultdict[int, list[Coding]] = defaultdict(list)
    for (post_id, user), values in said.items():
        seen = [row for row in values if row["value"] > _EXPRESSED]
        codings[post_id] += [Coding(user=user, code=row["frame"], at=row["at"]) for row in seen]
        if not seen:
            last = max(row["at"] for row in values)
            codings[post_id].append(Coding(user=user, code=NO_CODE, at=last))
    return codings


def _by_machine(
    rows: Iterable[Mapping[str, Any]],
    wanted: set[str],
    thresholds: Mapping[str, float | None],
    codings: defaultdict[int, list[Coding]],
) -> dict[int, str]:
    """Add the classifier's codings to those of people; return the note of each post."""
    notes: dict[int, str] = {}
    for row in rows:
        if row["frame"] not in wanted:
            continue
        post_id, probability = row["post_id"], row["probability"]
        user = f"Frame classifier {row['classifier']} (machine)"
        notes.setdefault(post_id, f"{user}:")
        notes[post_id] += f" {row['frame']} {probability:.2f};"
        least = thresholds.get(row["frame"])
        if least is not None and probability >= least:
            codings[post_id].append(Coding(user=user, code=row["frame"]))
    return {post_id: note.rstrip(";") for post_id, note in notes.items()}


def _described(
    frame: Mapping[str, Any], newest: int, thresholds: Mapping[str, float | None]
) -> str:
    parts = [frame["definition"]]
    for title in ("includes", "excludes"):
        parts += [f"{title.capitalize()}: {'; '.join(frame[title])}"] if frame[title] else []
    version = frame["codebook_version"]
    gone = "" if version == newest else f", not in version {newest}"
    parts.append(f"Codebook version {version}{gone}.")
    least = thresholds.get(frame["frame"])
    parts += [] if least is None else [f"The classifier codes it from probability {least:.2f} on."]
    return "\n".join(parts)


def _newest(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT coalesce(max(codebook_version), 0) FROM frames").fetchone()
    return int(row[0]) if row else 0


def _of_posts(
    connection: duckdb.DuckDBPyConnection,
    post_ids: NDArray[np.int64],
    query: str,
    values: Mapping[str, object] | None = None,
) -> pa.Table:
    connection.register("qda_posts", pa.table({"post_id": post_ids}))
    try:
        return connection.execute(query, dict(values or {}) or None).to_arrow_table()
    finally:
        connection.unregister("qda_posts")
