"""The released corpus macros against counting by hand."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.warehouse.invented import Study
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

WORDS = [
    "help",
    "wait",
    "list",
    "care",
    "we",
    "ask",
    "for",
    "again",
    "don't",
    "\N{TEACUP WITHOUT HANDLE}",
]
RARE = ["garden", "budget", "tribunal"]
LATE = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
PEOPLE = "NOT automated AND duplicate_of IS NULL AND own_text <> ''"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    study = Study()
    rng = random.Random(4)
    for number in range(160):
        community = ("carers", "rights")[number % 2]
        words = WORDS + ([RARE[0]] if community == "carers" else RARE[1:])
        study.add_posts(
            1,
            text=" ".join(rng.choices(words, k=rng.randrange(1, 30))),
            community=community,
            created_at=LATE + timedelta(days=number % 70, minutes=20 * (number % 3)),
            source=("forum", "blog")[number % 3 == 0],
        )
    study.add_posts(5, text="help " * 9, automated=True)
    study.add_posts(5, text="help wait", duplicate_of=1)
    study.add_posts(1, text="")
    study.add_posts(3, text="help me in another place", community="elsewhere")
    study.index()
    path = publish_controlled(study.connection, Home(tmp_path_factory.mktemp("home"))).path
    study.connection.close()
    study.connection = duckdb.connect(path, read_only=True)
    yield study
    study.connection.close()


def texts(study: Study, where: str = "true") -> list[tuple[str, datetime, list[str]]]:
    rows = study.sql(
        f"SELECT community, created_at, own_text FROM posts WHERE {PEOPLE} AND {where}"
    )
    return [(community, at.astimezone(UTC), text.split()) for community, at, text in rows]


def ask(study: Study, sql: str) -> dict[Any, tuple[Any, ...]]:
    rows = study.sql(sql)
    by_first = {row[0]: row[1:] for row in rows}
    assert len(by_first) == len(rows)
    return by_first


@pytest.mark.parametrize("span", [1, 3, 5])
def test_collocates_are_the_places_near_the_word(study: Study, span: int) -> None:
    near: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    posts: defaultdict[str, set[int]] = defaultdict(set)
    for number, (_, _, cut) in enumerate(texts(study)):
        everywhere.update(cut)
        nodes = [place for place, token in enumerate(cut) if token == "help"]
        for place, token in enumerate(cut):
            if token != "help" and any(abs(place - node) <= span for node in nodes):
                near[token] += 1
                posts[token].add(number)
    expected = {
        token: (
            n,
            everywhere[token],
            len(posts[token]),
            pytest.approx(14 + math.log2(2 * n / (everywhere["help"] + everywhere[token]))),
        )
        for token, n in near.items()
    }
    assert len(expected) > len(WORDS)
    assert ask(study, f"FROM collocates('Help', span := {span})") == expected
    if span == 5:
        assert ask(study, "FROM collocates('help')") == expected
    strengths = [row[0] for row in study.sql("SELECT log_dice FROM collocates('help')")]
    assert strengths == sorted(strengths, reverse=True)


def first_day(day: date, bin_: str) -> date:
    return day.replace(day=1) if bin_ == "month" else day - timedelta(days=day.weekday())


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
@pytest.mark.parametrize("bin_", ["month", "week"])
def test_a_trend_counts_days_of_utc_and_periods_without_the_word(
    study: Study, bin_: str, zone: str
) -> None:
    sums: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for _, at, cut in texts(study):
        hits = cut.count("budget")
        for place, value in enumerate((hits, len(cut), hits > 0, 1)):
            sums[first_day(at.date(), bin_)][place] += value
    expected = {
        period: (n, n_tokens, pytest.approx(1e6 * n / n_tokens), n_with, n_posts)
        for period, (n, n_tokens, n_with, n_posts) in sums.items()
    }
    study.sql(f"SET TimeZone = '{zone}'")
    assert ask(study, f"FROM word_trend('budget', bin := '{bin_}')") == expected
    if bin_ == "month":
        assert ask(study, "FROM word_trend('BUDGET')") == expected


def test_a_word_that_nobody_says_has_no_collocates_and_a_trend_of_zeros(study: Study) -> None:
    assert study.sql("FROM collocates('unheard')") == []
    assert {row[1] for row in study.sql("FROM word_trend('unheard')")} == {0}


def test_keyness_is_the_log_likelihood_and_the_log_ratio(study: Study) -> None:
    counts = {side: Counter[str]() for side in ("carers", "rights")}
    posts = {side: Counter[str]() for side in ("carers", "rights")}
    for community, _, cut in texts(study, "community <> 'elsewhere'"):
        counts[community].update(cut)
        posts[community].update(set(cut))
    c, d = (side.total() for side in counts.values())
    expected = {}
    for token in counts["carers"] | counts["rights"]:
        a, b = counts["carers"][token], counts["rights"][token]
        parts = (
            observed * math.log(observed / (size * (a + b) / (c + d)))
            for observed, size in ((a, c), (b, d))
            if observed
        )
        expected[token] = (
            *(a, b, posts["carers"][token], posts["rights"][token]),
            pytest.approx(1e6 * a / c),
            pytest.approx(1e6 * b / d),
            pytest.approx(2 * sum(parts), abs=1e-9),
            pytest.approx(math.log2((max(a, 0.5) / c) / (max(b, 0.5) / d))),
        )
    assert ask(study, "FROM keyness('carers', 'rights')") == expected
    top = study.sql("SELECT key_word, log_ratio > 0 FROM keyness('carers', 'rights') LIMIT 3")
    assert dict(top) == {"garden": True, "budget": False, "tribunal": False}


def test_keyness_against_a_community_that_is_not_there_is_empty(study: Study) -> None:
    assert study.sql("FROM keyness('carers', 'nowhere')") == []


def test_every_macro_says_what_it_gives(study: Study) -> None:
    comments = ask(
        study,
        "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal",
    )
    assert set(comments) == {"kwic", "collocates", "word_trend", "keyness"}
    assert all(comment for (comment,) in comments.values())
