"""Statistics of an opened release against the same posts counted by hand."""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable
from datetime import date

import numpy as np
import pytest
from scipy import stats

from analysis.corpus.bundles import BundleRule
from flows.corpus import Corpus
from flows.corpus.company import TimesRefused
from flows.corpus.contrast import ContrastRefused
from tests.flows.corpus.conftest import COMMUNITIES, WORDS, Post, Release


def n_of(posts: Iterable[Post], word: str) -> int:
    return sum(post.words.count(word) for post in posts)


def n_words(posts: Iterable[Post]) -> int:
    return sum(len(post.words) for post in posts)


def with_word(posts: Iterable[Post], word: str) -> list[Post]:
    return [post for post in posts if word in post.words]


def windows(posts: Iterable[Post], node: str, reach: range) -> list[list[str]]:
    """Return for each post the words at these distances from a node, each place once."""
    found = []
    for post in posts:
        nodes = {at for at, word in enumerate(post.words) if word == node}
        places = {at + far for at in nodes for far in reach} - nodes
        found.append([post.words[at] for at in sorted(places) if 0 <= at < len(post.words)])
    return found


# Collocates


@pytest.mark.parametrize(
    ("side", "reach"), [("both", range(-3, 4)), ("left", range(-3, 0)), ("right", range(1, 4))]
)
def test_collocates_are_the_words_in_windows(
    corpus: Corpus, release: Release, side: str, reach: range
) -> None:
    posts = release.spoken("carers", "peers")
    table = corpus.collocates(
        "service",
        span=3,
        side=side,
        least=1,
        within="source = 'forum'",  # type: ignore[arg-type]
    )
    cut = windows(posts, "service", reach)
    near = Counter(word for words in cut for word in words)
    rows = {row["word"]: row for row in table.to_pylist()}
    assert {word: row["n_near"] for word, row in rows.items()} == dict(near)
    n_node, total = n_of(posts, "service"), n_words(posts)
    for word, row in rows.items():
        n = n_of(posts, word)
        assert row["n"] == n
        assert row["n_posts"] == sum(word in words for words in cut)
        expected = sum(near.values()) * n / total
        assert row["expected"] == pytest.approx(expected)
        assert row["log_dice"] == pytest.approx(14 + math.log2(2 * near[word] / (n_node + n)))
        assert row["mi3"] == pytest.approx(math.log2(near[word] ** 3 / expected))
    scores = table["log_dice"].to_pylist()
    assert scores == sorted(scores, reverse=True)


def test_log_likelihood_of_a_collocate_is_that_of_the_two_by_two_table(
    corpus: Corpus, release: Release
) -> None:
    posts = release.spoken()
    (row,) = (
        row
        for row in corpus.collocates("peer", span=2, order="log_likelihood").to_pylist()
        if row["word"] == "support"
    )
    cut = windows(posts, "peer", range(-2, 3))
    span, near = sum(map(len, cut)), sum(words.count("support") for words in cut)
    n, total = n_of(posts, "support"), n_words(posts)
    table = [[near, span - near], [n - near, total - span - n + near]]
    oracle = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert row["log_likelihood"] == pytest.approx(oracle.statistic)


def test_a_query_has_collocates_too(corpus: Corpus, release: Release) -> None:
    rows = corpus.collocates("peer support", span=1, side="right", least=1).to_pylist()
    expected: Counter[str] = Counter()
    for post in release.spoken():
        pairs = [
            at for at in range(len(post.words)) if post.words[at : at + 2] == ["peer", "support"]
        ]
        covered = {at for pair in pairs for at in (pair, pair + 1)}
        nexts = {pair + 2 for pair in pairs} - covered
        expected.update(post.words[at] for at in nexts if at < len(post.words))
    assert {row["word"]: row["n_near"] for row in rows} == dict(expected)


