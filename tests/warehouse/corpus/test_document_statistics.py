"""Statistics of documents against counts in plain Python."""

from collections import defaultdict
from datetime import UTC, datetime
from statistics import mean, median

from tests.warehouse.invented import Study


def test_posts_and_tokens_are_counted_by_source_community_and_month() -> None:
    study = Study()
    texts = ["we waited", "hope", "peers help on the ward", "", "sent by a machine"]
    for number in range(40):
        text = texts[number % 5]
        study.add_posts(1, text=text, automated=text.startswith("sent"))
    study.sql(
        "UPDATE posts SET community = CASE post_id % 3 WHEN 0 THEN 'a' ELSE 'b' END,"
        " created_at = make_timestamptz(2026, 1 + (post_id % 2)::INT, 31 - 3 * (post_id % 2)::INT,"
        " 23, 59, 0), duplicate_of = CASE WHEN post_id IN (6, 12) THEN 1 END"
    )
    study.index()
    expected: dict[tuple[str, int], list[list[int]]] = defaultdict(list)
    rows = study.sql("SELECT community, created_at, n_words, automated, duplicate_of FROM posts")
    for community, at, n_words, automated, original in rows:
        cell = expected[community, at.astimezone(UTC).month]
        spoken = not automated and original is None and n_words > 0
        cell.append([automated, not automated and original is not None, spoken, n_words])
    found = study.sql(
        "SELECT community, month, n_posts, n_automated, n_duplicates, n_spoken, n_tokens,"
        " mean_tokens, median_tokens FROM document_statistics"
    )
    assert len(found) == len(expected) == 4
    for community, month, *figures in found:
        cell = expected[community, month.month]
        words = [n for _, _, spoken, n in cell if spoken]
        assert figures == [
            len(cell),
            sum(row[0] for row in cell),
            sum(row[1] for row in cell),
            len(words),
            sum(words),
            mean(words),
            median(words),
        ]


def test_a_month_ends_at_midnight_utc() -> None:
    study = Study()
    study.add_posts(2, text="hope")
    study.index()
    moments = [datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    for post_id, at in enumerate(moments, 1):
        study.sql("UPDATE posts SET created_at = ? WHERE post_id = ?", at, post_id)
    months = study.sql("SELECT month::VARCHAR, n_posts FROM document_statistics ORDER BY 1")
    assert months == [("2026-01-01", 1), ("2026-02-01", 1)]