def test_collocates_that_are_rare_near_the_node_are_left_out(corpus: Corpus) -> None:
    every = corpus.collocates("value", least=1)["n_near"].to_pylist()
    least = sorted(every)[len(every) // 2]
    kept = corpus.collocates("value", least=least)["n_near"].to_pylist()
    assert sorted(kept) == sorted(n for n in every if n >= least)
    assert 0 < len(kept) < len(every)


# Shift


def test_a_shift_compares_the_windows_of_two_times(corpus: Corpus, release: Release) -> None:
    earlier, later = ("2026-01-01", "2026-03-01"), (date(2026, 3, 1), date(2026, 6, 1))
    table = corpus.shift("we", earlier, later, span=2, least=1)
    times = [
        [post for post in release.spoken() if (post.day < date(2026, 3, 1)) is first]
        for first in (True, False)
    ]
    cut = [windows(posts, "we", range(-2, 3)) for posts in times]
    sizes = [sum(map(len, each)) for each in cut]
    for row in table.to_pylist():
        word = row["word"]
        near = [sum(words.count(word) for words in each) for each in cut]
        assert [row["n_near_earlier"], row["n_near_later"]] == near
        having = [sum(word in words for words in each) for each in cut]
        assert [row["n_posts_earlier"], row["n_posts_later"]] == having
        dice = [
            14 + math.log2(2 * n / (n_of(posts, "we") + n_of(posts, word)))
            for n, posts in zip(near, times, strict=True)
        ]
        assert [row["log_dice_earlier"], row["log_dice_later"]] == pytest.approx(dice)
        ratio = math.log2(near[1] / sizes[1] / (near[0] / sizes[0]))
        assert row["log_ratio"] == pytest.approx(ratio)
        assert row["lower"] < ratio < row["upper"]
    assert set(table["word"].to_pylist()) == set(WORDS) - {"we"}


@pytest.mark.parametrize(
    "times",
    [
        (("2026-03-01", "2026-02-01"), ("2026-04-01", "2026-05-01")),
        (("2026-01-01", "2026-04-02"), ("2026-04-01", "2026-05-01")),
        (("January", "2026-02-01"), ("2026-04-01", "2026-05-01")),
    ],
)
def test_times_that_cannot_be_compared_are_refused(
    corpus: Corpus, times: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    with pytest.raises(TimesRefused):
        corpus.shift("we", *times)


# Keyness


def test_key_words_carry_the_counts_and_measures_of_both_sides(
    corpus: Corpus, release: Release
) -> None:
    table = corpus.keyness("role = 'carers'", side="both", least=1, draws=100)
    target, reference = release.spoken("carers"), release.spoken("peers", "allies")
    assert set(table["word"].to_pylist()) == set(WORDS)
    for row in table.to_pylist():
        word = row["word"]
        n = [n_of(target, word), n_of(reference, word)]
        sizes = [n_words(target), n_words(reference)]
        assert [row["n_target"], row["n_reference"]] == n
        posts = [len(with_word(target, word)), len(with_word(reference, word))]
        assert [row["n_posts_target"], row["n_posts_reference"]] == posts
        even = [size * sum(n) / sum(sizes) for size in sizes]
        surety = 2 * sum(seen * math.log(seen / mean) for seen, mean in zip(n, even, strict=True))
        assert row["log_likelihood"] == pytest.approx(surety)
        ratio = math.log2(n[0] / sizes[0] / (n[1] / sizes[1]))
        assert row["log_ratio"] == pytest.approx(ratio)
        assert row["lower"] < ratio < row["upper"]
        assert row["per_million_target"] == pytest.approx(1e6 * n[0] / sizes[0])
    surest = [abs(value) for value in table["log_likelihood"].to_pylist()]
    assert surest == sorted(surest, reverse=True)


def test_q_values_are_those_of_benjamini_and_hochberg(corpus: Corpus) -> None:
    table = corpus.keyness("role = 'carers'", side="both", least=1, draws=0)
    p = stats.chi2.sf(table["log_likelihood"].to_numpy(), 1)
    expected = stats.false_discovery_control(p, method="bh")
    assert table["q_value"].to_pylist() == pytest.approx(expected.tolist())


def test_q_values_by_people_are_adjusted_for_every_word_that_was_counted(corpus: Corpus) -> None:
    every = corpus.keyness("role = 'carers'", side="both", least=1, draws=0, words=1000)
    first = corpus.keyness("role = 'carers'", side="both", least=1, draws=0, words=3)
    q = every["q_clustered"].to_numpy()
    assert (q > every["q_value"].to_numpy()).all()  # people and threads are fewer than words
    assert (first["q_clustered"].to_numpy() >= q[:3]).all()
    surest = every["log_likelihood"].to_numpy().argmin()
    assert q[surest] == q.max()


def test_bounds_are_of_a_bootstrap_by_seed_or_of_a_closed_form(corpus: Corpus) -> None:
    drawn, again, other = (
        corpus.keyness("role = 'carers'", words=5, draws=100, seed=seed) for seed in (1, 1, 2)
    )
    closed = corpus.keyness("role = 'carers'", words=5, draws=0)
    assert drawn.equals(again)
    assert not drawn.equals(other)
    for name in ("lower", "upper"):
        gap = np.abs(drawn[name].to_numpy() - closed[name].to_numpy())
        assert gap.max() < 0.5
    assert drawn.drop_columns(["lower", "upper"]).equals(closed.drop_columns(["lower", "upper"]))


def test_a_side_has_its_own_words(corpus: Corpus) -> None:
    target = corpus.keyness("role = 'carers'", least=1, draws=0)
    reference = corpus.keyness("role = 'carers'", least=1, draws=0, side="reference")
    assert min(target["log_ratio"].to_pylist()) > 0 > max(reference["log_ratio"].to_pylist())
    assert "service" in target["word"].to_pylist()
    assert "peer" in reference["word"].to_pylist()
    by_ratio = corpus.keyness("role = 'carers'", least=1, draws=0, order="log_ratio", words=2)
    assert by_ratio["word"].to_pylist() == ["wait", "service"]


def test_a_named_reference_is_another_selection(corpus: Corpus, release: Release) -> None:
    table = corpus.keyness("role = 'carers'", "role = 'movement'", least=1, draws=0)
    peers = corpus.keyness(
        "role = 'carers'", within="role <> 'service_users' -- carers and allies", least=1, draws=0
    )
    assert table.equals(peers)
    (row,) = (row for row in table.to_pylist() if row["word"] == "wait")
    assert row["n_reference"] == n_of(release.spoken("allies"), "wait")


def test_copies_count_on_both_sides_or_on_none(corpus: Corpus, release: Release) -> None:
    carers = corpus.population("role = 'carers'", duplicates=True)
    every = corpus.keyness(carers, side="both", least=1, draws=0)
    people = [post for post in release.posts if not post.automated]
    for row in every.to_pylist():
        sides = [
            [post for post in people if (post.community == "carers") is is_target]
            for is_target in (True, False)
        ]
        assert [row["n_target"], row["n_reference"]] == [n_of(side, row["word"]) for side in sides]
    within = corpus.population(duplicates=True)
    assert every.equals(
        corpus.keyness("role = 'carers'", within=within, side="both", least=1, draws=0)
    )


def test_sides_that_share_posts_or_have_none_are_refused(corpus: Corpus, release: Release) -> None:
    n = len(release.spoken("carers"))
    with pytest.raises(ContrastRefused, match=f"{n} posts are in the target and in the reference"):
        corpus.keyness("role = 'carers'", "country = 'GB'")
    for target, reference in (("false", None), ("true", None), ("role = 'carers'", "role = 'x'")):
        with pytest.raises(ContrastRefused, match="both need some"):
            corpus.keyness(target, reference)


# Trend and dispersion


def test_a_trend_has_every_month_and_nothing_where_nothing_was_said(
    corpus: Corpus, release: Release
) -> None:
    posts = release.spoken("carers")
    found = corpus.timeline("service", within="community = 'carers'")
    rows = found.periods.to_pylist()
    assert [row["period"] for row in rows] == [date(2026, month, 1) for month in range(1, 6)]
    for row in rows:
        held = [post for post in posts if post.day.month == row["period"].month]
        assert (row["n"], row["n_tokens"]) == (n_of(held, "service"), n_words(held))
        assert (row["n_posts_with"], row["n_posts"]) == (len(with_word(held, "service")), len(held))
        if held:
            rate = 1e6 * row["n"] / row["n_tokens"]
            assert row["per_million"] == pytest.approx(rate)
            assert row["lower"] < rate < row["upper"]
    march = rows[2]
    assert (march["n_tokens"], march["per_million"], march["lower"]) == (0, None, None)
    (change,) = found.change.to_pylist()
    assert change["lower"] < change["ratio_per_period"] < change["upper"]
    assert corpus.trend("service", within="community = 'carers'").equals(found.periods)


def test_a_period_says_how_much_of_it_was_harvested(corpus: Corpus) -> None:
    rows = corpus.trend("service").to_pylist()
    assert [row["share_complete"] for row in rows] == [None, 0.75, None, None, None]
    assert [row["gaps"] for row in rows] == [None, 7, None, None, None]
    (year,) = corpus.trend("service", bin="year").to_pylist()
    assert (year["share_complete"], year["gaps"]) == (pytest.approx(21 / 365), 7)


@pytest.mark.parametrize("bin_", ["week", "year"])
def test_other_bins_hold_the_same_occurrences(corpus: Corpus, release: Release, bin_: str) -> None:
    rows = corpus.trend("peer support", bin=bin_).to_pylist()  # type: ignore[arg-type]
    months = corpus.trend("peer support").to_pylist()
    assert sum(row["n"] for row in rows) == sum(row["n"] for row in months) > 0
    assert sum(row["n_posts"] for row in rows) == len(release.spoken())
    first = date(2026, 1, 1) if bin_ == "year" else min(post.day for post in release.spoken())
    assert rows[0]["period"] <= first < date.fromordinal(rows[0]["period"].toordinal() + 366)
    assert bin_ == "year" or all(row["period"].weekday() == 0 for row in rows)


def test_dispersion_is_of_posts_threads_communities_and_people(
    corpus: Corpus, release: Release
) -> None:
    posts = release.spoken()
    parts = {
        "post": lambda post: post.post_id,
        "thread": lambda post: post.thread_id,
        "community": lambda post: post.community,
        "author": lambda post: post.author,
    }
    rows = {row["part"]: row for row in corpus.dispersion("wait").to_pylist()}
    assert list(rows) == list(parts)
    for part, of in parts.items():
        known = [post for post in posts if of(post) is not None]
        groups: dict[object, list[Post]] = {}
        for post in known:
            groups.setdefault(of(post), []).append(post)
        n, total = n_of(known, "wait"), n_words(known)
        dp = sum(abs(n_of(each, "wait") / n - n_words(each) / total) for each in groups.values())
        row = rows[part]
        assert (row["n"], row["n_parts"]) == (n, len(groups))
        assert row["n_parts_with"] == sum(bool(with_word(each, "wait")) for each in groups.values())
        assert row["dp"] == pytest.approx(dp / 2)
    assert len(COMMUNITIES) == rows["community"]["n_parts"]


# Sequences


def grams(posts: Iterable[Post], n: int) -> dict[str, list[Post]]:
    found: dict[str, list[Post]] = {}
    for post in posts:
        for at in range(len(post.words) - n + 1):
            found.setdefault(" ".join(post.words[at : at + n]), []).append(post)
    return found


def test_ngrams_are_counted_within_posts(corpus: Corpus, release: Release) -> None:
    posts = release.spoken("peers", "allies")
    rows = corpus.ngrams(2, least=3, within="role IN ('service_users', 'movement')").to_pylist()
    expected = {gram: held for gram, held in grams(posts, 2).items() if len(held) >= 3}
    assert {row["ngram"]: row["n"] for row in rows} == {g: len(h) for g, h in expected.items()}
    for row in rows:
        held = expected[row["ngram"]]
        assert row["per_million"] == pytest.approx(1e6 * len(held) / n_words(posts))
        assert row["n_posts"] == len({post.post_id for post in held})
        assert row["n_authors"] == len({post.author for post in held} - {None})
        assert row["n_communities"] == len({post.community for post in held})


def test_bundles_are_sequences_of_many_people_that_are_no_pieces(
    corpus: Corpus, release: Release
) -> None:
    posts = release.spoken()
    rule = BundleRule(per_million=900, min_posts=3, min_authors=3)
    least = 900 * n_words(posts) / 1e6
    counted = {n: grams(posts, n) for n in (2, 3, 4)}
    often = {n: {g: h for g, h in each.items() if len(h) >= least} for n, each in counted.items()}
    expected = set()
    for n in (2, 3):
        for gram, held in often[n].items():
            people = {post.author for post in held} - {None}
            longer = [g for g, h in often[n + 1].items() if len(h) == len(held)]
            is_piece = any(g.startswith(f"{gram} ") or g.endswith(f" {gram}") for g in longer)
            if len({p.post_id for p in held}) >= 3 and len(people) >= 3 and not is_piece:
                expected.add(gram)
    found = corpus.bundles(2, 3, rule=rule)
    assert set(found["ngram"].to_pylist()) == expected
    assert len(expected) > 5
    stricter = dataclasses.replace(rule, min_authors=8)
    assert set(corpus.bundles(2, 3, rule=stricter)["ngram"].to_pylist()) < expected


def test_what_stands_nowhere_has_no_rows_and_no_figures(corpus: Corpus) -> None:
    for node in ("coproduction", '"peer" "coproduction"'):
        assert corpus.kwic(node).num_rows == 0
        assert corpus.collocates(node).num_rows == 0
        assert corpus.sample(node).num_rows == 0
        assert corpus.count(node)["n_hits"].to_pylist() == [0]
        assert set(corpus.trend(node)["n"].to_pylist()) == {0}
        assert set(corpus.dispersion(node)["dp"].to_pylist()) == {None}
        times = ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-05-01")
        assert corpus.shift(node, *times).num_rows == 0
    assert corpus.ngrams(6, least=1000).num_rows == 0
    assert corpus.bundles(rule=BundleRule(per_million=1e5, min_posts=1)).num_rows == 0
    for method in (corpus.trend, corpus.dispersion, corpus.collocates):
        assert method("peer", within="false").num_rows in {0, 4}
